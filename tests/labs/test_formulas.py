"""Oracle: Python's own parser, for what is a formula in both; worked by hand: trees and positions in messages."""

import json
import math
import random
from importlib.resources import files

import pytest

from feedforward.labs.errors import LabError
from feedforward.labs.formulas import FUNCTIONS, MOST_CHARACTERS, Apply, Name, Number, evaluate, parse, written

PYTHON = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "power": lambda a, b: a**b,
    "negate": lambda a: -a,
    "abs": abs,
    "max": max,
    "min": min,
    "sin": math.sin,
}
SHAPES = ("{} + {}", "{} - {}", "{} * {}", "{} / {}", "({} + {})", "({} - {}) * 2", "max({}, {})")


def a_formula(draw, depth):
    """A formula that Python reads, too."""
    if depth == 0:
        return draw.choice(["x", "y", "3", "0.5", "1.25e1"])
    left, right = a_formula(draw, depth - 1), a_formula(draw, depth - 1)
    shape = draw.choice([*SHAPES, "-{}", "(-{})**2", "abs({})", "sin({})"])
    return shape.format(left, right)


@pytest.mark.parametrize("seed", range(50))
def test_random_formulas_are_what_python_makes_of_them(seed):
    text = a_formula(random.Random(seed), 4)
    names = {"x": 1.75, "y": -0.625}
    expression = parse(text)
    try:
        expected = eval(text, {"sin": math.sin}, names)  # a formula of this file
    except ZeroDivisionError:
        pytest.skip("divides by zero")
    assert evaluate(expression, names, PYTHON) == expected
    assert parse(written(expression)) == expression


X, Y, Z = Name("x"), Name("y"), Name("z")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("x - y - z", Apply("subtract", (Apply("subtract", (X, Y)), Z))),
        ("x^y^z", Apply("power", (X, Apply("power", (Y, Z))))),
        ("-x^2", Apply("negate", (Apply("power", (X, Number(2.0))),))),
        ("x^-2", Apply("power", (X, Number(-2.0)))),
        ("+x", X),
        ("\uff08x\uff09\xd7y", Apply("multiply", (X, Y))),
        ("x \u2212 y", Apply("subtract", (X, Y))),
        ("2*pi", Apply("multiply", (Number(2.0), Number(math.pi)))),
        ("θ_1 / \uff0e\uff15", Apply("divide", (Name("θ_1"), Number(0.5)))),
    ],
)
def test_a_formula_is_read_as_mathematics_has_it(text, tree):
    assert parse(text) == tree
    assert parse(written(tree)) == tree


@pytest.mark.parametrize(
    ("text", "key", "values"),
    [
        ("", "formula_empty", {}),
        (" \t ", "formula_empty", {}),
        ("x y", "formula_rest", {"found": "y", "position": 3}),
        ("x)", "formula_rest", {"found": ")", "position": 2}),
        ("2 * (x + 1", "formula_unclosed", {"position": 5}),
        ("sin(x", "formula_unclosed", {"position": 4}),
        ("x +", "formula_ended", {}),
        ("x * / y", "formula_operand", {"found": "/", "position": 5}),
        ("max(x, , y)", "formula_operand", {"found": ",", "position": 8}),
        ("x + $", "formula_character", {"character": "$", "position": 5}),
        ("x\x00", "formula_character", {"character": "\x00", "position": 2}),
        ("\u0661 + x", "formula_character", {"character": "\u0661", "position": 1}),
        ("x\u202e + 1", "formula_character", {"character": "\u202e", "position": 2}),
        ("x + 1e999", "formula_number", {"number": "1e999", "position": 5}),
        ("max(x)", "formula_arguments", {"word": "max", "position": 1, "wanted": 2, "count": 1}),
        ("1 + exp", "formula_no_call", {"word": "exp", "position": 5}),
        ("q * x", "formula_name", {"word": "q", "position": 1, "names": "x, y"}),
        ("eval(x)", "formula_function", {"word": "eval", "position": 1, "functions": ", ".join(sorted(FUNCTIONS))}),
        ("x.y", "formula_character", {"character": ".", "position": 2}),
        ("(" * 200, "formula_deep", {"most": 50}),
        ("-" * 200 + "x", "formula_deep", {"most": 50}),
        ("x^" * 100 + "x", "formula_deep", {"most": 50}),
        ("x" + "+x" * 100, "formula_deep", {"most": 50}),
        ("sin(" * 55 + "x" + ")" * 55, "formula_deep", {"most": 50}),
        ("x" * 301, "formula_long", {"length": 301, "most": MOST_CHARACTERS}),
    ],
)
def test_what_is_no_formula_is_said_with_its_position(text, key, values):
    with pytest.raises(LabError) as caught:
        parse(text, ["x", "y"])
    assert (caught.value.key, caught.value.values) == (key, values)


def test_a_long_name_is_refused():
    with pytest.raises(LabError, match="formula_long_name"):
        parse("a_name_too_long + 1")


def test_each_message_has_words_in_both_languages():
    words = json.loads((files("feedforward.labs") / "page/words.json").read_text("utf-8"))
    source = (files("feedforward.labs") / "formulas.py").read_text("utf-8")
    keys = {part.split('"')[1] for part in source.split("LabError(")[1:]}
    assert len(keys) == 14
    for language in ("en", "zh"):
        assert {f"error.{key}" for key in keys} <= words[language].keys()
