"""Every route as everybody: nothing is told that the permission matrix does not give them.

A story is told over HTTP, and then each GET of the OpenAPI description, but for the ledger's, is asked by each role: of the case and
across cases. What is answered is searched for the words of the case, each of which is of a kind; the matrix itself, and not the policies
made from it, says whether that kind is theirs.
"""

from __future__ import annotations

import asyncio
import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from application.policy.kinds import KINDS, about
from application.policy.matrix import MATRIX, readings
from application.policy.membership import membership
from application.rehearsal import Rehearsal, rehearse
from application.scenario import read_scenario
from domain.fields import leaves
from domain.people import ROLES, By
from domain.recorded import Recorded
from interfaces import databases, wiring
from interfaces.cli.over_http import OverHttp
from interfaces.databases import Databases
from interfaces.local_postgres import LocalPostgres
from interfaces.publishing import publish_now
from tests.interfaces.served import served

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

STORIES = Path(__file__).parents[2] / "stories"
TOLD = ("practice-review-to-the-last-recommendation", "conflicts-of-interest")
SHORTEST = 12
ANOTHER = "0" * 64
MADE_AT_LENGTH = ("/case-file", ".xlsx", "/replay")
"""What takes its time is asked once for all who are the same on the case."""

STANDS_FOR = {
    "facilitator": "designated-health-practitioner",
    "deputy": "delegated-partner",
    "acting-business-manager": "business-manager",
}
"""The row of a capacity that the events of a case make somebody."""

BESIDE: Mapping[str, Mapping[str, str]] = {
    "hears-the-challenge": {"decisions": "P"},
    "owes-a-recommendation": {"review-drafts": "O"},
    "neighbour": {"notification": "P", "rapid-review": "P", "decisions": "P"},
}
"""What the notes below the matrix add to its rows."""


Source = tuple[str, Recorded]
"""Where words are from: their kind, and the entry."""

Words = Mapping[str, Sequence[Source]]


@dataclass(frozen=True)
class Case:
    """A case as it was told, with its words by what they are."""

    id: str
    history: Sequence[Recorded]
    words: Words
    names: Words


@dataclass(frozen=True)
class Somebody:
    """Whoever asks, by the header of a rehearsal, and as the register knows them."""

    text: str
    by: By


@dataclass(frozen=True)
class Told:
    """A store in which a story was told, and the service over it."""

    url: str
    cases: Sequence[Case]
    people: Sequence[Somebody]


@pytest.fixture(scope="module", params=TOLD)
def told(request: pytest.FixtureRequest, practice_server: LocalPostgres) -> Iterator[Told]:
    scenario = read_scenario(STORIES / f"{request.param}.yaml")
    with databases.throw_away(practice_server, "rehearsal") as places:
        asyncio.run(_adopted(places, scenario.calendar))
        with served(places) as url:
            cases = asyncio.run(_rehearsed(scenario, url))
            publish_now(places)
            named = {str(step.by) for step in scenario.steps if step.by}
            yield asyncio.run(_told(places, url, cases, named))


async def _adopted(places: Databases, calendar: Any) -> None:
    async with wiring.Service(places) as service:
        await wiring.adopt(service, calendar=calendar, at=wiring.BEGINNING)


async def _rehearsed(scenario: Any, url: str) -> list[str]:
    async with OverHttp(url) as world:
        rehearsal = Rehearsal(scenario, world)
        await rehearse([rehearsal])
        return [*rehearsal.told.cases.values()]


async def _told(places: Databases, url: str, cases: Sequence[str], named: set[str]) -> Told:
    async with wiring.Service(places) as service:
        found = []
        for case in cases:
            history = await service.store.history(f"case/{case}")
            fields = await service.store.bodies(f"case/{case}", history)
            found.append(Case(case, history, *_words(history, fields)))
        outsiders = {f"{role}/health/Nobody in particular" for role in ROLES}
        neighbours = {
            f"{role}/health/From next door/bury" for role in ("business-manager", "delegated-partner", "lead-partner", "scrutineer")
        }
        people = []
        for text in sorted(named | outsiders | neighbours):
            role, organisation, _, partnership = (*text.split("/"), "", "", "")[:4]
            if role == "delegated-partner" and not organisation:
                continue
            person = await service.register.rehearsed(text)
            by = By(person=person, role=role, organisation=organisation or None, partnership=partnership or "bolton")
            people.append(Somebody(text, by))
        return Told(url, found, people)


