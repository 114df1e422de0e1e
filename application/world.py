"""A store in rehearsal, in this process: what a scenario's steps are asked of."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from application.access import Judged, look
from application.cases import KeyReused, Moved, NoSuchCase
from application.commands import COMMANDS
from application.looking import Looking, Seen
from application.policy.reader_of import reader_of
from application.rehearsal import Answer, digest
from application.tracker import Themes
from domain.language import Refused
from domain.people import PARTNERS, ROLES, By


class InProcess:
    """Asks and looks straight through the door, at the instants that the scenario gives."""

    def __init__(self, looking: Looking, themes: Themes) -> None:
        self.looking = looking
        self.cases = looking.cases
        self.themes = themes

    async def ask(
        self,
        command: str,
        fields: Mapping[str, Any],
        *,
        case: str | None,
        by: str,
        partnership: str,
        at: datetime,
        seen: int | None,
        key: str | None,
    ) -> Answer:
        try:
            asked = COMMANDS[command].model_validate_json(_json(fields))
            done = await self.cases.do(
                asked,
                await self._by(by, partnership),
                stream=f"case/{case}" if case and asked.stream_kind == "case" else None,
                seen=seen,
                key=key,
                path=command,
                at=at.astimezone(UTC),
            )
        except ValidationError as error:
            return Answer(False, "; ".join(f"{'.'.join(map(str, e['loc'])) or command}: {e['msg']}" for e in error.errors()))
        except Refused as error:
            return Answer(False, error.sentence)
        except Moved as error:
            return Answer(False, f"The case has moved on by {len(error.missed)} events since it was shown (412).")
        except KeyReused:
            return Answer(False, "The same step was recorded before with other fields.")
        except NoSuchCase:
            return Answer(False, "There is no such case.")
        await self.themes.follow()
        events = tuple({"name": r.name, "place": r.place, "ref": getattr(r.event, "ref", None)} for r in done.recorded)
        return Answer(True, events=events, case=done.stream.partition("/")[2], again=done.again)

    async def look(self, case: str, *, document: str | None, by: str, partnership: str, at: datetime) -> Answer:
        """As over HTTP, where a case is shown by its overview and its history."""
        if self.cases.looks is None:
            return Answer(False, "Looks are not noted here.")
        stream = f"case/{case}"
        try:
            who = await self._by(by, partnership)
            whole = await self.looking.whole(stream, now=at.astimezone(UTC))
            reader = await reader_of(self.looking, whole, who)
        except Refused as error:
            return Answer(False, error.sentence)
        except NoSuchCase:
            return Answer(False, "There is no such case.")
        if reader.barred is not None:
            return Answer(False, reader.barred)
        seen, judged = whole.part(), Judged(reader.capacity, reader.policies.edition, (), reader.broke_glass)
        if document is not None:
            found = [look(who, "document", streams=(stream,), documents=(digest(document),), position=seen.position, judged=judged)]
        else:
            views = ("overview", "history")
            found = [look(who, view, streams=(stream,), place=seen.place, position=seen.position, judged=judged) for view in views]
        for one in found:
            await self.cases.looks.note(one, at=at.astimezone(UTC))
        return Answer(True)

    async def _by(self, text: str, partnership: str) -> By:
        role, organisation, *_ = (*text.split("/"), None, None)
        if role not in ROLES:
            raise Refused(f"There is no role {role!r}.")
        if role == "delegated-partner" and organisation not in PARTNERS:
            raise Refused("A delegated-partner is of the organisation local-authority, health or police.")
        person = await self.cases.register.rehearsed(text)
        return By(person=person, role=role, organisation=organisation, partnership=partnership)

    async def _see(self, case: str, at: datetime, as_of: datetime | None) -> Seen:
        return await self.looking.see(f"case/{case}", now=at.astimezone(UTC), as_of=as_of.astimezone(UTC) if as_of else None)

    async def clocks(self, case: str, at: datetime, as_of: datetime | None) -> Sequence[Mapping[str, Any]]:
        return self.looking.clocks(await self._see(case, at, as_of))

    async def decisions(self, case: str, at: datetime, as_of: datetime | None) -> Sequence[Mapping[str, Any]]:
        return await self.looking.decisions(await self._see(case, at, as_of))

    async def endorsements(self, case: str, at: datetime, as_of: datetime | None) -> int:
        return self.looking.endorsements(await self._see(case, at, as_of))

    async def event_names(self, case: str, at: datetime, as_of: datetime | None) -> Sequence[str]:
        return [recorded.name for recorded in (await self._see(case, at, as_of)).history]

    async def candidates(self, partnership: str, at: datetime, as_of: datetime | None) -> Sequence[Mapping[str, Any]]:
        return await self.themes.candidates(partnership, as_of=(as_of or at).astimezone(UTC))

    async def tracker(self, partnership: str, code: str, at: datetime, as_of: datetime | None) -> Mapping[str, Any]:
        return await self.themes.figures(partnership, code, as_of=(as_of or at).astimezone(UTC))


def _json(fields: Mapping[str, Any]) -> bytes:
    """As the API would receive it: so that both ways of running a scenario judge the same text."""
    return json.dumps(fields).encode()
