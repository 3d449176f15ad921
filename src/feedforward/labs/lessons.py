"""Lessons: a data file for each lab that sets its controls, asks a question and checks the answer.

    [{"id": "xor", "title": TEXT, "text": TEXT, "set": {"data": "xor"}, "do": [["reset", {}]],
      "question": TEXT, "check": CHECK, "because": TEXT, "solution": {"set": {...}, "do": [...], "answer": 1}}]

    TEXT  = {"en": "...", "zh": "..."}
    CHECK = {"options": [TEXT, ...], "right": 1}                          the reader chooses an answer
          | {"measures": [["test_loss", "<", 0.05], ["data", "==", "xor"]]}   the lab must have come so far

``solution`` is what a test does to come to the right answer.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from typing import Any

from feedforward.labs.errors import LabError
from feedforward.labs.settings import shown

__all__ = ["Lesson", "find_lesson", "read_lessons"]

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


@dataclass(frozen=True)
class Lesson:
    """A lesson as its file has it."""

    content: Mapping[str, Any]

    @property
    def shown(self) -> dict[str, Any]:
        """What the page is told: all but the answer."""
        kept = {key: value for key, value in self.content.items() if key not in ("solution", "check", "because")}
        return {**kept, "options": self.content["check"].get("options", [])}

    def is_right(self, answer: Any, measures: Mapping[str, float | str]) -> bool:
        """Return whether the question is answered.

        Parameters
        ----------
        answer : int or None
            Which option was chosen, where there are some.
        measures : mapping
            What the lab has come to.
        """
        check = self.content["check"]
        if "right" in check:
            return type(answer) is int and answer == check["right"]
        return all(
            name in measures and _COMPARISONS[comparison](measures[name], wanted)
            for name, comparison, wanted in check["measures"]
        )


def read_lessons(folder: Traversable) -> dict[str, Lesson]:
    """Return the lessons of a lab's folder, by their ids, in order."""
    listed = json.loads((folder / "lessons.json").read_text("utf-8"))
    return {content["id"]: Lesson(content) for content in listed}


def find_lesson(lessons: Mapping[str, Lesson], name: Any) -> Lesson:
    """Return a lesson.

    Raises
    ------
    LabError
        If there is none of this id.
    """
    if not isinstance(name, str) or name not in lessons:
        raise LabError("no_lesson", name=shown(name))
    return lessons[name]
