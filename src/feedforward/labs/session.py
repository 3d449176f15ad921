"""A page's session: a thread that has the lab, does what messages ask for, trains in between, and shows the frames.

A message is a JSON object with ``do`` and, where an answer is wanted, an ``id``, an int:

    {"do": "open", "lab": "playground", "state": text or null}    answered by what the page is built from
    {"do": "set", "name": "noise", "value": 10}                    a control
    {"do": "act", "action": "step", "arguments": {...}}            an action of the lab
    {"do": "lesson", "lesson": id}                                 the lesson's controls and actions
    {"do": "answer", "lesson": id, "option": 1 or null}            answered by {"right": bool, "because": TEXT or null}
    {"do": "link"} {"do": "script"} {"do": "file"}                 answered by text, text, bytes
    {"do": "drawn"}                                                 the last frame is on the screen: the next may come

A frame is sent when the page has drawn the last one, so that a slow page is not flooded and a fast one is not kept
waiting: between two messages lie at most some 10 ms of training and one frame.
"""

from __future__ import annotations

import json
import logging
import queue
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from feedforward.errors import BackendError, DataError, DtypeError, LimitError, NotFiniteError, ShapeError
from feedforward.labs.catalog import Room, rooms
from feedforward.labs.errors import LabError
from feedforward.labs.lab import Lab
from feedforward.labs.lessons import find_lesson
from feedforward.labs.link import read_link, write_link
from feedforward.labs.packing import pack
from feedforward.labs.settings import as_json, described, read_settings, shown

__all__ = ["Session", "opened"]

_TURN_SECONDS = 0.01
"""How long a lab trains before messages are looked at again."""

_MOST_WAITING = 1000
_MOST_CHARACTERS = 8 << 20
"""More messages than that do not wait, nor longer ones in all: a page sends some tens a second at most."""

_OF_THE_ENGINE = BackendError, DataError, DtypeError, LimitError, NotFiniteError, ShapeError, MemoryError
"""What the package says of what it was given; anything else is a fault of a lab."""

_log = logging.getLogger(__name__)


