"""What the tracker of themes answers to those who may see cases: figures, what stands behind each, and the rule they are held to."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, TypeVar

from application.policy.across import Across
from application.store.store import Store
from domain.guidance import RecurringTheme
from domain.procedure import Procedure
from domain.themes import CodeSet
from interfaces.boards import Boards
from interfaces.shown_lists import whose
from interfaces.shown_rows import IN_FULL
from projections import candidates as candidate_list
from projections import case_list, theme_spans
from projections import theme_counts as counts
from projections import theme_questions as questions
from projections.asking import Answer
from projections.candidates import Entry, Listed
from projections.paging import AsyncConnection
from projections.periods import Unit, periods
from projections.theme_counts import Asked, Behind, Figures

T = TypeVar("T")
D = TypeVar("D", date, date | None)

RULE = "BOL-36, BOL-37"
Item = dict[str, Any]


@dataclass(frozen=True)
class ThemeAnswers:
    """The questions of one person at one instant, each answered as JSON with the position it is true at.

    `across`: who asks, where it is somebody who is shown only some cases; for an operator at the command line, nobody.
    """

    boards: Boards
    store: Store
    codes: CodeSet
    procedure: Procedure
    across: Across | None = None

    @property
    def rule(self) -> RecurringTheme:
        return self.procedure.recurring_theme

    async def ask(self, question: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """A question to the read model."""
        return await self.boards.answer(question)

    # --- of which cases

    def may(self, case: str, kind: str) -> bool:
        """Whether they may read what a case holds of this kind."""
        return self.across is None or bool(self.across.may(case, kind).ways & IN_FULL)

    def tells_day(self, case: str) -> bool:
        """Whether they may know the very day of an incident: it is of the themes in full, and else of the notification."""
        return self._in_full(case) or self.may(case, "notification")

    def day(self, case: str, day: date) -> Item:
        """The day of an incident, or the month where the day is not theirs to know."""
        return {"day": day.isoformat()} if self.tells_day(case) else {"month": _month(day)}

    def within(self, first: D, last: D) -> tuple[D, D]:
        """The days of incidents that are asked about; whole months, where of any case they may not know the day."""
        if not (first or last) or self.across is None or all(map(self.tells_day, filter(self._reads, self.across.known))):
            return first, last
        return first and first.replace(day=1), last and last.replace(day=monthrange(last.year, last.month)[1])

    def _reads(self, case: str) -> bool:
        return self.may(case, "themes")

    async def of_whose(self, asked: Asked) -> Asked:
        """The same question, of the cases alone whose themes they may read."""
        if self.across is None:
            return asked
        partnership, across = asked.partnership, self.across
        cases = await self.ask(lambda c: case_list.streams(c, partnership=partnership, whose=whose(across, partnership)))
        await across.judge(stream.removeprefix("case/") for stream in cases)
        only = tuple(stream for stream in cases if self._reads(stream.removeprefix("case/")))
        entire = len(only) == len(cases) and across.on_every_case(partnership)
        return replace(asked, only=None if entire else only)

    async def across_borders(self, asked: Asked) -> Asked:
        """The same question of all partnerships: of the cases of one's own, and of those of others that one is on."""
        if self.across is None:
            return replace(asked, partnership=None)
        entire = asked.only is None and asked.partnership is not None
        own = await self.ask(lambda c: case_list.streams(c, partnership=asked.partnership)) if entire else asked.only or ()
        other = await self.of_whose(replace(asked, partnership=None))
        return replace(other, only=None if other.only is None else (*own, *other.only))

    # --- figures

    async def figures(self, asked: Asked) -> Answer[Item]:
        """Every code with a child behind it (QT-1, QT-3, QT-6)."""
        return self._each(await self.ask(lambda connection: counts.figures(connection, asked)), self.figure)

    def figure(self, found: Figures) -> Item:
        """One code, with the three counts side by side."""
        named = self.codes.find(found.code)
        return {
            "partnership": found.partnership, "code": found.code, "name": named.name if named else found.code,
            "children": found.children, "incidents": found.incidents, "notifications": found.notifications,
            "provisional": found.provisional, "confirmed": found.confirmed, **self._days(found), "cases": [*found.cases],
            "recurs": found.recurs(self.rule.children, self.rule.incidents),
        }  # fmt: skip

    async def one(self, asked: Asked, code: str) -> tuple[Item, int]:
        """One code, with its rule and what counts towards it; nought where no child does."""
        groups = counts.by_code(asked.codes, [code], strengths=asked.codes.good_practice(code))
        found = await self.ask(lambda connection: counts.figures(connection, asked, groups))
        figures = found.items[0] if found.items else Figures(asked.partnership or "", code)
        more = {
            "rule": {
                "children": self.rule.children, "incidents": self.rule.incidents, "eligible": self.codes.eligible(code), "source": RULE,
                "procedure": [*self.procedure.names],
            },
            "code_set": self.codes.version,
            "counted": groups.get(code, []),
        }  # fmt: skip
        return self.figure(figures) | more, found.position

    async def behind(self, asked: Asked, code: str, standing: str | None = None) -> Answer[Item]:
        """The cases behind a figure, each with its children and the entries it rests on (QT-1, QT-5, QT-10, QT-12)."""
        found = await self.ask(lambda connection: counts.behind(connection, asked, [code]))
        by_case: dict[str, list[Behind]] = {}
        for one in found.items:
            by_case.setdefault(one.case, []).append(one)
        items = [_case(case, rows, in_full=self._in_full(case), day=self.day(case, rows[0].day)) for case, rows in sorted(by_case.items())]
        return Answer([item for item in items if standing in (None, item["standing"])], found.position, found.fault)

    async def trend(self, asked: Asked, code: str, unit: Unit, first: date, last: date, known_by: datetime) -> Answer[Item]:
        """One code over fixed periods: of the incidents in each; and of all that was known at its end, where it has ended (QT-4)."""
        spans = [*periods(unit, first, last)]
        found = await self.ask(lambda connection: counts.trend(connection, asked, code, [(one.first, one.last) for one in spans]))
        within = dict(found.items)
        ends = [one.end for one in spans if one.end <= known_by]
        groups = counts.by_code(asked.codes, [code])
        known = await self.ask(lambda connection: counts.stock(connection, asked, groups, ends)) if ends else Answer([], found.position)
        by_then = dict(known.items)

        def three(figures: Figures | None) -> Item:
            figures = figures or Figures("", code)
            return {"children": figures.children, "incidents": figures.incidents, "notifications": figures.notifications}

        items = [
            {
                "period": one.name, "from": one.first.isoformat(), "until": one.last.isoformat(), **three(within.get(n)),
                **({"known_at_its_end": three(by_then.get(one.end))} if one.end in ends else {}),
            }
            for n, one in enumerate(spans)
        ]  # fmt: skip
        return Answer(items, min(found.position, known.position), found.fault)

    # --- candidates

    async def candidates(
        self, partnership: str | None, as_of: datetime | None, *, words: bool = True, only: tuple[str, ...] | None = None
    ) -> Answer[Item]:
        """Every candidate ever raised, with what stands behind it, its life and the reasons of its decisions (QT-2)."""
        found = await self.ask(lambda c: candidate_list.candidates(c, self.codes, partnership=partnership, as_of=as_of, only=only))
        if self.across is not None:
            await self.across.judge(case for one in found.items for case in candidate_list.cases_of(one))
        shown = [one for one in found.items if self._shows(one)]
        return Answer([await self._candidate(one, words) for one in shown], found.position, found.fault)

    def _in_full(self, case: str) -> bool:
        return self.across is None or "full" in self.across.may(case, "themes").ways

    def _shows(self, one: Listed) -> bool:
        """A candidate is shown with the cases of it that they may read; one that has none, to whoever is on every case."""
        cases = candidate_list.cases_of(one)
        return any(map(self._reads, cases)) or (not cases and (self.across is None or self.across.on_every_case(one.partnership)))

    async def _candidate(self, one: Listed, words: bool) -> Item:
        cases = candidate_list.cases_of(one)
        reasons = await self._reasons(one) if words and all(map(self._in_full, cases)) else {}
        withheld = frozenset(case for case in cases if not self._reads(case))
        one = candidate_list.without(one, withheld) if withheld else one
        decided = candidate_list.decided_at(one.life)
        return {
            **self.figure(one.figures), "candidate": one.ref, "state": one.state, "round": one.round,
            "raised_by": "rule" if one.by_rule else "partners", "raised_at": one.raised_at.isoformat(),
            "no_longer_three": one.no_longer_three(self.rule.children, self.rule.incidents),
            **({"decided": _entry(decided, reasons)} if decided else {}),
            "history": [_entry(entry, reasons) for entry in one.life],
        }  # fmt: skip

    async def _reasons(self, one: Listed) -> dict[int, Item]:
        """The words of the partners, by place: a reason, in the clear or "[erased]"."""
        spoken = [entry.place for entry in one.life if entry.outcome or entry.raised_by == "partners"]
        if not spoken:
            return {}
        stream = f"candidate/{one.ref}"
        bodies = await self.store.bodies(stream, await self.store.history(stream, upto_place=max(spoken)))
        return {place: {name: bodies[place][name] for name in ("rationale", "because") if bodies[place].get(name)} for place in spoken}

    # --- themes beside other things

    async def panel(self, asked: Asked) -> Answer[Item]:
        """Our themes under the Panel's six, and under what its annual reports singled out (QT-9)."""
        ours = [code for code in self.codes.codes if not self.codes.good_practice(code.code)]
        six = {f"panel-{theme.number}": [c.code for c in ours if self.codes.panel_theme(c.code) == theme] for theme in self.codes.panel}
        lights = {
            f"spotlight-{n}": [*dict.fromkeys(code for counted in light.codes for code in counts.by_code(self.codes, [counted])[counted])]
            for n, light in enumerate(self.codes.spotlights)
        }
        found = await self.ask(lambda connection: counts.figures(connection, asked, six | lights))
        by_group: dict[str, list[Figures]] = {}
        for one in found.items:
            by_group.setdefault(one.code, []).append(one)

        def said(group: str) -> Item:
            return {"figures": [self._three(one) for one in by_group.get(group, [])]}

        items: list[Item] = [
            {"panel": theme.number, "name": theme.name, "codes": six[f"panel-{theme.number}"], **said(f"panel-{theme.number}")}
            for theme in self.codes.panel
        ]
        items += [
            {"spotlight": light.report, "name": light.name, "codes": lights[f"spotlight-{n}"], **said(f"spotlight-{n}")}
            for n, light in enumerate(self.codes.spotlights)
        ]
        return Answer(items, found.position, found.fault)

    async def strengths(self, asked: Asked) -> Answer[Item]:
        """What recurs in Learn from Success, beside the weakness that it mirrors. Good practice is nobody's harm (QT-8)."""
        strong = Asked(asked.codes, asked.partnership, asked.as_of, asked.first, asked.last, strengths=True, only=asked.only)
        good = await self.ask(lambda connection: counts.figures(connection, strong))
        weak = await self.ask(lambda connection: counts.figures(connection, asked))
        harmed = {(one.partnership, one.code): one for one in weak.items}
        items = []
        for one in good.items:
            named = self.codes.find(one.code)
            mirrors = named.mirrors if named else None
            beside = harmed.get((one.partnership, mirrors)) if mirrors else None
            items.append({
                "partnership": one.partnership, "code": one.code, "name": named.name if named else one.code,
                "strengths": {"cases": [*one.cases], "children": one.children, **self._days(one)}, "mirrors": mirrors,
                **({"weaknesses": self._three(beside or Figures(one.partnership, mirrors))} if mirrors else {}),
            })  # fmt: skip
        return Answer(items, min(good.position, weak.position), good.fault)

    async def completeness(self, asked: Asked, has: str, lacks: str) -> Answer[Item]:
        """The cases coded one thing of which nobody has said another (QT-14)."""
        found = await self.ask(lambda connection: questions.lacking(connection, asked, has, lacks))
        return self._each(found, lambda one: {"case": one.case, "label": one.label, "children": [*one.children], "events": [*one.events]})

    async def shared(self, asked: Asked) -> Answer[Item]:
        """The themes that two partnerships see in one incident, each child once (QT-12)."""
        found = await self.ask(lambda connection: questions.shared(connection, asked))
        return self._each(
            found,
            lambda one: {
                "incident": one.incident, "code": one.code, "partnerships": [*one.partnerships], "cases": [*one.cases],
                "children": one.children,
            },
        )  # fmt: skip

    async def busiest(self, first: date, last: date, asked: Asked) -> Answer[Item]:
        """The codes assigned most often for incidents of these days."""
        only = asked.only
        if only is None:
            found = await self.ask(lambda connection: theme_spans.busiest(connection, first, last, partnership=asked.partnership))
        else:
            found = await self.ask(lambda connection: theme_spans.busiest_among(connection, first, last, only))
        return self._each(found, lambda one: {"code": one[0], "assigned": one[1]})

    def _days(self, found: Figures) -> Item:
        """The first and the last day of these incidents; the months alone, where of any case they may not know the day."""
        days = ((name, day) for name, day in (("first", found.first_on), ("last", found.last_on)) if day)
        if all(map(self.tells_day, found.cases)):
            return {name: day.isoformat() for name, day in days}
        return {f"{name}_month": _month(day) for name, day in days}

    def _three(self, found: Figures) -> Item:
        return {
            "partnership": found.partnership, "children": found.children, "incidents": found.incidents,
            "notifications": found.notifications, **self._days(found), "cases": [*found.cases],
        }  # fmt: skip

    @staticmethod
    def _each(found: Answer[T], item: Callable[[T], Item]) -> Answer[Item]:
        return Answer([item(one) for one in found.items], found.position, found.fault)


