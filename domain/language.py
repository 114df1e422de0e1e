"""The grammar of every stage: what happened (`CaseEvent`), what is asked (`Command`), and how asking is refused.

A stage is a chapter of four kinds of sentence: its state (a small frozen record in `Case`), its events, its commands,
and refusals, which are sentences that somebody will read and that cite their rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self, TypeVar, dataclass_transform

import msgspec
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from domain.personal import Words

if TYPE_CHECKING:
    from domain.asking import Asking
    from domain.case import Case
    from domain.recorded import Recorded

EVENTS: dict[str, type[CaseEvent]] = {}
"""Every event by its stored name."""

COMMANDS: dict[str, type[Command]] = {}
"""Every command by its name."""

State = msgspec.Struct
"""What a stage remembers: subclass with `frozen=True` and a default for every field, so that an untouched stage can be asked."""

T = TypeVar("T")

if TYPE_CHECKING:

    def replace(record: T, /, **changes: Any) -> T:
        """A copy of a record with some fields changed."""
else:
    # records get their kind from a metaclass, which msgspec's own signature does not know
    replace = msgspec.structs.replace


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class _RecordType(msgspec.StructMeta):
    """A frozen record whose fields are given by name, and stand in its stored bytes only where they say something."""

    def __new__(mcs, clsname: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> Any:
        return super().__new__(mcs, clsname, bases or (msgspec.Struct,), namespace, frozen=True, kw_only=True, omit_defaults=True)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class _EventType(_RecordType):
    """Lets an event say its stored name, and the version of its stored shape, where it is declared."""

    def __new__(mcs, clsname: str, bases: tuple[type, ...], namespace: dict[str, Any], *, name: str = "", schema: int = 1) -> Any:
        cls = super().__new__(mcs, clsname, bases, namespace)
        if name:
            if name in EVENTS:
                raise TypeError(f"Two events are stored as {name!r}.")
            EVENTS[name] = cls
            _NAMES[cls] = name, schema
        return cls


_NAMES: dict[type, tuple[str, int]] = {}


class CaseEvent(metaclass=_EventType):
    """Something that happened on a case. Never changed, never re-judged: `apply` remembers and does not refuse.

    `because` is the reason given by whoever asked, on the first event of the asking.
    """

    because: Words | None = None

    @classmethod
    def stored_name(cls) -> str:
        """The name it is stored under: declared on the class, never derived from a module path."""
        return _NAMES[cls][0]

    @classmethod
    def schema_version(cls) -> int:
        """The version of the stored shape; older ones are brought up by `application/store/upcasts.py`."""
        return _NAMES[cls][1]

    def apply(self, case: Case, then: Recorded) -> Case:
        """The case with this remembered. An event that nobody decides upon leaves the case as it is."""
        return case


class Refused(Exception):
    """An answer, not a failure: what was asked cannot be done, in a sentence that cites its rule."""

    def __init__(self, *sentences: str) -> None:
        super().__init__(" ".join(sentences))
        self.sentences = sentences

    @property
    def sentence(self) -> str:
        """All reasons, in the order of the rules."""
        return str(self)

    @property
    def rule(self) -> str | None:
        """The first rule cited, such as `BOL-68`."""
        found = RULE.search(str(self))
        return found.group() if found else None


RULE = re.compile(r"\b(?:BOL|WEB|FACT|BUR|TOOL|X|R|CAL|CLK)-\d+\w?\b")


class NotAllowed(Refused):
    """The asker may not ask this, whatever the case looks like: the rule of the permission matrix."""


NO_CHARACTER = re.compile("[\x00\ud800-\udfff]")


def _without_nul(value: object) -> object:
    if isinstance(value, str) and NO_CHARACTER.search(value):
        raise ValueError("holds a character that no text may hold (NUL or half of a surrogate pair)")
    return value


Prose = Annotated[str, BeforeValidator(_without_nul), StringConstraints(min_length=1, max_length=20_000, pattern=r"\S")]
"""Words of a person: at least one visible character, at most 20,000."""

Spoken = Annotated[str, BeforeValidator(_without_nul), StringConstraints(max_length=20_000)] | None
"""Words that a rule speaks of: left out, null or blank they are refused by that rule, not as malformed."""

Code = Annotated[str, BeforeValidator(_without_nul), StringConstraints(min_length=1, max_length=120, pattern=r"^\S+(?: \S+)*$")]
"""A short plain word: an agency, an area, an organisation, a reference. Stored in the clear, so never a person's name."""