def _words(history: Sequence[Recorded], fields: Mapping[int, Mapping[str, Any]]) -> tuple[Words, Words]:
    """Each text long enough to be no other's, with the kind and the entry it is of; and the names in them."""
    at = {recorded.place: recorded for recorded in history}
    words: dict[str, list[Source]] = {}
    names: dict[str, list[Source]] = {}
    for recorded in history:
        for leaf in leaves(recorded.event):
            value: Any = fields[recorded.place]
            for step in leaf.path.split("."):
                value = value[int(step)] if isinstance(value, list) else (value or {}).get(step)
            if not isinstance(value, str) or value == "[erased]":
                continue
            source = (KINDS.of_field(about(recorded, at).name, leaf.path), recorded)
            if leaf.path.endswith(("name", "contact")) and len(value) > 5:
                names.setdefault(value, []).append(source)
            elif len(value) >= SHORTEST and " " in value:
                words.setdefault(value, []).append(source)
    return words, names


# --- what the matrix says


def ways(somebody: Somebody, case: Case, kind: str) -> frozenset[str]:
    """In which ways the matrix lets them read this kind on this case: by the rows of all that they are on it."""
    member = membership(case.history, somebody.by.person, (somebody.by,))
    if member.conflicted_since or member.removed_since or member.ended_since:
        return frozenset()
    found: set[str] = set()
    for capacity in member.capacities(case.history[-1].at):
        column = MATRIX.column_of(kind)
        if capacity in BESIDE:
            cell = BESIDE[capacity].get(column or "", "")
        elif column is None:
            keeps = STANDS_FOR.get(capacity, capacity) == "business-manager" or kind == "outline"
            cell = "F" if keeps or (kind == "support" and capacity == "participant") else ""
        else:
            cell = MATRIX.row(STANDS_FOR.get(capacity, capacity)).cell(column)
        if kind == "notifier-identity" and "P" in cell:
            cell = ""
        found |= readings(column or "", cell)
    return frozenset(found)


def theirs(somebody: Somebody, case: Case, kind: str, recorded: Recorded, *, name: bool = False) -> bool:
    """Whether the matrix gives them words of this kind, from this entry; a name, not under pseudonyms."""
    allowed = ways(somebody, case, kind)
    if "full" in allowed or ("pseudonymised" in allowed and not name):
        return True
    by, said = somebody.by, str(recorded.event)
    own = by.person in (recorded.by.person, recorded.by.behalf_of) or by.person in said or bool(by.organisation and by.organisation in said)
    return "own" in allowed and (own or kind in ("decisions", "review-drafts"))


# --- asking everything


def routes(url: str, case: Case) -> Iterator[str]:
    """Every GET of the OpenAPI description, about this case where it is about one."""
    described = httpx.get(f"{url}/api/v1/openapi.json", timeout=30).json()
    digests = [*dict.fromkeys(re.findall(r"\b[0-9a-f]{64}\b", " ".join(str(recorded.event) for recorded in case.history)))][:3]
    for path, operations in described["paths"].items():
        if "get" not in operations or not path.startswith("/api/v1/") or "/ledger/" in path:
            continue
        filled = path.replace("{case}", case.id).replace("{code}", "H1").replace("{candidate}", "bolton-H1")
        for digest in digests or [ANOTHER]:
            one = filled.replace("{digest}", digest)
            if "{" not in one:
                yield one
            if one == filled:  # about no document
                break


def read(answer: httpx.Response) -> str:
    """All the text of an answer, that in archives too."""
    if answer.content[:2] != b"PK":
        return answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        return "\n".join(archive.read(name).decode("utf-8", "replace") for name in archive.namelist())


