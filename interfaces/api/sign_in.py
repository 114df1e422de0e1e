"""Signing in and out in a browser, and whoever is signed in."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, Field

from application.sessions import SIGN_IN_LASTS, Begun, Session
from interfaces.api import choosing
from interfaces.api.answers import NO_STORE, answered, told
from interfaces.api.identity import CHOOSES_THE_POST, IS_OUR_PAGE, service
from interfaces.api.pages import PAGES, ForPeople
from interfaces.api.problems import Unfit, documented
from interfaces.api.shapes import Shape
from interfaces.sign_in.entrance import Entrance, chosen

router = APIRouter(tags=["signing in"], route_class=ForPeople)

LARGEST_FORM = 4096
NOT_SET_UP = "The provider did not sign you in: the administrator has to look at how it is set up."
PROVIDER_SAYS = {
    "access_denied": (403, "You were not signed in: the provider, or you there, said no."),
    "temporarily_unavailable": (503, "The provider cannot sign anybody in at present; try again in a moment."),
    "server_error": (503, "The provider failed to sign you in; try again in a moment."),
}


class PostTold(Shape):
    """A post that somebody holds."""

    post: str = Field(description="As `Casetrail-Post` names it: `role/organisation/partnership`.")
    role: str
    organisation: str | None
    partnership: str


class SessionNow(Shape):
    """Who is signed in."""

    person: str = Field(description="An opaque id.")
    post: str | None = Field(description="The post in which this session asks; null where there are several and none was chosen.")
    posts: list[PostTold]
    ends_at: datetime = Field(description="When it ends whatever is done; unused it ends sooner.")
    token: str = Field(description="What goes along with whatever changes something, as `Casetrail-Token`.")


class ChoosePost(BaseModel):
    """One of the posts that whoever is signed in holds."""

    post: str = Field(max_length=300, description=CHOOSES_THE_POST)


GOES: dict[int | str, dict[str, Any]] = {
    200: {"description": "In a demonstration: its persons, to choose from.", "content": {"text/html": {"schema": {"type": "string"}}}},
    303: {"description": "To the provider."},
}


@router.get("/sign-in", name="sign-in", response_class=HTMLResponse, responses=GOES | documented(400, 404, 414, 422, 503))
async def sign_in(
    request: Request,
    next: Annotated[str | None, Query(max_length=500, description="The page of this service to go to afterwards.")] = None,
) -> Response:
    """Begin to sign in: on to the provider; in a demonstration, a page to choose one of its invented persons from."""
    entrance = _entrance(request)
    begun = await entrance.begin(next)
    if entrance.provider is None:
        choosing.must_be_loopback(request)
        page = await choosing.page(service(request), begun)
        return _remembered(entrance, begun, HTMLResponse(page, headers=NO_STORE))
    return _remembered(entrance, begun, RedirectResponse(await entrance.provider.address(begun), 303, headers=NO_STORE))


@router.get("/sign-in/callback", name="signed-in", include_in_schema=False)
async def callback(
    request: Request, state: str | None = None, code: str | None = None, error: str | None = None, iss: str | None = None
) -> Response:
    """Back from the provider."""
    entrance = _entrance(request)
    if entrance.provider is None:
        raise Unfit("sign-in", "Nobody signs in with a provider here.", 404)
    begun = await entrance.taken(request, state)
    if iss is not None and iss != entrance.provider.client.issuer:
        raise Unfit("iss", "This answer comes from another provider than the one that was asked.", 400)
    if error is not None:
        status, sentence = PROVIDER_SAYS.get(error, (400, NOT_SET_UP))
        raise Unfit("error", sentence, status)
    if not code:
        raise Unfit("code", "The provider sent nothing to sign you in with: sign in again.", 400)
    return _in(entrance, begun, await entrance.admitted(request, begun, code))


@router.post("/sign-in/as", name="chosen", include_in_schema=False)
async def choose_person(request: Request) -> Response:
    """In a demonstration: one of its persons is chosen, and signed in as anybody else is."""
    entrance = _entrance(request)
    if entrance.provider is not None:
        raise Unfit("sign-in", "Nobody is chosen here: people sign in with the provider.", 404)
    choosing.must_be_loopback(request)
    entrance.must_be_from_here(request)
    form = await _form(request)
    begun = await entrance.taken(request, form.get("state"))
    return _in(entrance, begun, await choosing.admitted(service(request), entrance, request, form))


SIGNED_OUT: dict[int | str, dict[str, Any]] = {
    200: {"description": "Signed out.", "content": {"text/html": {"schema": {"type": "string"}}}},
}
MAY_NOT = documented(401, 403, 404, 413, 503)
TOKEN = {
    "parameters": [{"name": "Casetrail-Token", "in": "header", "required": False, "description": IS_OUR_PAGE, "schema": {"type": "string"}}]
}


@router.post("/sign-out", name="sign-out", response_class=HTMLResponse, responses=SIGNED_OUT | MAY_NOT, openapi_extra=TOKEN)
async def sign_out(request: Request) -> Response:
    """End this session, at once and for good; then the browser goes on to the provider, to end what it keeps, where it offers that."""
    entrance = _entrance(request)
    session = await entrance.session(request)
    entrance.must_be_own(request, session, await _token(request))
    await entrance.sessions.end(session.number, "signed-out")
    onward = await entrance.onward()
    # a redirect would need a policy that lets our forms lead to the provider; and what the browser kept of our pages goes as well
    headers = {**NO_STORE, "Clear-Site-Data": '"cache"'} | ({"Refresh": f"0; url={onward}"} if onward else {})
    page = HTMLResponse(PAGES.get_template("out.html").render(onward=onward), headers=headers)
    page.delete_cookie(entrance.sign_in.cookie("session"), secure=entrance.sign_in.secure, httponly=True, samesite="lax")
    return page


@router.get("/signed-out", name="signed-out", include_in_schema=False)
async def signed_out(request: Request) -> Response:
    """Where the provider sends people to who signed out there as well."""
    _entrance(request)
    return HTMLResponse(PAGES.get_template("out.html").render(onward=""), headers=NO_STORE)


@router.get("/session", name="session", responses=told(SessionNow, 401, 404, 503))
async def mine(request: Request) -> Response:
    """Who is signed in, which posts they hold, and in which this session asks."""
    return answered(_told(await _entrance(request).session(request)), {})


@router.post("/session/post", name="choose-post", responses=told(SessionNow, 401, 403, 404, 422, 503), openapi_extra=TOKEN)
async def choose_post(request: Request, wanted: ChoosePost) -> Response:
    """From now on this session asks in this one of the posts."""
    entrance = _entrance(request)
    session = await entrance.session(request)
    entrance.must_be_own(request, session, request.headers.get("casetrail-token"))
    await entrance.sessions.choose(session, chosen(session.posts, wanted.post))
    return answered(_told(await entrance.session(request)), {})


# --- how


def _entrance(request: Request) -> Entrance:
    entrance: Entrance | None = service(request).entrance
    if entrance is None:
        raise Unfit("sign-in", "Nobody signs in here: this is a rehearsal, where a header says who asks.", 404)
    return entrance


def _told(session: Session) -> dict[str, Any]:
    post = session.post or (session.posts[0] if len(session.posts) == 1 else None)
    posts = [{"post": str(p), "role": p.role, "organisation": p.organisation, "partnership": p.partnership} for p in session.posts]
    return {"person": session.person, "post": post and str(post), "posts": posts, "ends_at": session.ends_at, "token": session.token}


def _remembered(entrance: Entrance, begun: Begun, response: Response) -> Response:
    """The browser keeps what says that it began this sign-in."""
    response.set_cookie(
        entrance.sign_in.cookie("sign-in"), begun.browser, max_age=int(SIGN_IN_LASTS.total_seconds()), path="/",
        secure=entrance.sign_in.secure, httponly=True, samesite="lax",
    )  # fmt: skip
    return response


def _in(entrance: Entrance, begun: Begun, words: str) -> Response:
    """Signed in: the browser gets its session, and goes to where it wanted to."""
    configured = entrance.sign_in
    response = RedirectResponse(begun.back_to, 303, headers=NO_STORE)
    response.delete_cookie(configured.cookie("sign-in"), secure=configured.secure, httponly=True, samesite="lax")
    response.set_cookie(configured.cookie("session"), words, path="/", secure=configured.secure, httponly=True, samesite="lax")
    return response


async def _token(request: Request) -> str | None:
    return request.headers.get("casetrail-token") or (await _form(request)).get("token")


async def _form(request: Request) -> dict[str, str]:
    """The fields of a plain form."""
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return {}
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST_FORM:
            raise Unfit("body", "The form is larger than this page sends.", 413)
    return dict(parse_qsl(body.decode("utf-8", "replace"), max_num_fields=20))
