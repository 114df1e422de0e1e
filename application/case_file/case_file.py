"""Making the file of a case: everything that the last checkpoint covers, what ties it to that, and the report.

    made = await CaseFiles(looking, ledger, enclosed).make("case/…", reader, made_on=today)

What is recorded after the checkpoint is not in it, and the file says up to where it goes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from application.case_file import contents
from application.case_file.as_far_as_shown import as_far_as_shown
from application.case_file.bag import bag
from application.case_file.contents import Adoption, InTree, Proved
from application.case_file.disclosing import Disclosed, Reader, disclosed, places_withheld
from application.case_file.report import AsRead, Covered, report
from application.case_file.rules import Rules, rules_of, shapes_of
from application.case_view.absences import absences
from application.case_view.before_them import looks_of, with_what_reached
from application.case_view.clock_items import clock_items
from application.case_view.decisions import decisions
from application.case_view.escalations import escalations
from application.case_view.history import history_items
from application.case_view.overview import overview
from application.case_view.words import place_name, sentence_case
from application.cases import NoSuchCase
from application.ledger.notes import Note
from application.ledger.reading import Ledger, NotInLedger
from application.looking import Looking
from application.store import mapper
from application.store.store import Stored
from domain.case import recall
from domain.clocks import fold_clocks
from domain.stages.opening import IncidentAmended
from domain.working_days import london_date


@dataclass(frozen=True)
class Enclosed:
    """What lies in every case file: a verifier, and the page that says how to check it."""

    verifier: bytes
    page: bytes


@dataclass(frozen=True)
class CaseFile:
    """A case file. `place` is the last place of the case in it, of `recorded` that there are; `position` that of the last event of the
    record that its checkpoint covers."""

    case: str
    place: int
    recorded: int
    position: int
    note: Note
    content: bytes


class NotSignedHere(Exception):
    """The checkpoint is signed by another key than the one that is said to be the log's."""


class NothingShown(Exception):
    """All of the case is withheld from whoever asks."""