Ref = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,79}$")]
"""What something is called later on, unique within the case. Stored in the clear."""


class OfDocument:
    """Marks a field that names a document by its digest (a rehearsal lets a short word stand for one)."""


Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$"), OfDocument()]
"""Lowercase hexadecimal SHA-256 of the exact bytes of a document."""


class Command(BaseModel):
    """What a person asks. Its fields are well formed when it exists; whether it may happen, the case decides.

    `on` is the day it happened in the world (default: today in London); `because` a reason.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=False)
    name: ClassVar[str] = ""
    stream_kind: ClassVar[str] = "case"

    on: date | None = None
    because: Prose | None = None

    @classmethod
    def __pydantic_init_subclass__(cls, *, name: str = "", **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if name:
            if name in COMMANDS:
                raise TypeError(f"Two commands are called {name!r}.")
            cls.name = name
            COMMANDS[name] = cls

    def __init_subclass__(cls, *, name: str = "", **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)

    @classmethod
    def refusals(cls, case: Case, asking: Asking) -> Iterator[str]:
        """Sentences that refuse this whatever its fields: on them `allowed` is built."""
        yield from ()

    def objections(self, case: Case, asking: Asking) -> Iterator[str]:
        """Sentences that refuse it because of its fields. Asked even where `refusals` already refuse: each rule is named."""
        yield from ()

    def decide(self, case: Case, asking: Asking) -> Iterator[CaseEvent]:
        """What happens. Pure: no clock, no database, no identifier made up inside."""
        raise NotImplementedError(self.name)

    def stream(self) -> str:
        """The stream this is asked of, where it is not asked of a case."""
        raise NotImplementedError(self.name)

    def refers_to(self) -> Iterable[str]:
        """Other streams whose state the decision rests on (`case/…`, `candidate/…`): the door loads them into `asking.elsewhere`."""
        return ()

    def judged(self, case: Case, asking: Asking) -> tuple[CaseEvent, ...]:
        """The events that follow.

        Raises:
            Refused: with every sentence that stands against it.
        """
        refused = tuple(dict.fromkeys([*self.refusals(case, asking), *self.objections(case, asking)]))
        if refused:
            raise Refused(*refused)
        first, *others = self.decide(case, asking)
        if self.because is not None and first.because is None:
            first = replace(first, because=self.because)
        return (first, *others)


class Model(BaseModel):
    """A part of a command with fields of its own."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Part(metaclass=_RecordType):
    """A part of an event with fields of its own."""


def blank(words: str | None) -> bool:
    """Whether nothing was said."""
    return words is None or not words.strip()


def listed(words: Iterable[str]) -> str:
    """`a, b and c`, for sentences."""
    *others, last = [*words] or ["nothing"]
    return f"{', '.join(others)} and {last}" if others else last


def next_ref(kind: str, taken: Iterable[str]) -> str:
    """`<kind>-<n>`, n counted in the case, past any that somebody chose."""
    names = set(taken)
    n = len(names) + 1
    while f"{kind}-{n}" in names:
        n += 1
    return f"{kind}-{n}"


__all__ = [
    "COMMANDS",
    "EVENTS",
    "RULE",
    "CaseEvent",
    "Code",
    "Command",
    "Digest",
    "Field",
    "Model",
    "NotAllowed",
    "OfDocument",
    "Part",
    "Prose",
    "Ref",
    "Refused",
    "Self",
    "Spoken",
    "State",
    "blank",
    "listed",
    "next_ref",
    "replace",
]
