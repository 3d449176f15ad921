"""Oracle: worked by hand: a lesson states what leads to its answer, and what it sets alone does not lead there."""

import time

import pytest

from feedforward.labs.catalog import rooms

LESSONS = [(room, lesson) for room in rooms().values() for lesson in room.lessons.values()]
PATIENCE = 30.0
"""Seconds of training at most."""


def carry_out(lab, content):
    for name, value in content.get("set", {}).items():
        lab.set(name, value)
    for name, arguments in content.get("do", []):
        lab.act(name, arguments)


@pytest.mark.parametrize(("room", "lesson"), LESSONS, ids=[f"{room.name}-{one.content['id']}" for room, one in LESSONS])
def test_a_lesson_leads_to_its_answer(room, lesson):
    lab = room.lab(room.lab.Settings())
    content, solution = lesson.content, lesson.content["solution"]
    carry_out(lab, content)
    if "right" in content["check"]:
        options = content["check"]["options"]
        assert not any(lesson.is_right(wrong, lab.measures()) for wrong in (None, -1, len(options), "0", True, 0.0))
        assert [lesson.is_right(option, lab.measures()) for option in range(len(options))].count(True) == 1
    else:
        assert not lesson.is_right(None, lab.measures())
    carry_out(lab, solution)
    end = time.monotonic() + (PATIENCE if lab.is_playing else solution.get("advance", 0))
    while time.monotonic() < end and not lesson.is_right(solution.get("answer"), lab.measures()):
        lab.advance(0.02)
    assert lesson.is_right(solution.get("answer"), lab.measures()), lab.measures()


@pytest.mark.parametrize("room", rooms().values(), ids=lambda room: room.name)
def test_every_lab_has_three_lessons_and_more(room):
    assert len(room.lessons) >= 3