class CaseFiles:
    """Makes the files of cases."""

    def __init__(self, looking: Looking, ledger: Ledger, enclosed: Enclosed) -> None:
        self._looking = looking
        self._store = looking.store
        self._ledger = ledger
        self._enclosed = enclosed

    async def make(self, stream: str, reader: Reader, *, made_on: date) -> CaseFile:
        """The file of a case, as its last checkpoint covers it; where witnesses are asked for, the last that counts as witnessed.

        Raises:
            NoSuchCase: there is none.
            NotInLedger: no checkpoint covers any of it yet.
            NotSignedHere: the key that is kept as the log's is another.
            NothingShown: none of its entries is for this reader.
            Broken: words that are not what was committed to.
        """
        everything = await self._store.stored(stream)
        if not everything:
            raise NoSuchCase(stream)
        note, position = await asyncio.to_thread(self._checkpoint)
        log_key = await asyncio.to_thread(self._ledger.key)
        if not note.signed_by(log_key):
            raise NotSignedHere(f"The checkpoint of {note.checkpoint.origin} is not signed by the key that is said to be its: {log_key}.")
        if any(log_key.name == key.name or log_key.public == key.public for key in self._ledger.policy.witnesses):
            raise NotSignedHere("The log itself stands among its witnesses: nobody would count it as one.")
        stored = [one for one in everything if one.position <= position]
        if not stored:
            raise NotInLedger("The case is recorded, but no checkpoint covers any of it yet.")
        withheld = await asyncio.to_thread(places_withheld, stored, reader)
        there = [one for place, one in enumerate(stored, start=1) if place not in withheld]
        if not there:
            raise NothingShown("No entry of this case is for you to read, so there is no file of it to be made.")
        keys = await self._store.keys.get({id_ for one in there for id_ in mapper.body_keys(one.body)})
        history = await asyncio.to_thread(lambda: [*disclosed(there, keys, reader)])
        rules, adoptions = await self._rules(history, position)
        hashes = {place: stored[place - 1].hash for place in sorted(withheld)}
        covered = Covered(note, position, log_key, self._ledger.policy, len(everything) - len(stored), len(stored), hashes)
        shown = await self._shown(history)

        def content() -> bytes:
            proved, supporting = self._proved(stream, stored, adoptions, note.checkpoint.size)
            told = report(self._read(history, covered, shown), history, covered, rules, reader)
            return self._bag(history, covered, proved, supporting, rules, told, made_on)

        case = stream.removeprefix("case/")
        return CaseFile(case, len(stored), len(everything), position, note, await asyncio.to_thread(content))

    def _bag(
        self, history: Sequence[Disclosed], covered: Covered, proved: Proved, supporting: Sequence[Adoption], rules: Rules, told: str,
        made_on: date,
    ) -> bytes:  # fmt: skip
        case, whose, position = proved.stream.removeprefix("case/"), _whose(history), str(covered.position)
        payload = {
            "README.txt": contents.readme(
                case, whose, position, f"{covered.note.checkpoint.at:%Y-%m-%dT%H:%M:%SZ}", covered.places, len(covered.withheld)
            ),
            "verify.py": self._enclosed.verifier,
            "ledger.md": self._enclosed.page,
            "events.jsonl": contents.events(history),
            **({"withheld.jsonl": contents.withheld(covered.withheld)} if covered.withheld else {}),
            "words.jsonl": contents.words(history),
            "proofs.json": contents.proofs(covered.note, proved),
            "checkpoint.txt": covered.note.text.encode(),
            "keys.json": contents.keys(covered.log_key, covered.policy),
            "supporting.jsonl": contents.supporting(supporting),
            **{f"editions/procedures/{edition}.toml": text for edition, text in rules.procedures.items()},
            **{f"editions/calendars/{edition}.json": days for edition, days in rules.calendars.items()},
            **{f"schemas/{name}.json": shape for name, shape in shapes_of(one.recorded for one in history).items()},
            "report.html": told.encode(),
        }
        about = {
            "Source-Organization": sentence_case(whose),
            "External-Identifier": proved.stream,
            "Bagging-Date": made_on.isoformat(),
            "Payload-Oxum": "",
            "Casetrail-Up-To": position,
            **({"Casetrail-Form": "2"} if covered.withheld else {}),
        }
        return bag(case, about, payload)

    # --- what the checkpoint covers, and what shows that it does

    def _checkpoint(self) -> tuple[Note, int]:
        note = self._ledger.checkpoint(witnessed=self._ledger.policy.quorum > 0)
        return note, self._ledger.covered("record", note.checkpoint.size)

    async def _rules(self, history: Sequence[Disclosed], position: int) -> tuple[Rules, list[_Adopted]]:
        """The rules that the events name, and where their adoptions stand."""
        rulebook = self._looking.rulebook
        await rulebook.refresh(now=True)
        rules = rules_of((one.recorded for one in history), (r for r in rulebook.adoptions() if r.position <= position))
        streams = {stream: await self._store.stored(stream) for stream in dict.fromkeys(r.stream for r in rules.adoptions)}
        return rules, [_Adopted(r.stream, r.place, streams[r.stream]) for r in rules.adoptions]

    def _proved(self, stream: str, stored: Sequence[Stored], adoptions: Sequence[_Adopted], size: int) -> tuple[Proved, list[Adoption]]:
        salt, _ = self._ledger.stream(stream)
        head, proof = self._ledger.head(stream, size)
        proved = Proved(stream, salt, [self._in_tree(one.position, size) for one in stored], head, proof.siblings)
        supporting = [
            Adoption(
                one.stream,
                self._ledger.stream(one.stream)[0],
                one.place,
                one.previous,
                one.stored,
                self._in_tree(one.stored.position, size),
            )
            for one in adoptions
        ]
        return proved, supporting

    def _in_tree(self, position: int, size: int) -> InTree:
        index = self._ledger.index("record", position)
        return InTree(index, self._ledger.path("record", index, size))

    # --- the case as it is told to people

    async def _shown(self, history: Sequence[Disclosed]) -> Mapping[str, int]:
        """Up to which place the looks showed the case that its decisions rest on."""
        looks = self._looking.cases.looks
        recorded = [one.recorded for one in history]
        return await looks.places(recorded[0].stream, looks_of(recorded)) if looks else {}

    def _read(self, history: Sequence[Disclosed], covered: Covered, shown: Mapping[str, int]) -> AsRead:
        """Judged on the day of the checkpoint, by the calendars adopted by then; from the entries shown, as if there were no other."""
        recorded = [one.recorded for one in history]
        fields = {one.recorded.place: one.fields() for one in history}
        adoptions = [r for r in self._looking.rulebook.adoptions() if r.position <= covered.position]
        calendars = self._looking.rulebook.calendars()
        calendar = self._looking.rulebook.calendar(as_of=adoptions[-1].at if adoptions else None)
        judged_on = london_date(max(covered.note.checkpoint.at, recorded[-1].at))
        clocks = clock_items(fold_clocks(recorded, adoptions), judged_on, calendars)
        opened = 1 not in covered.withheld  # else there is no incident that an amendment could amend
        told = AsRead(
            overview=overview([one for one in recorded if opened or not isinstance(one.event, IncidentAmended)], fields, judged_on),
            entries=history_items(recorded, fields, calendars),
            decisions=with_what_reached(decisions(recorded, fields), recorded, shown),
            clocks=clocks,
            escalations=escalations(recorded, judged_on, calendar),
            absences=absences(recorded, clocks, judged_on),
            judged_on=judged_on,
        )
        return as_far_as_shown(told) if covered.withheld else told


class _Adopted(NamedTuple):
    """Where an adoption stands in a stream."""

    stream: str
    place: int
    history: Sequence[Stored]

    @property
    def stored(self) -> Stored:
        return self.history[self.place - 1]

    @property
    def previous(self) -> bytes:
        return self.history[self.place - 2].hash if self.place > 1 else bytes(32)


def _whose(history: Sequence[Disclosed]) -> str:
    partnership = recall([one.recorded for one in history]).opening.partnership
    return f"the safeguarding partners of {place_name(partnership or 'england')}"
