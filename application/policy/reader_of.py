"""Who asks a question about a case: judged before it is answered, by the whole case as it stands now."""

from __future__ import annotations

from collections.abc import Sequence

from application.cases import NoSuchCase
from application.looking import Looking, Whole
from application.policy.at_the_door import Linking
from application.policy.reading import Reader
from domain.people import By


async def reader_of(looking: Looking, whole: Whole, by: By, posts: Sequence[By] = ()) -> Reader:
    """Who asks, as they stand on the case now. `posts` are all they hold (default: the one they act in).

    Whoever was on the case and is shut out knows of it, and is told why: `barred`.

    Raises:
        NoSuchCase: there is none, or none that they may know of. Both cost the same.
    """
    member = await Linking(looking.store).member(whole.history, by, posts or (by,))
    reader = Reader(by, member, whole.present)
    if not (reader.knows and whole.history):
        raise NoSuchCase(whole.stream)
    return reader
