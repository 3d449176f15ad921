"""From the command line's options to a server that runs: a socket, an address with its token, a browser."""

from __future__ import annotations

import contextlib
import re
import secrets
import socket
import threading
import webbrowser
from collections.abc import Callable, Sequence

import uvicorn

from feedforward.labs.server.application import LOGIN, LONGEST_MESSAGE, QUESTION, application
from feedforward.labs.server.guard import LOCAL, Access
from feedforward.labs.server.pages import pages

__all__ = ["serve"]


def serve(
    say: Callable[[str], None],
    host: str = "127.0.0.1",
    port: int = 0,
    has_browser: bool = True,
    password: str | None = None,
    hosts: Sequence[str] = (),
    embedders: Sequence[str] = (),
) -> None:
    """Serve the labs until Ctrl-C.

    Parameters
    ----------
    say : callable
        Takes the line with the address.
    host, port : str, int
        Where to listen; a port of 0 is one that is free.
    has_browser : bool
        Whether to open the address in a browser.
    password : str or None
        What others are asked for; needed for a host that others reach.
    hosts : sequence of str
        Further names under which the server may be asked for.
    embedders : sequence of str
        Origins of pages that may show a lab in a frame.

    Raises
    ------
    ValueError
        If others reach the host and there is no password, or an origin is none.
    OSError
        If the port is taken.
    """
    for origin in embedders:
        if not re.fullmatch(r"https?://[\w.-]+(:\d+)?", origin, re.ASCII):
            raise ValueError(
                f"embedder {origin!r} is no origin. Give scheme, host and port, such as http://localhost:8000."
            )
    is_local = host in ("127.0.0.1", "localhost", "::1")
    if not is_local and not password:
        raise ValueError(
            f"host {host}: others reach it, so it needs a password. Give a password, or leave the host at 127.0.0.1."
        )
    try:
        listening = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise OSError(f"port {port} of {host} cannot be had ({error.strerror}). Give another, or none.") from error
    port = listening.getsockname()[1]
    named = f"[{host}]" if ":" in host else host
    access = Access(
        secrets.token_urlsafe(24),
        port,
        (*LOCAL, named, *hosts),
        has_addresses=not is_local,
        embedders=embedders,
        open_paths=(QUESTION, LOGIN) if password else (),
    )
    pages()
    address = f"http://{named}:{port}{QUESTION if password else f'/{access.token}/'}"
    config = uvicorn.Config(
        application(access, password),
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="off",
        ws="websockets-sansio",
        ws_max_size=LONGEST_MESSAGE,
        ws_per_message_deflate=False,  # numbers on loopback: packing them costs more than sending them
    )
    say(f"Labs: {address}")
    if has_browser:
        threading.Timer(0.2, webbrowser.open, [address]).start()
    with listening, contextlib.suppress(KeyboardInterrupt):  # which is how it is meant to end
        uvicorn.Server(config).run([listening])
