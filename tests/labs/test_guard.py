"""Oracle: worked by hand: what a page elsewhere, a name pointed here, or a guess of the token may not reach."""

import http.client
import json
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from feedforward.labs.server import application as application_module
from feedforward.labs.server.application import LOGIN, LONGEST_MESSAGE, QUESTION, application
from feedforward.labs.server.guard import Access
from feedforward.labs.server.pages import pages
from feedforward.labs.server.start import serve
from labs_served import TOKEN, served


def ask(address, path, method="GET", host=None, origin=None, body=None):
    """Return status, headers and content of an answer."""
    place = urlsplit(address)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=10)
    try:
        connection.putrequest(method, path, skip_host=True)
        connection.putheader("Host", place.netloc if host is None else host)
        if origin is not None:
            connection.putheader("Origin", origin)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
    finally:
        connection.close()


@contextmanager
def line_to(address, path=f"/{TOKEN}/socket", origin=None, **extra):
    """A socket to the server."""
    place = urlsplit(address)
    origin = f"http://{place.netloc}" if origin is None else origin
    with connect(f"ws://{place.netloc}{path}", origin=origin or None, **extra) as line:
        yield line


ADDRESSES = ["/", "/page/main.js", "/labs.json", "/socket", "/page/words.json"]


@pytest.mark.parametrize("path", ADDRESSES)
@pytest.mark.parametrize("token", ["", "/wrong", f"/{TOKEN[:-1]}", f"/{TOKEN}x", f"/x/{TOKEN}", "/%C3%BCnlich"])
def test_nothing_is_reached_without_the_token(address, path, token):
    status, _, content = ask(address, f"{token}{path}")
    assert status == 403
    assert b"feedforward labs" in content  # says what to do


def test_every_address_is_reached_with_the_token(address):
    for path in [*pages(), "/labs.json"]:
        assert ask(address, f"/{TOKEN}{path}")[0] == 200, path


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:{port}",
        "127.0.0.1",
        "127.0.0.1:1",
        "127.0.0.1.evil.example:{port}",
        "",
        "10.0.0.1:{port}",
    ],
)
def test_a_name_that_was_pointed_here_is_refused(address, host):
    port = urlsplit(address).port
    assert ask(address, f"/{TOKEN}/", host=host.format(port=port))[0] == 421


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "https://127.0.0.1", "http://127.0.0.1:1", "file://"]
)
def test_a_page_from_elsewhere_is_refused(address, origin):
    assert ask(address, f"/{TOKEN}/labs.json", origin=origin)[0] == 403
    with pytest.raises(InvalidStatus, match="403"), line_to(address, origin=origin):
        pass


def test_a_socket_that_does_not_say_where_it_comes_from_is_refused(address):
    with pytest.raises(InvalidStatus, match="403"), line_to(address, origin=""):
        pass


@pytest.mark.parametrize("path", ["/socket", "/wrong/socket", f"/{TOKEN}/../socket"])
def test_the_socket_needs_the_token_too(address, path):
    with pytest.raises(InvalidStatus, match="403"), line_to(address, path):
        pass


@pytest.mark.parametrize(
    "path",
    [
        "/page/../lab.py",
        "/page/%2e%2e/lab.py",
        "/page/..%2flab.py",
        "/labs/playground/../lab.py",
        "//etc/passwd",
        "/etc/passwd",
        "/page/main.js%00",
        "/labs/playground/__init__.py",
        "/page//main.js",
    ],
)
def test_no_address_is_a_path(address, path):
    assert ask(address, f"/{TOKEN}{path}")[0] == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_nothing_is_changed_by_a_request(address, method):
    origin = f"http://{urlsplit(address).netloc}"
    assert ask(address, f"/{TOKEN}/", method, origin=origin)[0] == 405
    assert ask(address, f"/{TOKEN}/", method)[0] == 403


def test_a_browser_is_told_to_run_nothing_but_the_page(address):
    headers = ask(address, f"/{TOKEN}/")[1]
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
    assert policy["frame-ancestors"] == "'self'"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert "server" not in headers
    assert ask(address, "/")[1]["content-security-policy"]  # a refusal is told the same


def test_a_page_may_show_a_lab_in_a_frame_only_where_it_was_allowed():
    with served(embedders=("https://slides.example",)) as address:
        policy = ask(address, f"/{TOKEN}/")[1]["content-security-policy"]
    assert "frame-ancestors 'self' https://slides.example" in policy


def test_a_message_that_is_too_long_ends_the_line(address):
    with line_to(address) as line:
        line.send("x" * (LONGEST_MESSAGE + 1))
        with pytest.raises(ConnectionClosed):
            while True:
                line.recv(10)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "1",
        '"x"',
        "[" * 100_000,
        '{"do": null}',
        '{"do": "open"}',
        '{"do": "open", "lab": "os"}',
        '{"a": NaN}',
    ],
)
def test_a_message_that_is_none_is_answered_by_an_error(address, text):
    with line_to(address) as line:
        line.send(text)
        answer = read(line.recv(10))
        assert answer["error"]["key"] in ("bad_message", "not_open", "no_lab", "no_action")
        line.send(json.dumps({"do": "open", "lab": "playground", "state": None, "id": 1}))
        assert read(line.recv(10))["answer"]["lab"] == "playground"


def test_bytes_instead_of_text_end_the_line(address):
    with line_to(address) as line:
        line.send(b"\x00")
        with pytest.raises(ConnectionClosed):
            line.recv(10)


def read(content):
    length = int.from_bytes(content[:4], "little")
    return json.loads(content[4 : 4 + length])


def test_a_host_that_others_reach_needs_a_password():
    with pytest.raises(ValueError, match=r"host 0\.0\.0\.0: others reach it, so it needs a password"):
        serve(print, host="0.0.0.0", has_browser=False)


def test_a_password_opens_the_labs(monkeypatch):
    monkeypatch.setattr(application_module, "_PAUSE_SECONDS", 0.01)
    with served(password="correct horse") as address:
        origin = f"http://{urlsplit(address).netloc}"
        assert b"<form" in ask(address, QUESTION)[2]
        status, headers, _ = ask(address, LOGIN, "POST", origin=origin, body=b"password=correct+horse")
        assert (status, headers["location"]) == (303, f"/{TOKEN}/")
        for body in (b"password=wrong", b"", b"password=", b"token=correct+horse"):
            status, headers, content = ask(address, LOGIN, "POST", origin=origin, body=body)
            assert status == 403
            assert TOKEN not in str(headers) + str(content)
        assert ask(address, LOGIN, "POST", origin="http://evil.example", body=b"password=correct+horse")[0] == 403
        assert ask(address, LOGIN, "POST", origin=origin, body=b"password=" + b"x" * 10_000)[0] == 413


def test_without_a_password_there_is_no_question(address):
    assert ask(address, QUESTION)[0] == 403


def test_a_server_that_others_reach_is_asked_for_by_address_or_by_its_name():
    access = Access(TOKEN, 80, ("127.0.0.1", "lab.example"), has_addresses=True)
    assert [
        access.is_host(host)
        for host in ("10.1.2.3:80", "[fe80::1]:80", "lab.example:80", "evil.example:80", "x:80", "[fe80::1%;x]:80")
    ] == [
        True,
        True,
        True,
        False,
        False,
        False,
    ]


def test_what_is_neither_request_nor_socket_is_left_alone():
    # What a server asks beside them, such as "lifespan", is not answered.
    asked = application(Access(TOKEN, 1))({"type": "lifespan"}, None, None)
    with pytest.raises(StopIteration):
        asked.send(None)
