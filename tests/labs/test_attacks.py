"""Oracle: worked by hand: what a page or a link from elsewhere may send, and that each of it is answered by words."""

import asyncio
import json
import queue
import threading
from copy import deepcopy

import numpy as np
import pytest

from feedforward.labs.catalog import rooms
from feedforward.labs.errors import LabError
from feedforward.labs.linear.geometry import arrow, line, region
from feedforward.labs.server import application as served
from feedforward.labs.server.guard import Access
from feedforward.labs.session import Session, opened
from feedforward.labs.settings import as_json

PARTS = (np.zeros(0), np.zeros((2, 2), np.uint8), 10**400, -1, 0.5, 1e308, 5e-324, "x", [], {}, None, True)
"""What stands where something else is expected: an array is equal to nothing, and an int may be larger than floats."""


class Talk:
    """A session, and what it sends."""

    def __init__(self):
        self.sent = queue.Queue()
        self.session = Session(self.sent.put)

    def ask(self, text):
        assert self.session.receive(text if isinstance(text, str) else json.dumps(text))
        return self.next()

    def next(self):
        content = self.sent.get(timeout=20)
        return json.loads(content[4 : 4 + int.from_bytes(content[:4], "little")])


@pytest.fixture
def talk():
    one = Talk()
    yield one
    one.session.close()


def test_a_number_for_the_answer_that_is_none_is_refused_and_the_session_goes_on(talk):
    for number in ("[" * 900 + "]" * 900, "{}", '"1"', "1.5", "true", "NaN"):
        assert talk.ask(f'{{"do": "link", "id": {number}}}')["error"]["key"] == "bad_message"
    assert talk.ask({"do": "open", "lab": "linear", "id": 7})["reply"] == 7


def test_a_frame_that_cannot_be_drawn_does_not_stop_those_after_it(talk):
    talk.ask({"do": "open", "lab": "linear", "id": 1})
    lab = talk.session._lab
    frames = iter([LabError("diverged", largest=1, step_size=1)])

    def frame():
        for error in frames:
            raise error
        return {}

    lab.frame = frame
    assert talk.ask({"do": "drawn"})["error"]["key"] == "diverged"
    assert talk.ask({"do": "act", "action": "zero", "id": 2}) == {"reply": 2, "answer": None}
    assert "frame" in talk.next()


def test_messages_that_wait_are_left_when_the_page_is_closed():
    entered, going = threading.Event(), threading.Event()
    answers = []

    def send(content):
        answers.append(content)
        entered.set()
        going.wait(20)

    session = Session(send)
    for number in range(5):
        session.receive(json.dumps({"do": "open", "lab": "linear", "id": number}))
    entered.wait(20)
    session.close()
    going.set()
    session._thread.join(20)
    assert not session._thread.is_alive()
    assert len(answers) == 1


def test_no_more_than_eight_mebibytes_of_messages_wait():
    entered, going = threading.Event(), threading.Event()

    def send(content):
        entered.set()
        going.wait(20)

    session = Session(send)
    session.receive('{"do": "link", "id": 1}')
    entered.wait(20)
    assert [session.receive("x" * (5 << 20)) for _ in range(3)] == [True, True, False]
    session.close()
    going.set()


def test_a_page_that_asks_without_reading_is_left(monkeypatch):
    monkeypatch.setattr(served, "_MOST_UNSENT", 50_000)
    closed = []

    async def talk():
        asked = 0

        async def receive():
            nonlocal asked
            asked += 1
            await asyncio.sleep(0.002)
            if asked == 1:
                return {"type": "websocket.connect"}
            if asked > 1000:
                return {"type": "websocket.disconnect", "code": 1000}
            return {"type": "websocket.receive", "text": json.dumps({"do": "open", "lab": "linear", "id": asked})}

        async def send(message):
            if message["type"] == "websocket.send":
                await asyncio.Event().wait()  # whoever does not read
            if message["type"] == "websocket.close":
                closed.append(message["code"])

        headers = [(b"host", b"127.0.0.1:80"), (b"origin", b"http://127.0.0.1:80")]
        scope = {
            "type": "websocket",
            "path": "/token/socket",
            "headers": headers,
            "query_string": b"",
            "subprotocols": [],
        }
        await served.application(Access("token", 80))(scope, receive, send)

    asyncio.run(talk())
    assert closed == [1008]


def places(value, path=()):
    """The way to each part of a state; of a list to the first few of its parts."""
    entries = value.items() if isinstance(value, dict) else enumerate(value[:4]) if isinstance(value, list) else ()
    for key, one in entries:
        yield (*path, key)
        yield from places(one, (*path, key))


def state_of(name):
    """A state as a link has it, with something in every part of it."""
    room = rooms()[name]
    lab = room.lab(room.lab.Settings(data="digits") if name == "digits" else room.lab.Settings())
    if name == "playground":
        lab.set("optimizer", "momentum")
        lab.act("set_points", {"points": [[0, 0, 0], [1, 1, 1], [2, 2, 0], [3, 3, 1]]})
        lab.act("set_weight", {"layer": 0, "source": 0, "target": 0, "value": 0.5})
        lab.act("step", {"of": "batch"})
        lab.act("focus", {"layer": 1, "unit": 0})
    if name == "digits":
        lab.act("draw", {"strokes": [[[0.1, 0.1], [0.5, 0.5]]]})
        lab.act("judge", {"digit": 1})
    listed = json.loads(json.dumps(as_json(lab.settings)))
    return {"lab": name, "settings": listed, "run": lab.saved()}


@pytest.mark.parametrize("name", list(rooms()))
def test_a_link_with_anything_in_a_place_opens_or_is_refused_with_words(name):
    room, state = rooms()[name], state_of(name)
    opened(room, state)
    refused = 0
    for index, path in enumerate(places(state)):
        for value in (np.zeros(2), PARTS[index % len(PARTS)]):
            changed = deepcopy(state)
            part = changed
            for key in path[:-1]:
                part = part[key]
            part[path[-1]] = value
            try:
                opened(room, changed)
            except LabError:
                refused += 1
    assert refused > 20


@pytest.mark.parametrize(
    "w", [(1e-320, 0.0), (5e-324, 5e-324), (1e-200, 1e-200), (1e-320, 1.0), (0.0, 1e-310), (1e6, -1e6)]
)
@pytest.mark.parametrize("c", [0.0, 1.0, -1e6, 1e-320])
def test_parameters_next_to_nothing_are_drawn_without_overflow(w, c):
    with np.errstate(all="raise", under="ignore"):
        for drawn in (line(np.array(w), c), arrow(np.array(w), c, 0.25)):
            assert drawn is None or np.isfinite(drawn).all()


def test_a_region_is_cut_where_scores_differ_by_next_to_nothing():
    # The first score is larger where x > 0.
    corners = region(np.array([[1e-200, 0.0], [0.0, 0.0]]), np.zeros(2), 0)
    assert sorted(corners) == [[0.0, -1.5], [0.0, 1.5], [1.5, -1.5], [1.5, 1.5]]
