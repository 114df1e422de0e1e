"""Do we know this child? An exact search by name and birth date; that it was asked is noted, for whom is not."""

from __future__ import annotations

from datetime import date

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, field_validator

from application.children import naming
from application.children.searching import TooOften
from interfaces.api.answers import MEANT, listed, told
from interfaces.api.boards import Day
from interfaces.api.identity import Asking, service
from interfaces.api.looks import looks_at
from interfaces.api.problems import TooMany
from interfaces.api.shapes import Shape

router = APIRouter(prefix="/children", tags=["looking"], dependencies=MEANT)


class WhoIsIt(BaseModel):
    """A child, as a notification names them."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=200, description="Family and given names, in whichever order. All of them, as recorded.")
    born_on: Day = Field(description="The birth date.")

    @field_validator("name")
    @classmethod
    def _has_letters(cls, name: str) -> str:
        if not naming.forms(name):
            raise ValueError("has no letters")
        return name


class KnownOn(Shape):
    """A case on which a child of this name and birth date stands."""

    case: str
    label: str
    partnership: str
    stage: str = Field(description="Where it stands in its life, in words.")
    stage_code: str
    opened_on: date
    child: str = Field(description="The ref of the child on this case.")
    harm: str = Field(description="What befell the child, by this case: `none` of a brother or sister who came to no harm.")


class KnownChildren(Shape):
    """The cases found, opened last first. An empty list says that there is none, or none that the asker may read of in full."""

    items: list[KnownOn]
    next: None = None


@router.post("/search", name="children-search", responses=told(KnownChildren, 400, 401, 403, 413, 415, 422, 429, 503))
async def search(request: Request, asker: Asking, child: WhoIsIt) -> Response:
    """Whether this child is known: the cases on which a child of this very name and birth date stands.

    For those who receive notifications. Case, accents, punctuation and the order of names do not count; there is no likeness beyond that.
    Cases that the asker may not read the notification of in full are neither shown nor counted. Only the look is noted. A person may
    search thirty times in ten minutes.
    """
    running = service(request)
    looks_at(request, view="children-search")
    try:
        answer = await running.searching.search(
            child.name, child.born_on, asker.by, at=asker.at, of_each=running.rehearsal and asker.by.partnership is None
        )
    except TooOften as error:
        raise TooMany(error.seconds) from None
    looks_at(request, streams=tuple(dict.fromkeys(f"case/{one.case}" for one in answer.found)))
    return listed([one.as_json() for one in answer.found], {"Position": str(answer.position)})
