"""Oracle: the page's own files: every key that they ask for, and every control, choice, group, error and lesson."""

import json
import re
from importlib.resources import files

import pytest

from feedforward.labs.catalog import rooms
from feedforward.labs.settings import described

HERE = files("feedforward.labs")
SHELL = json.loads((HERE / "page" / "words.json").read_text("utf-8"))


def words_of(room):
    own = json.loads((room.folder / "words.json").read_text("utf-8"))
    return {language: {**SHELL[language], **own[language]} for language in ("en", "zh")}


def files_below(folder, suffix):
    for one in folder.iterdir():
        if one.is_dir():
            yield from files_below(one, suffix)
        elif one.name.endswith(suffix):
            yield one


def texts(folder, suffix):
    return "\n".join(one.read_text("utf-8") for one in files_below(folder, suffix))


ROOMS = pytest.mark.parametrize("room", rooms().values(), ids=lambda room: room.name)


@pytest.mark.parametrize(
    "words", [SHELL, *(json.loads((r.folder / "words.json").read_text("utf-8")) for r in rooms().values())]
)
def test_both_languages_say_the_same_things(words):
    assert sorted(words) == ["en", "zh"]
    assert sorted(words["en"]) == sorted(words["zh"])
    for key, text in words["en"].items():
        there = words["zh"][key]
        assert text.strip() and there.strip(), key
        assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", there)), key


@ROOMS
def test_every_control_choice_and_group_has_words(room):
    words = words_of(room)["en"]
    assert "title" in words
    for control in described(room.lab.Settings):
        name = control["name"]
        if control["group"]:
            assert f"group.{control['group']}" in words
            assert f"control.{name}" in words
            for option in control.get("options", ()):
                if isinstance(option, str):
                    assert f"choice.{name}.{option}" in words or f"choice.{option}" in words, (name, option)


@ROOMS
def test_every_key_that_the_page_asks_for_has_words(room):
    words = words_of(room)["en"]
    page = texts(room.folder / "page", ".js")
    for key in re.findall(r"""\bsay\("([^"$]+)"[,)]""", page):
        assert key in words, key
    for name in re.findall(r"""\bpanel\("([^"$]+)"[,)]""", page):
        assert f"panel.{name}" in words, name


@ROOMS
def test_every_error_has_words(room):
    words = words_of(room)["en"]
    for key in re.findall(r"""LabError\(\s*"(\w+)\"""", texts(room.folder, ".py")):
        assert f"error.{key}" in words, key


def test_every_error_and_key_of_the_shell_has_words():
    for key in re.findall(
        r"""LabError\(\s*"(\w+)\"""",
        "\n".join(one.read_text("utf-8") for one in HERE.iterdir() if one.name.endswith(".py")),
    ):
        assert f"error.{key}" in SHELL["en"], key
    for key in re.findall(r"""\bsay\("([^"$]+)"[,)]""", texts(HERE / "page", ".js")):
        assert key in SHELL["en"] or key == "title", key


@ROOMS
def test_lessons_are_complete_in_both_languages(room):
    for name, lesson in room.lessons.items():
        content = lesson.content
        for part in ("title", "text", "question", "because"):
            assert sorted(content[part]) == ["en", "zh"] and all(content[part].values()), (name, part)
        for option in content["check"].get("options", ()):
            assert sorted(option) == ["en", "zh"], name