def _month(day: date) -> str:
    return f"{day:%Y-%m}"


def _case(case: str, rows: Sequence[Behind], *, in_full: bool, day: Item) -> Item:
    """A case behind a figure. Under pseudonyms a child goes by their ref, and is not followed into another case."""
    children: dict[str, list[Behind]] = {}
    for row in rows:
        children.setdefault(row.child, []).append(row)
    first = rows[0]
    return {
        "case": case, "label": first.label, "partnership": first.partnership, "concern": first.concern, "incident": first.incident,
        **day, **({} if first.met is None else {"threshold": "met" if first.met else "not-met"}),
        "standing": _standing(rows),
        "children": [
            {
                "child": child, "counted_as": told[0].one_child if in_full else child, "standing": _standing(told),
                "codes": [one.assigned for one in told],
                "assigned_on": min(one.assigned_on for one in told).isoformat(),
            }
            for child, told in children.items()
        ],
        "events": sorted({event for row in rows for event in row.events}),
    }  # fmt: skip


def _standing(rows: Iterable[Behind]) -> str:
    return "confirmed" if any(row.standing == "confirmed" for row in rows) else "provisional"


def _entry(entry: Entry, reasons: dict[int, Item]) -> Item:
    told: Item = {
        "place": entry.place,
        "position": entry.position,
        "name": entry.name,
        "on": entry.on.isoformat(),
        "at": entry.at.isoformat(),
    }
    for name in ("round", "raised_by", "outcome", "case", "incidents"):
        if (value := getattr(entry, name)) is not None:
            told[name] = value
    if entry.children:
        told["children"] = [{"case": child.case, "child": child.child, "incident": child.incident} for child in entry.children]
    if entry.cause:
        told["because_of"] = {"case": entry.cause.case, "place": entry.cause.place}
    return told | reasons.get(entry.place, {})