class Session:
    """What one open page is served by.

    Parameters
    ----------
    send : callable
        Takes a packed message for the page; may be called by any thread.
    """

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send = send
        self._messages: queue.Queue[str | None] = queue.Queue()
        self._received = self._taken = 0  # characters; the first is counted by who receives, the second by the thread
        self._is_closed = False
        self._room: Room | None = None
        self._lab: Lab | None = None
        self._is_drawn = False
        self._has_news = False
        self._thread = threading.Thread(target=self._run, name="a lab", daemon=True)
        self._thread.start()

    def receive(self, text: str) -> bool:
        """Take a message from the page; False if too many wait already."""
        if self._messages.qsize() >= _MOST_WAITING or self._received - self._taken > _MOST_CHARACTERS:
            return False
        self._received += len(text)
        self._messages.put(text)
        return True

    def close(self) -> None:
        """End the session, when the message that it is at is done; those that wait are left."""
        self._is_closed = True
        self._messages.put(None)

    def _run(self) -> None:
        while True:
            lab = self._lab
            is_busy = lab is not None and (lab.is_playing or (self._is_drawn and self._has_news))
            try:
                text = self._messages.get(block=not is_busy)
                while text is not None and not self._is_closed:
                    self._taken += len(text)
                    self._answer(text)
                    text = self._messages.get_nowait()
                return
            except queue.Empty:
                pass
            lab = self._lab
            if lab is None:
                continue
            if self._is_drawn and self._has_news:  # before training goes on: the page waits for it
                self._has_news = False
                self._guarded(None, self._show)
            if lab.is_playing:
                self._guarded(None, partial(lab.advance, _TURN_SECONDS))
                self._has_news = True

    def _answer(self, text: str) -> None:
        """Do what a message asks for, and answer it."""
        identity: int | None = None

        def do() -> None:
            nonlocal identity
            message = _read(text)
            identity = _identity(message)
            answer = self._do(message)
            if identity is not None:
                self._send(pack({"reply": identity, "answer": answer}))

        self._guarded(lambda: identity, do)

    def _guarded(self, identity: Callable[[], Any] | None, do: Callable[[], Any]) -> None:
        """Call a function; what goes wrong is told to the page, and the lab stops playing."""
        try:
            do()
            return
        except LabError as error:
            told = {"key": error.key, "values": error.values}
        except _OF_THE_ENGINE as error:
            told = {"key": "engine", "values": {"message": str(error)}}
        except Exception as error:
            _log.exception("A lab failed.")
            told = {"key": "fault", "values": {"message": f"{type(error).__name__}: {error}"}}
        if self._lab is not None and identity is None:
            self._lab.is_playing = False
        self._send(pack({"reply": identity() if identity else None, "error": told}))

    def _do(self, message: dict[str, Any]) -> Any:
        what = message.get("do")
        if what == "open":
            return self._open(message)
        lab, room = self._lab, self._room
        if lab is None or room is None:
            raise LabError("not_open")
        if what == "drawn":
            self._is_drawn = True
            return None
        if what == "link":
            return write_link({"lab": room.name, "settings": as_json(lab.settings), "run": lab.saved()})
        if what == "script":
            return lab.script()
        if what == "file":
            return np.frombuffer(lab.file(), np.uint8)
        if what == "answer":
            lesson = find_lesson(room.lessons, message.get("lesson"))
            is_right = lesson.is_right(message.get("option"), lab.measures())
            return {"right": is_right, "because": lesson.content["because"] if is_right else None}
        self._has_news = True
        if what == "set":
            lab.set(_text(message, "name"), message.get("value"))
            return {"settings": as_json(lab.settings)}
        if what == "act":
            arguments = message.get("arguments", {})
            if not isinstance(arguments, dict):
                raise LabError("bad_message")
            return lab.act(_text(message, "action"), arguments)
        if what == "lesson":
            lesson = find_lesson(room.lessons, message.get("lesson"))
            for name, value in lesson.content.get("set", {}).items():
                lab.set(name, value)
            for name, arguments in lesson.content.get("do", []):
                lab.act(name, arguments)
            return {"settings": as_json(lab.settings)}
        raise LabError("no_action", name=shown(what))

    def _open(self, message: dict[str, Any]) -> dict[str, Any]:
        """Open a lab, as a link describes it if one is given."""
        name = _text(message, "lab")
        if name not in rooms():
            raise LabError("no_lab", name=shown(name))
        room = rooms()[name]
        text = message.get("state")
        if text is None:
            self._lab = room.lab(room.lab.Settings())
        elif isinstance(text, str):
            self._lab = opened(room, read_link(text))
        else:
            raise LabError("bad_message")
        # The page says when it is ready for the new lab's frames: one that came before could not be drawn.
        self._room, self._has_news, self._is_drawn = room, True, False
        return {
            "lab": name,
            "controls": described(room.lab.Settings),
            "settings": as_json(self._lab.settings),
            "lessons": [lesson.shown for lesson in room.lessons.values()],
            "actions": {name: list(arguments) for name, arguments in room.lab.actions().items()},
        }

    def _show(self) -> None:
        """Send a frame; where there can be none, the page is told so, and waits for the next."""
        lab = self._lab
        if lab is None:
            raise LabError("not_open")
        self._send(pack({"frame": {**lab.frame(), "is_playing": lab.is_playing, "settings": as_json(lab.settings)}}))
        self._is_drawn = False


def opened(room: Room, state: dict[str, Any]) -> Lab:
    """Return the lab that a link describes.

    Raises
    ------
    LabError
        If it is of another lab, or holds what cannot be.
    """
    name, settings, run = (state.get(part) for part in ("lab", "settings", "run"))
    if not isinstance(name, str) or name != room.name or not isinstance(settings, dict) or not isinstance(run, dict):
        raise LabError("bad_link")
    return room.lab(read_settings(room.lab.Settings, settings), run)


def _read(text: str) -> dict[str, Any]:
    try:
        message = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise LabError("bad_message") from error
    if not isinstance(message, dict):
        raise LabError("bad_message")
    return message


def _identity(message: dict[str, Any]) -> int | None:
    """Return the number under which an answer is wanted, if one is; it goes back to the page."""
    value = message.get("id")
    if value is not None and type(value) is not int:
        raise LabError("bad_message")
    return value


def _text(message: dict[str, Any], name: str) -> str:
    value = message.get(name)
    if not isinstance(value, str):
        raise LabError("bad_message")
    return value
