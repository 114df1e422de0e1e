"""What every answer tells a browser to refuse: one table, for every route, every error, and what leads nowhere.

No route can weaken it: what one says itself under these names is replaced. There is no exception in the policy, and no other host.
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

EVERYTHING = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(
        f"{feature}=()" for feature in (
            "accelerometer", "camera", "display-capture", "geolocation", "gyroscope", "magnetometer", "microphone", "midi", "payment",
            "publickey-credentials-get", "screen-wake-lock", "usb",
        )
    ),
}  # fmt: skip

A_PAGE = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
"""For what is shown: our own files and nothing else. No inline script or style, no eval, no data: addresses, in nobody's frame."""

ANYTHING_ELSE = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
"""For data, and for files that somebody attached: whatever they hold, it loads nothing, runs nothing and is nowhere."""

OVER_TLS = {"Strict-Transport-Security": "max-age=31536000"}

NOT_KEPT = (b"cache-control", b"no-store")


class Headed:
    """Puts the table on every answer. `secure`: whether people reach this service over TLS."""

    def __init__(self, app: ASGIApp, secure: Callable[[], bool]) -> None:
        self.app, self.secure = app, secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)

        async def headed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": _headed([*message.get("headers", ())], secure=self.secure())}
            await send(message)

        await self.app(scope, receive, headed)


Headers = list[tuple[bytes, bytes]]


def _headed(given: Headers, *, secure: bool) -> Headers:
    names = {name.lower(): value for name, value in given}
    shown = names.get(b"content-type", b"").startswith(b"text/html") and b"content-disposition" not in names
    ours = _encoded({**EVERYTHING, **(OVER_TLS if secure else {}), "Content-Security-Policy": A_PAGE if shown else ANYTHING_ELSE})
    replaced = {name for name, _ in ours}
    kept = [(name, value) for name, value in given if name.lower() not in replaced]
    return [*kept, *ours] if b"cache-control" in names else [*kept, NOT_KEPT, *ours]


def _encoded(table: dict[str, str]) -> Headers:
    return [(name.lower().encode(), value.encode()) for name, value in table.items()]
