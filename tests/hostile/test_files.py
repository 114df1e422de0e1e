"""Whatever stands in a file that somebody brings: it is read, or refused with a sentence, soon; never anything else."""

from __future__ import annotations

import csv
import io
import random
import re
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from application import scenario
from application.importing import BadImport, read_deeds
from application.scenario import ScenarioError, parse_scenario
from domain import calendars, guidance, procedures, working_days
from domain.guidance import BadProcedure, read_edition
from domain.toml_files import BadToml, read_toml
from domain.working_days import BadCalendar, read_calendar
from interfaces.cli.calendar import read_file
from interfaces.cli.saying import CannotDo
from interfaces.exports.spreadsheet import LONGEST_CELL, as_csv, as_xlsx, in_words
from interfaces.sign_in.claims import ClaimsUnfit, read_claims
from tests.hostile.books import BOMBS

STORIES = sorted(Path(__file__).parents[1].joinpath("stories").rglob("*.yaml"))


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """A machine that does other things as well has some time to spare."""
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds


def mutated(files: list[bytes]) -> st.SearchStrategy[bytes]:
    """A good file of which lines are missing, twice there, cut off, or say something else."""

    @st.composite
    def changed(draw: st.DrawFn) -> bytes:
        lines = draw(st.sampled_from(files)).splitlines(keepends=True)
        for _ in range(draw(st.integers(1, 3))):
            at = draw(st.integers(0, len(lines) - 1))
            key = lines[at].split(b"=")[0].split(b":")[0]
            line = lines[at]
            key, value = re.split(rb"[=:]", line)[0], draw(st.sampled_from(VALUES))
            said = (key + b"= " + value + b"\n", key + b": " + value + b"\n")
            lines[at] = draw(
                st.sampled_from([b"", line * 2, line[: len(line) // 2], b"[" + line, b"? " + line, *said]) | st.binary(max_size=12)
            )
        return b"".join(lines)

    return changed()


VALUES = [
    b"1", b'"x"', b"[]", b"{}", b"[[1]]", b"true", b"1979-05-27", b"1979-99-99", b"1e999", b"nan", b"9" * 5000, b'"\\u0000"', b"-1",
    b"07:32:00",
    b"[" * 3000, b"{a=" * 3000, b"a.b", b"!!python/object:x", b"&a [*a]", b"2023-10-26 99:00", b"0000-00-00", b"\xff", b"~",
]  # fmt: skip


# --- scenarios


@settings(max_examples=60, deadline=None)
@given(mutated([path.read_bytes() for path in STORIES if path.stat().st_size < 6000]))
def test_a_scenario_is_read_or_refused_at_a_line(raw: bytes):
    with suppress(ScenarioError):
        parse_scenario(raw, "noise.yaml")


LAUGHING = "".join(f"? &a{n} [{', '.join([f'*a{n - 1}'] * 9) if n else 'ha'}]\n: 1\n" for n in range(12))


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (LAUGHING, "must be plain text|anchors"),
        (LAUGHING.replace("? ", "- ").replace(": 1\n", ""), "anchors"),
        ("steps: " + "[" * 100_000, "nested deeper"),
        ("steps: " + "{a: " * 100_000, "nested deeper"),
        ("? " * 100_000, "must be plain text|nested"),
        ("steps:\n" + "".join(f"{' ' * n}-\n" for n in range(300)), "nested deeper|YAML"),
        ("steps: [1]\n---\nsteps: [1]\n", "second document|YAML"),
        ("steps: [{at: 2023-01-01, by: x, do: y, with: {? [a] : 1}}]", "must be plain text"),
    ],
    ids=lambda told: told[:20].strip(),
)
def test_a_scenario_that_means_harm_is_refused_soon(raw: str, words: str):
    with within(20), pytest.raises(ScenarioError, match=words):
        parse_scenario(raw.encode(), "harm.yaml")


def test_a_scenario_is_no_larger_than_a_history(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(scenario, "MOST_VALUES", 1000)
    with pytest.raises(ScenarioError, match="more than 1,000 values"):
        parse_scenario(b"steps: [" + b"a," * 2000 + b"]", "long.yaml")


def test_a_number_beyond_all_numbers_stays_text():
    (step,) = parse_scenario(b"steps: [{at: 2023-01-01, by: x, do: y, with: {a: 1e999, b: -1e999, c: 1e3}}]", "x").steps
    assert step.fields == {"a": "1e999", "b": "-1e999", "c": 1000.0}


# --- procedures, calendars, claims: TOML


def shipped(package: object) -> list[bytes]:
    return [path.read_bytes() for path in sorted(Path(next(iter(package.__path__))).glob("*.toml"))]  # type: ignore[attr-defined]


@settings(max_examples=60, deadline=None)
@given(mutated(shipped(procedures)))
def test_a_procedure_is_read_or_refused_with_its_row(raw: bytes):
    with suppress(BadProcedure):
        read_edition("x.toml", raw)


@settings(max_examples=60, deadline=None)
@given(mutated(shipped(calendars)))
def test_a_calendar_is_read_or_refused_with_its_row(raw: bytes):
    with suppress(BadCalendar):
        read_calendar("x.toml", raw.decode("latin-1"))


@pytest.mark.parametrize("name", ["x.toml", "x.csv"])
def test_a_calendar_to_be_adopted_is_read_or_refused(name: str, tmp_path: Path):
    @settings(max_examples=60, deadline=None)
    @example(b"2026-12-25," + b"x" * 200_000)
    @example(b'2026-12-25,"\x00"')
    @given(mutated([b'source = "x"\nholidays = ["2026-12-25"]\n', b"2026-12-25,Christmas\n2026-12-28\n"]))
    def read(raw: bytes) -> None:
        (tmp_path / name).write_bytes(raw)
        with suppress(CannotDo):
            read_file(tmp_path / name, "e", "s")

    read()


@pytest.mark.parametrize("name", ["x.toml", "x.json"])
def test_claims_are_read_or_refused(name: str, tmp_path: Path):
    row = b'"claim": "g", "values": ["a"], "role": "business-manager", "partnership": "bolton"'
    good = b'{"post": [{%s}]}' % row if name.endswith("json") else b"[[post]]\n" + row.replace(b", ", b"\n").replace(b":", b" =")

    @settings(max_examples=60, deadline=None)
    @example(b'{"post": ' + b"[" * 100_000)
    @example(b"1" * 5000)
    @given(mutated([good]))
    def read(raw: bytes) -> None:
        (tmp_path / name).write_bytes(raw)
        with suppress(ClaimsUnfit):
            read_claims(tmp_path / name)

    (tmp_path / name).write_bytes(good)
    assert read_claims(tmp_path / name).post
    read()


@pytest.mark.parametrize(
    "text", ["a=" + "[" * 100_000, "a=" + "{a=" * 100_000, "a=" + "9" * 5000, "a" + ".a" * 300_000 + "=1", "[a" + " . 'a'" * 100_000 + "]",
             "x" * 500_000, '"' * 300_001, "a." * 31 + '"' + "a" * 400_000]
)  # fmt: skip
def test_toml_that_means_harm_is_refused_soon(text: str):
    with within(10), pytest.raises(BadToml):
        read_toml(text)


def test_keys_of_some_parts_are_read():
    assert read_toml("a.b.'c d'.\"e\" = 1") == {"a": {"b": {"c d": {"e": 1}}}}
    assert guidance.EDITIONS
    assert working_days.SHIPPED


# --- spreadsheets that come in


@pytest.mark.parametrize("name", [*BOMBS])
def test_a_sheet_that_means_harm_is_refused_soon(name: str, tmp_path: Path):
    (tmp_path / "book.xlsx").write_bytes(BOMBS[name])
    with within(60), pytest.raises(BadImport) as refused:
        read_deeds(tmp_path / "book.xlsx", "bolton")
    assert "root:" not in str(refused.value)


def test_a_sheet_is_packed_once(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "book.xlsx", "w", zipfile.ZIP_DEFLATED) as packed:
        for number in range(20_000):
            packed.writestr(f"xl/{number}", "")
    with within(30), pytest.raises(BadImport, match="no spreadsheet"):
        read_deeds(tmp_path / "book.xlsx", "bolton")


def test_a_sheet_with_bytes_changed_is_read_or_refused(tmp_path: Path):
    book = Workbook()
    for row in (("at", "case", "by", "do", "label"), ("2023-10-26", "A", "business-manager", "open-case", "Infant X")):
        book.active.append(row)
    made = io.BytesIO()
    book.save(made)
    chance = random.Random(7)
    for _ in range(12):
        raw = bytearray(made.getvalue())
        for _ in range(chance.randint(1, 6)):
            raw[chance.randrange(len(raw))] = chance.randrange(256)
        (tmp_path / "book.xlsx").write_bytes(raw[: chance.choice([len(raw), chance.randrange(len(raw))])])
        with suppress(BadImport):
            read_deeds(tmp_path / "book.xlsx", "bolton")


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.lists(st.text(max_size=20) | st.sampled_from(["at", "case", "by", "do", "a.b", "a", "[", "{", "1e999"]), max_size=7), max_size=5
    )
)
def test_rows_are_deeds_or_refused_with_their_number(tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]):
    file = tmp_path_factory.getbasetemp() / "rows.csv"
    text = io.StringIO()
    csv.writer(text).writerows([["at", "case", "by", "do", "a.b"], *rows])
    file.write_bytes(text.getvalue().encode("utf-8", "surrogatepass"))
    with suppress(BadImport):
        read_deeds(file, "bolton")


