"""Who may talk to the server, checked before anything else sees a request; and what a browser may do with an answer.

A page elsewhere in the same browser can send requests to 127.0.0.1, too. So every address, the socket's too, begins
with a random token that such a page does not know; the ``Host`` must be one of ours, else a name that was pointed here
(DNS rebinding) would have it; and a request that says which page it comes from (``Origin``) must come from ours. It is
plain ASGI, since the middleware classes of frameworks do not see sockets.
"""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Access", "Guard"]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

LOCAL = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True)
class Access:
    """Who may talk to the server.

    Parameters
    ----------
    token : str
        What every address begins with.
    port : int
        Where the server listens.
    hosts : sequence of str
        The names under which it may be asked for.
    has_addresses : bool
        Whether also by any address of numbers: for a server that others reach. A name cannot be pointed elsewhere then.
    embedders : sequence of str
        Origins of pages that may show a lab in a frame of theirs.
    open_paths : sequence of str
        Paths that need no token: the question for the password.
    """

    token: str
    port: int
    hosts: Sequence[str] = LOCAL
    has_addresses: bool = False
    embedders: Sequence[str] = ()
    open_paths: Sequence[str] = ()

    def is_host(self, host: str) -> bool:
        """Return whether a ``Host`` header is one of the server's."""
        name, separator, port = host.rpartition(":")
        if not separator or port != str(self.port):
            return False
        if name in self.hosts:
            return True
        return self.has_addresses and _is_address(name)

    def is_origin(self, origin: str, host: str) -> bool:
        """Return whether an ``Origin`` header is a page of this server, asked for by this host."""
        return origin in (f"http://{host}", f"https://{host}") and self.is_host(host)

    def is_token(self, token: str) -> bool:
        """Return whether a token is right, in a time that does not tell how much of it is."""
        return secrets.compare_digest(token.encode(), self.token.encode())


class Guard:
    """An ASGI application that lets only those through who have access.

    Parameters
    ----------
    application : ASGI application
        What is behind it; it sees paths without the token.
    access : Access
        Who may.
    """

    def __init__(self, application: Application, access: Access) -> None:
        self._application = application
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] not in ("http", "websocket"):
            return
        refusal, path = self._judge(scope)
        if refusal:
            await _refuse(scope, receive, self._with_headers(scope, send), *refusal)
            return
        await self._application(
            {**scope, "path": path, "raw_path": path.encode()}, receive, self._with_headers(scope, send)
        )

    def _judge(self, scope: Scope) -> tuple[tuple[int, str] | None, str]:
        """Return why a request is refused, or the path that it asks for."""
        access = self._access
        hosts = _headers(scope, b"host")
        if len(hosts) != 1 or not access.is_host(hosts[0]):
            return (421, "This server is not asked for by that name."), ""
        origins = _headers(scope, b"origin")
        changes = scope["type"] == "websocket" or scope["method"] not in ("GET", "HEAD")
        if (origins or changes) and not (len(origins) == 1 and access.is_origin(origins[0], hosts[0])):
            return (403, "A page from elsewhere may not talk to this server."), ""
        if scope["path"] in access.open_paths:
            return None, scope["path"]
        _, _, rest = scope["path"].partition("/")
        token, slash, path = rest.partition("/")
        if not slash or not access.is_token(token):
            return (403, "The address lacks its token: use the one that `feedforward labs` printed."), ""
        return None, f"/{path}"

    def _with_headers(self, scope: Scope, send: Send) -> Send:
        """Return ``send`` with what a browser is told about each answer."""
        host = next(iter(_headers(scope, b"host")), "")
        frames = " ".join(["'self'", *self._access.embedders])
        connects = f"'self' ws://{host} wss://{host}" if self._access.is_host(host) else "'none'"
        policy = (
            f"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
            f"connect-src {connects}; base-uri 'none'; form-action 'self'; frame-ancestors {frames}"
        )
        told = [
            (b"content-security-policy", policy.encode("latin-1")),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"no-referrer"),
            (b"cross-origin-opener-policy", b"same-origin"),
            (b"cross-origin-resource-policy", b"same-origin"),
            (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
            (b"cache-control", b"no-store"),
        ]

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", []), *told]}
            await send(message)

        return sending


async def _refuse(scope: Scope, receive: Receive, send: Send, status: int, words: str) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send(
            {"type": "websocket.close", "code": 1008, "reason": words}
        )  # before it is accepted: an answer of 403
        return
    content = words.encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(content)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})


def _headers(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]


def _is_address(name: str) -> bool:
    if "%" in name:  # the zone of an address may be any text
        return False
    try:
        ipaddress.ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True
