"""Where people and programs come in: from a session or a token to somebody in a post, and from the provider's answer to a session."""

from __future__ import annotations

import hmac
import logging
import re
import time
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from fastapi import Request

from application.people import Register
from application.posts import Post
from application.sessions import Begun, Session, Sessions
from domain.people import By, PersonId
from domain.working_days import london_date
from interfaces.api.problems import NotSignedIn, Unfit
from interfaces.sign_in.configured import SignIn
from interfaces.sign_in.provider import CodeRefused, Provider, ProviderAway
from interfaces.sign_in.tokens import Tokens, Unbelievable

log = logging.getLogger("casetrail.sign-in")

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
BACK_TO = re.compile(r"/(?![/\\])[A-Za-z0-9_~!$&'()*+,;=:@%./?-]{0,500}")
BEARER = re.compile(r"(?i:bearer) +([A-Za-z0-9._~+/-]+=*) *")
OVER = "You are not signed in, or not any more: sign in again."


class Entrance:
    """One way in for a service: through its provider, or in a demonstration by choosing."""

    def __init__(self, sign_in: SignIn, sessions: Sessions, register: Register, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.sign_in = sign_in
        self.sessions = sessions
        self._register = register
        self.provider = Provider(sign_in.client, sign_in.callback, monotonic) if sign_in.client else None
        self._tokens = Tokens(self.provider, sessions.clock) if self.provider else None

    # --- who asks

    async def asker(self, request: Request, wanted: str | None, *, again: bool = False) -> By:
        """Who asks, in the post they chose. A request with a token is judged by its token alone. `again`: nobody asks, it is only looked
        whether they still could.

        Raises:
            NotSignedIn: neither a session nor a token, or none that is good.
            Unfit: 403 where they hold no post, several and chose none, or another site made their browser ask.
        """
        authorization = request.headers.get("authorization")
        if authorization is not None:
            return await self._by_token(authorization, wanted)
        session = await self.session(request, in_use=not again)
        if request.method not in SAFE:
            self.must_be_own(request, session, request.headers.get("casetrail-token"))
        return _in_post(session.person, session.posts, wanted, session.post)

    async def _by_token(self, authorization: str, wanted: str | None) -> By:
        given = BEARER.fullmatch(authorization)
        if given is None or self._tokens is None or self.provider is None:
            raise NotSignedIn("The header Authorization holds no token that this service takes.", token=True)
        try:
            claims = await self._tokens.bearer(given.group(1))
        except Unbelievable as error:
            raise NotSignedIn(str(error), token=True) from None
        mapped = self.sign_in.mapped
        subject = mapped.subject_of(claims)
        if subject is None:
            raise NotSignedIn("The token says of nobody in particular.", token=True)
        person = await self._register.signed_in(self.provider.client.issuer, subject, mapped.called(claims))
        given_here = await self.sessions.posts.of(person, london_date(self.sessions.clock()), given_only=True)
        return _in_post(person, [*dict.fromkeys((*mapped.posts(claims), *given_here))], wanted, None)

    async def session(self, request: Request, *, in_use: bool = True) -> Session:
        """The session of the browser that asks; `in_use` keeps it from being left idle.

        Raises:
            NotSignedIn: there is none, or it is over.
        """
        words = self.words(request)
        session = await self.sessions.found(words, in_use=in_use) if words else None
        if session is None:
            raise NotSignedIn(OVER if words else "Nobody is signed in.")
        return session

    def words(self, request: Request) -> str | None:
        """What the browser holds of its session."""
        return request.cookies.get(self.sign_in.cookie("session"))

    def must_be_own(self, request: Request, session: Session, token: str | None) -> None:
        """For what changes something: only a page of ours may make a browser ask it.

        Raises:
            Unfit: 403, another site did, or nobody can tell.
        """
        self.must_be_from_here(request)
        if token is None or not hmac.compare_digest(token.encode("utf-8", "replace"), session.token.encode()):
            raise Unfit("Casetrail-Token", "What changes something comes with the token of the session (Casetrail-Token).", 403)

    def must_be_from_here(self, request: Request) -> None:
        """Whether the browser itself says that the asking comes from a page of this service."""
        site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
        own = site in ("same-origin", "none") if site is not None else origin is not None and origin.lower() == self.sign_in.origin
        if not own:
            raise Unfit("Origin", "This was asked from a page of another site, or nobody can tell from where: it is refused.", 403)

    # --- coming in

    async def begin(self, back_to: str | None) -> Begun:
        """A sign-in begins; afterwards its browser goes `back_to` a page of this service."""
        return await self.sessions.begin(back_to if back_to and BACK_TO.fullmatch(back_to) else "/session")

    async def taken(self, request: Request, state: str | None) -> Begun:
        """The sign-in that this answer belongs to.

        Raises:
            Unfit: 400, it was begun elsewhere, too long ago, or answered before.
        """
        browser = request.cookies.get(self.sign_in.cookie("sign-in"))
        begun = await self.sessions.taken(state, browser) if state and browser else None
        if begun is None:
            raise Unfit(
                "state", "This sign-in was not begun in this browser, was begun too long ago, or is finished already: sign in again.", 400
            )
        return begun

    async def admitted(self, request: Request, begun: Begun, code: str) -> str:
        """Somebody comes back from the provider with a code: the words of a new session.

        Raises:
            Unfit: 400, the code is not good, or what it gives is not believed.
        """
        if self.provider is None or self._tokens is None:
            raise Unfit("sign-in", "There is no provider here.", 404)
        try:
            claims = await self._tokens.of_sign_in(await self.provider.redeem(code, begun.verifier), begun.nonce)
        except CodeRefused:
            raise Unfit("code", "The provider does not stand by this sign-in any more: sign in again.", 400) from None
        except Unbelievable as error:
            log.warning("an identity token was not believed")
            raise Unfit("code", f"What the provider told of you is not believed. {error}", 400) from None
        mapped = self.sign_in.mapped
        subject = mapped.subject_of(claims)
        if subject is None:
            raise Unfit("code", "The provider tells of nobody in particular: the administrator has to look at CASETRAIL_CLAIMS.", 400)
        person = await self._register.signed_in(self.provider.client.issuer, subject, mapped.called(claims))
        now = self.sessions.clock()
        posts = self.sessions.posts
        await posts.told_of(person, mapped.posts(claims), now, london_date(now))
        held = await posts.of(person, london_date(now))
        return await self.sessions.start(person, "provider", held[0] if len(held) == 1 else None, self.words(request))

    # --- going out

    async def onward(self) -> str | None:
        """Where somebody who signed out here goes to do so at the provider; empty where there is no such place, none if nobody knows."""
        try:
            return await self.provider.onward(self.sign_in.afterwards) if self.provider else ""
        except ProviderAway:
            return None


def loopback_name(request: Request) -> str | None:
    """The name by which the browser calls this service, without its port."""
    return urlsplit(f"//{request.headers.get('host', '')}").hostname


def chosen(posts: Sequence[Post], wanted: str) -> Post:
    """The post that somebody names, if they hold it.

    Raises:
        Unfit: 403, they do not.
    """
    for post in posts:
        if str(post) == wanted.strip():
            return post
    raise Unfit("Casetrail-Post", "You do not hold the post that you name; /session tells which you hold.", 403)


def _in_post(person: PersonId, posts: Sequence[Post], wanted: str | None, of_session: Post | None) -> By:
    """Somebody in one of their posts: the one named, that of their session, or the only one."""
    if not posts:
        raise Unfit(
            "Casetrail-Post", f"You are signed in, but hold no post here: ask the administrator to give {person} one.", 403
        )  # fmt: skip
    if wanted is not None:
        post = chosen(posts, wanted)
    elif of_session is not None or len(posts) == 1:
        post = of_session or posts[0]
    else:
        held = ", ".join(map(str, posts))
        raise Unfit("Casetrail-Post", f"You hold several posts: say in which you ask, by Casetrail-Post. They are {held}.", 403)
    return By(person=person, role=post.role, organisation=post.organisation, partnership=post.partnership)
