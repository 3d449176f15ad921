"""The application behind the guard: the page's files, the socket, and the question for a password.

There is no address that takes a path, the name of a module, or code; what a socket's messages may say is checked by
their session.
"""

from __future__ import annotations

import asyncio
import secrets
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from feedforward.labs.catalog import rooms
from feedforward.labs.server.guard import Access, Guard
from feedforward.labs.server.pages import pages
from feedforward.labs.session import Session

__all__ = ["LOGIN", "LONGEST_MESSAGE", "QUESTION", "application"]

LONGEST_MESSAGE = 4 << 20
"""Bytes of a message from a page; a table that is dropped in must fit."""

QUESTION, LOGIN = "/password", "/login"
"""What needs no token where there is a password."""

_MOST_SESSIONS = 32
_MOST_UNSENT = 16 << 20
"""Bytes that wait for a page to read them; who asks on and on without reading is left."""
_LONGEST_PASSWORD = 1024
_PAUSE_SECONDS = 1.0
"""How long a wrong password waits, one after another: guesses are few."""


def application(access: Access, password: str | None = None) -> Guard:
    """Return the labs as an ASGI application.

    Parameters
    ----------
    access : Access
        Who may talk to it; its ``open_paths`` are ``QUESTION`` and ``LOGIN`` where there is a password.
    password : str or None
        What is asked for at ``/password``, before the token is told.
    """
    sessions: set[Session] = set()
    asking = asyncio.Lock()

    async def page(request: Request) -> Response:
        found = pages().get(request.url.path)
        if found is None:
            raise HTTPException(404, "There is no such page.")
        content, kind = found
        return Response(content, headers={"content-type": kind})

    async def labs(request: Request) -> Response:
        return JSONResponse(list(rooms()))

    async def ask(request: Request) -> Response:
        return HTMLResponse(_QUESTION)

    async def login(request: Request) -> Response:
        content = b""
        async for part in request.stream():
            content += part
            if len(content) > _LONGEST_PASSWORD:
                raise HTTPException(413, "Too long.")
        given = parse_qs(content.decode("utf-8", "replace")).get("password", [""])[0]
        async with asking:
            if password is None or not secrets.compare_digest(given.encode(), password.encode()):
                await asyncio.sleep(_PAUSE_SECONDS)
                return HTMLResponse(_QUESTION, 403)
        return RedirectResponse(f"/{access.token}/", 303)

    async def socket(connection: WebSocket) -> None:
        if len(sessions) >= _MOST_SESSIONS:
            await connection.close(1013, "Too many pages are open.")
            return
        await connection.accept()
        loop = asyncio.get_running_loop()
        waiting: asyncio.Queue[bytes] = asyncio.Queue()

        made = sent = 0  # bytes; the first is counted by the session's thread, the second by this one

        def send(message: bytes) -> None:
            nonlocal made
            if not loop.is_closed() and made - sent <= _MOST_UNSENT:
                made += len(message)
                loop.call_soon_threadsafe(waiting.put_nowait, message)

        async def forward() -> None:
            nonlocal sent
            while True:
                message = await waiting.get()
                await connection.send_bytes(message)
                sent += len(message)

        session = Session(send)
        sessions.add(session)
        forwarding = asyncio.create_task(forward())
        try:
            while session.receive(await connection.receive_text()) and made - sent <= _MOST_UNSENT:
                pass
            await connection.close(1008, "Too many messages.")
        except (WebSocketDisconnect, KeyError):  # KeyError: bytes where text is expected
            pass
        finally:
            forwarding.cancel()
            session.close()
            sessions.discard(session)

    routes = [WebSocketRoute("/socket", socket), Route("/labs.json", labs), Route("/{rest:path}", page)]
    if password is not None:
        routes[:0] = [Route(LOGIN, login, methods=["POST"]), Route(QUESTION, ask)]
    return Guard(Starlette(routes=routes), access)


_QUESTION = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Feedforward labs</title>
<form method="post" action="/login"><label>Password <input type="password" name="password" autofocus></label>
<button>Open</button></form></html>
"""
