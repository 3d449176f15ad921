"""JSON over HTTP on loopback: requests to a served model, each checked before it is read any further.

It stands on the standard library's server, a thread for each connection, so there is nothing to install; a row takes
some tenths of a millisecond on the way. What a page elsewhere in the same machine's browser sends is refused: by its
``Origin``, by a ``Host`` that is not ours (DNS rebinding), and by a content type that such a page cannot send unasked.
What rows must be is the model's affair (``served``).
"""

from __future__ import annotations

import contextlib
import io
import ipaddress
import json
import socket
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from socketserver import TCPServer, ThreadingMixIn
from typing import Any

from feedforward.commands.serving.rows import MOST_ROWS, told
from feedforward.commands.serving.served import Served
from feedforward.errors import DataError
from feedforward.labs.server.guard import LOCAL, Access

__all__ = ["MOST_BYTES", "Server", "serve"]

MOST_BYTES = 2**20
"""How long the body of a request may be."""

_LONGEST_LINE = 65536
_MOST_CONNECTIONS = 64
_IDLE_SECONDS = 60.0
"""How long a connection may wait for its next request."""
_REQUEST_SECONDS = 10.0
"""How long a request may take to arrive, and its answer to be taken, however the pieces come."""
_DRAIN_SECONDS = 1.0

_METHODS = {"/": "GET", "/health": "GET", "/predict": "POST"}


def serve(model: Served, host: str, port: int, say: Callable[[str], None]) -> None:
    """Answer requests until Ctrl-C.

    Parameters
    ----------
    model : Served
        What answers.
    host : str
        A name or an address of this machine that nobody else reaches.
    port : int
        Where; 0: one that is free.
    say : callable
        Takes the lines that say how to ask.

    Raises
    ------
    ValueError
        If others would reach the host.
    OSError
        If the port is taken.
    """
    with Server(model, host, port) as server, contextlib.suppress(KeyboardInterrupt):  # which is how it is to end
        rows = json.dumps({"rows": [model.example]})
        say(f"{server.address} answers; Ctrl-C ends it. Ask it such as this:")
        if len(rows) < 2000:
            quoted = rows.replace("'", "'\\''")
            say(f"curl {server.address}predict -H 'Content-Type: application/json' -d '{quoted}'")
        else:
            say(f"curl {server.address}")
        server.serve_forever()


class Server(ThreadingMixIn, HTTPServer):
    """A socket that listens, and a thread for each connection; see `serve`.

    Parameters
    ----------
    model, host, port
        As for `serve`. The model is asked once, so that the first request need not wait for machine code.
    """

    daemon_threads = False  # the end waits for answers that are being written
    request_queue_size = 128

    def __init__(self, model: Served, host: str, port: int) -> None:
        if host != "localhost" and not _is_loopback(host):
            raise ValueError(
                f"host {host}: others may reach it, and there is neither a password nor encryption. Expected an address"
                " of this machine alone, such as 127.0.0.1. Put a server that has both before it."
            )
        model.answer([model.example])
        self.model = model
        self.lock = threading.Lock()
        limits = {"rows": MOST_ROWS, "bytes": MOST_BYTES}
        self.description = {**model.description, "example": {"rows": [model.example]}, "limits": limits}
        self._connections: set[socket.socket] = set()
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            super().__init__((host, port), _Handler)
        except OSError as error:
            raise OSError(f"port {port} of {host} cannot be had ({error.strerror}). Give another --port.") from error
        named = f"[{host}]" if ":" in host else host
        self.access = Access("", self.server_port, (*LOCAL, named))
        self.address = f"http://{named}:{self.server_port}/"

    def server_bind(self) -> None:
        """Bind the socket; `HTTPServer` would ask for this machine's name, which can take seconds."""
        TCPServer.server_bind(self)
        self.server_port = self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        """Begin a thread for a connection, or refuse it where there are too many."""
        if len(self._connections) >= _MOST_CONNECTIONS:
            words = f"There are {_MOST_CONNECTIONS} connections already. Close one, or use one for many requests."
            request.settimeout(_DRAIN_SECONDS)
            with contextlib.suppress(OSError):
                request.sendall(_response(HTTPStatus.SERVICE_UNAVAILABLE, {"error": words}, is_last=True))
            self.shutdown_request(request)
            return
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """End a connection."""
        self._connections.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        """Close the socket and the connections: each reads no more, and is waited for while it writes its answer."""
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RD)
        super().server_close()