def test_nothing_is_told_that_the_matrix_does_not_give(told: Told):
    too_much: list[str] = []
    answered = 0
    with httpx.Client(base_url=told.url, timeout=60) as client:
        for case in told.cases:
            paths = [*routes(told.url, case)]
            alike: set[tuple[Any, ...]] = set()
            for somebody in told.people:
                as_what = membership(case.history, somebody.by.person, (somebody.by,)).capacities(case.history[-1].at)
                for path in paths:
                    if path.endswith(MADE_AT_LENGTH) and (as_what, path) in alike:
                        continue
                    alike.add((as_what, path))
                    answer = client.get(
                        path + ("?year=2024" if path.endswith("/figures") else ""), headers={"Casetrail-Person": somebody.text}
                    )
                    assert answer.status_code < 500, (somebody.text, path, answer.text)
                    answered += answer.status_code == 200
                    too_much += [f"{somebody.text} {path}: {what}" for what in _beyond(read(answer), somebody, case)]
    assert answered > 100
    assert not too_much, "\n".join(too_much)


def _beyond(said: str, somebody: Somebody, case: Case) -> Iterator[str]:
    """What an answer tells them that is not theirs."""
    words, names = _given(somebody, case)
    for given in words:
        said = said.replace(given, "")  # what is theirs may have other words in it
    for whole, theirs_, what in ((case.words, words, "words"), (case.names, names, "a name")):
        for text, sources in whole.items():
            if text not in theirs_ and text in said:
                yield f"{what} of {sources[0][0]}, entry {sources[0][1].place}, {sources[0][1].name}"


def _given(somebody: Somebody, case: Case) -> tuple[Sequence[str], Sequence[str]]:
    """The words that the matrix gives them, the longest first, and the names."""
    if (known := GIVEN.get((case.id, somebody.text))) is None:
        words = [words for words, sources in case.words.items() if any(theirs(somebody, case, *source) for source in sources)]
        names = [name for name, sources in case.names.items() if any(theirs(somebody, case, *source, name=True) for source in sources)]
        known = GIVEN[case.id, somebody.text] = (sorted(words, key=len, reverse=True), names)
    return known


GIVEN: dict[tuple[str, str], tuple[Sequence[str], Sequence[str]]] = {}


def test_whom_a_case_is_no_business_of_they_cannot_tell_it_from_none(told: Told):
    """The same status, the same bytes, the same headers: for every route about a case."""
    with httpx.Client(base_url=told.url, timeout=60) as client:
        for case in told.cases:
            for somebody in told.people:
                if any(ways(somebody, case, kind) for kind in KINDS.kinds) or _was_on(somebody, case):
                    continue
                for path in (path for path in routes(told.url, case) if f"/cases/{case.id}" in path):
                    there = client.get(path, headers={"Casetrail-Person": somebody.text})
                    none = client.get(path.replace(case.id, "00000000"), headers={"Casetrail-Person": somebody.text})
                    assert (there.status_code, there.content) == (404, none.content), (somebody.text, path)
                    assert _headers(there) == _headers(none), (somebody.text, path)


def _was_on(somebody: Somebody, case: Case) -> bool:
    member = membership(case.history, somebody.by.person, (somebody.by,))
    return bool(member.conflicted_since or member.removed_since or member.ended_since)


def _headers(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name.lower() != "date"}


def test_whoever_is_shut_out_is_told_so_and_no_word_of_the_case(told: Told):
    with httpx.Client(base_url=told.url, timeout=60) as client:
        for case in told.cases:
            for somebody in (one for one in told.people if _was_on(one, case)):
                for path in (path for path in routes(told.url, case) if f"/cases/{case.id}" in path):
                    answer = client.get(path, headers={"Casetrail-Person": somebody.text})
                    assert answer.status_code == (200 if path.endswith("/allowed") else 403), (somebody.text, path)
                    assert not [*_beyond(answer.text, somebody, case)], (somebody.text, path)
