"""What a question about a case needs before it is answered: who asks, judged by the whole case as it stands now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from application.cases import NoSuchCase
from application.looking import Looking, Seen
from application.policy.membership import membership, those_that_link_back
from application.policy.on_a_case import Membership
from application.policy.policies import Policies
from application.policy.reading import Reader
from application.policy.shown import Shown
from domain.people import By
from domain.recorded import Recorded


async def shown_to(
    looking: Looking, seen: Seen, by: By, posts: Sequence[By] = (), *, now: datetime | None = None, policies: Policies | None = None
) -> Shown:
    """A case, or what was known of it at an earlier instant or place, as this person is shown it.

    `posts` are all they hold (default: the one they act in). `now` is chosen in a rehearsal only. For the answer: no case where
    `reader.knows` is false; refused with `reader.barred` where that says something; else through the methods of `Shown`.
    """
    at = now or await looking.store.now()
    whole = await looking.cases.history(seen.stream, as_of=now)
    member = await member_of(looking, whole, by, posts or (by,))
    fields = await looking.store.bodies(seen.stream, whole)
    return Shown(Reader(by, member, at, policies), seen.history, fields, whole)


async def member_of(looking: Looking, whole: Sequence[Recorded], by: By, posts: Sequence[By]) -> Membership:
    """What they are on the case. Cases that it links to are read only for somebody of another partnership."""
    found = membership(whole, by.person, posts)
    if all(post.partnership == found.case.partnership for post in posts):
        return found
    others: dict[str, Sequence[Recorded]] = {}
    for linked in found.case.links:
        try:
            others[linked] = await looking.cases.history(f"case/{linked}")
        except NoSuchCase:
            continue
    return membership(whole, by.person, posts, those_that_link_back(whole[0].stream.removeprefix("case/"), others))