class _Refusal(Exception):
    """A request that is not answered, and why."""

    def __init__(self, status: HTTPStatus, words: str, allow: str = "") -> None:
        super().__init__(words)
        self.status, self.allow = status, allow


class _Incoming(io.RawIOBase):
    """What a connection sends, until a deadline: a timeout of the socket alone begins anew with each byte."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.deadline = 0.0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        return self._connection.recv_into(buffer)


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server
    rfile: io.BufferedReader

    def setup(self) -> None:
        super().setup()
        self._incoming = _Incoming(self.connection)
        self.rfile = io.BufferedReader(self._incoming)

    def handle_one_request(self) -> None:
        """Read a request and answer it; whatever is wrong with it gets an answer in JSON, too."""
        self.close_connection = True
        self.command, self._is_read = "", False
        try:
            self._incoming.deadline = time.monotonic() + _IDLE_SECONDS
            if not self.rfile.peek(1):
                return
            self._incoming.deadline = time.monotonic() + _REQUEST_SECONDS
            self.raw_requestline = self.rfile.readline(_LONGEST_LINE + 1)
            if len(self.raw_requestline) > _LONGEST_LINE:
                self.send_error(HTTPStatus.REQUEST_URI_TOO_LONG)
            elif self.parse_request():
                self._reply()
        except TimeoutError:
            self.close_connection = True
            if self.command:  # its head had come
                self.send_error(
                    HTTPStatus.REQUEST_TIMEOUT,
                    f"The request took more than {_REQUEST_SECONDS:g} s to come. Send it anew.",
                )
        except OSError:  # the other side is gone
            self.close_connection = True

    def _reply(self) -> None:
        """Answer a request whose head has been read."""
        # Only a GET that says nothing of a body surely has none.
        length = self.headers.get("content-length", "0" if self.command == "GET" else "")
        self._is_read = length == "0" and "transfer-encoding" not in self.headers
        status, allow = HTTPStatus.OK, ""
        content: Mapping[str, Any]
        try:
            content = self._content()
        except _Refusal as error:
            status, content, allow = error.status, {"error": str(error)}, error.allow
        except DataError as error:
            status, content = HTTPStatus.UNPROCESSABLE_ENTITY, {"error": str(error)}
        except OSError:
            raise
        except Exception:
            traceback.print_exc()
            status, content = HTTPStatus.INTERNAL_SERVER_ERROR, {"error": "The server failed; its terminal says how."}
        self.close_connection = self.close_connection or not self._is_read
        self._send(status, content, allow)

    def _content(self) -> Mapping[str, Any]:
        """Return what a request asks for."""
        self._check_sender()
        method = _METHODS.get(self.path)
        if method is None:
            raise _Refusal(
                HTTPStatus.NOT_FOUND, f"There is nothing at {self.path[:80]!r}. Ask for {', '.join(_METHODS)}."
            )
        if self.command != method:
            raise _Refusal(
                HTTPStatus.METHOD_NOT_ALLOWED, f"{self.path} takes {method}, not {self.command[:20]}.", allow=method
            )
        if self.path == "/health":
            return {"status": "ok"}
        if self.path == "/":
            return self.server.description
        document = _document(self._body())
        with self.server.lock:
            return self.server.model.answer(document["rows"])

    def _check_sender(self) -> None:
        """Refuse a request that a page from elsewhere may have sent."""
        hosts, origins = self.headers.get_all("host", []), self.headers.get_all("origin", [])
        if len(hosts) != 1 or not self.server.access.is_host(hosts[0]):
            raise _Refusal(
                HTTPStatus.MISDIRECTED_REQUEST, f"This server is not asked for by that Host. Use {self.server.address}."
            )
        if not all(self.server.access.is_origin(origin, hosts[0]) for origin in origins):
            raise _Refusal(HTTPStatus.FORBIDDEN, "A page from elsewhere may not ask this server.")

    def _body(self) -> bytes:
        """Return the body, having refused what is not JSON by its head, or too long."""
        kind, coding = self.headers.get_content_type(), self.headers.get("content-encoding", "identity")
        if kind != "application/json" or coding != "identity" or "content-type" not in self.headers:
            raise _Refusal(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
                "The body must be JSON, as it is. Send Content-Type: application/json.",
            )
        lengths = self.headers.get_all("content-length", [])
        if "transfer-encoding" in self.headers or not lengths:
            raise _Refusal(HTTPStatus.LENGTH_REQUIRED, "The length of the body is not said. Send Content-Length.")
        if len(lengths) > 1 or not (lengths[0].isascii() and lengths[0].isdigit()) or len(lengths[0]) > 20:
            raise _Refusal(HTTPStatus.BAD_REQUEST, "Content-Length must be one whole number of bytes.")
        length = int(lengths[0])
        if length > MOST_BYTES:
            raise _Refusal(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"The body has {length:,} bytes. At most {MOST_BYTES:,} are taken. Send fewer rows at a time.",
            )
        body = self.rfile.read(length)
        if len(body) < length:
            raise ConnectionError
        self._is_read = True
        return body

    def _send(self, status: HTTPStatus, content: Mapping[str, Any], allow: str = "") -> None:
        """Send an answer in one piece."""
        answer = _response(status, content, self.close_connection, allow, has_body=self.command != "HEAD")
        self.connection.settimeout(_REQUEST_SECONDS)
        self.connection.sendall(answer)
        if self.close_connection and not self._is_read:
            self._drain()

    def _drain(self) -> None:
        """Read for a moment what nobody wants: closing at once would take the answer from who still sends."""
        self._incoming.deadline = time.monotonic() + _DRAIN_SECONDS
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            while self.rfile.read1(_LONGEST_LINE):
                pass

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer in JSON what the standard library finds wrong with a head."""
        status = HTTPStatus(code)
        self.close_connection = True
        with contextlib.suppress(OSError):
            self._send(status, {"error": message or status.phrase})

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing of requests."""


def _document(body: bytes) -> dict[str, Any]:
    """Return the JSON of a body, an object that has rows and nothing else."""
    try:
        document = json.loads(body.decode(), parse_constant=_refuse_constant, object_pairs_hook=_distinct)
    except RecursionError:
        raise _Refusal(HTTPStatus.BAD_REQUEST, "The body is nested too deep. Send rows of plain values.") from None
    except ValueError as error:
        raise _Refusal(HTTPStatus.BAD_REQUEST, f"The body is no JSON: {str(error)[:200]}.") from None
    if type(document) is not dict or document.keys() != {"rows"}:
        got = ", ".join(repr(name[:40]) for name in document) if document and type(document) is dict else told(document)
        raise _Refusal(
            HTTPStatus.UNPROCESSABLE_ENTITY, f'The body must be {{"rows": [...]}}, and nothing else. Got {got[:200]}.'
        )
    return document


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON; null stands for what is missing")


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)[:40]!r} stands twice in an object")
    return made


def _response(
    status: HTTPStatus, content: Mapping[str, Any], is_last: bool, allow: str = "", has_body: bool = True
) -> bytes:
    """Return an answer as it goes over the wire."""
    body = json.dumps(content, allow_nan=False).encode() + b"\n"
    lines = [
        f"HTTP/1.1 {status.value} {status.phrase}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "X-Content-Type-Options: nosniff",
        "Cache-Control: no-store",
        f"Connection: {'close' if is_last else 'keep-alive'}",
        *([f"Allow: {allow}"] if allow else []),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + (body if has_body else b"")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
