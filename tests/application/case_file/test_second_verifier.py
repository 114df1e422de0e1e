"""What is really written holds for a verifier made from `docs/ledger.md` alone, too."""

from __future__ import annotations

import json

import pytest

from domain.corrections import CorrectRecord
from domain.people import By
from tests.application.test_stories import STORIES, told
from tests.second_verifier import faults

pytestmark = pytest.mark.anyio

STORY = "organisation-christmas-2025"
CLERK = By(person="person-" + "1" * 32, role="business-manager", partnership="bolton")


async def test_both_find_that_a_real_file_holds_whose_words_were_corrected_by_their_path(service, make, check):
    case = next(iter((await told(STORIES[STORY], service)).cases.values()))
    command = CorrectRecord(event_place=1, correction={"incident.summary": "It was in the yard."}, because="The place was wrong.")
    await service.cases.do(command, CLERK, stream=f"case/{case}", at=await service.last_instant())

    file = await make(case)

    assert "incident.summary" in json.loads(file.lines("data/events.jsonl")[-1]["body"])["words"]
    assert check(file.made)["fault"] is None
    assert faults(file.made.content) == []