def test_a_file_that_there_is_not_says_so(tmp_path: Path):
    for name in ("none.csv", "none.xlsx", "none.yaml"):
        with pytest.raises(BadImport, match="cannot be read"):
            read_deeds(tmp_path / name, "bolton")


# --- spreadsheets that go out

FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    "\n=1",
    " =1",
    "\ufeff=1",
    "\xa0=1",
    "\u200b=1",
    "＝1",
    "＋1",
    "－1",
    "＠1",
    "=cmd|' /C calc'!A0",
]


@settings(max_examples=200, deadline=None)
@example("=" * (LONGEST_CELL + 5))
@given(st.sampled_from(FORMULAS).flatmap(lambda start: st.text(max_size=10).map(lambda rest: start + rest)) | st.text(max_size=30))
def test_nothing_that_anybody_wrote_is_a_formula(words: str):
    written = in_words(words)
    assert not written.lstrip(" \t\r\n\xa0\u200b\ufeff").startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))
    assert len(written) <= LONGEST_CELL + 1


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_list_holds_words_and_no_formula(form: str):
    rows = [[in_words(words)] for words in FORMULAS]
    if form == "csv":
        read = [row[0] for row in csv.reader(io.StringIO(as_csv(["a"], rows).decode("utf-8-sig"), newline=""))][1:]
        assert all(words.startswith("'") for words in read)
    else:
        made = load_workbook(io.BytesIO(as_xlsx("a", ["a"], rows, {"=1": "=1"}, widths={}, width=9)))
        assert [cell.data_type for sheet in made for row in sheet for cell in row].count("f") == 0
