"""Oracle: worked by hand: the nearest name by eye."""

import pytest

from feedforward.lookup import Registry, did_you_mean

NAMES = ["relu", "leaky_relu", "tanh", "mean_squared_error", "SGD"]


@pytest.fixture
def shapes():
    """A registry of two things."""
    registry = Registry("shape")
    registry.register("circle")("a circle")
    registry.register("square")("a square")
    return registry


@pytest.mark.parametrize(
    ("name", "end"),
    [
        ("rellu", "Did you mean 'relu'?"),
        ("ReLU", "Did you mean 'relu'?"),
        ("TANH", "Did you mean 'tanh'?"),
        ("leakyrelu", "Did you mean 'leaky_relu'?"),
        ("mse", "Did you mean 'mean_squared_error'?"),
        ("MSE", "Did you mean 'mean_squared_error'?"),
        ("sgd", "Did you mean 'SGD'?"),
        ("mean_square_error", "Did you mean 'mean_squared_error'?"),
        ("mean", "Did you mean 'mean_squared_error'?"),
        ("m", "Known: SGD, leaky_relu, mean_squared_error, relu, tanh."),
        ("wombat", "Known: SGD, leaky_relu, mean_squared_error, relu, tanh."),
        ("", "Known: SGD, leaky_relu, mean_squared_error, relu, tanh."),
    ],
)
def test_an_unknown_name_is_told_the_nearest_or_all(name, end):
    assert did_you_mean(name, NAMES) == end
    assert did_you_mean(name, dict.fromkeys(NAMES)) == end


def test_a_thing_is_found_by_its_name(shapes):
    assert shapes["circle"] == "a circle"
    assert "circle" in shapes and "triangle" not in shapes and 3 not in shapes
    assert list(shapes) == ["circle", "square"] and len(shapes) == 2


def test_registering_returns_the_thing(shapes):
    @shapes.register("line")
    def line():
        return "a line"

    assert line() == "a line" and shapes["line"] is line


def test_a_name_is_given_once(shapes):
    shapes.register("long_line", "ray")("a ray")
    for name in ("circle", "Circle", "ray", "LongLine"):
        message = rf"^shape '{name}' is registered already\. Choose another name\.$"
        with pytest.raises(ValueError, match=message):
            shapes.register(name)("another")
        with pytest.raises(ValueError, match=r"^shape 'new' is registered already"):
            shapes.register("new", name)("another")
    assert shapes["circle"] == "a circle" and "new" not in shapes


def test_a_thing_is_found_by_its_short_name_and_by_that_of_its_class(shapes):
    shapes.register("long_line", "ray")("a ray")
    for name in ("long_line", "LongLine", "longline", "LONG_LINE", "ray", "Ray"):
        assert shapes[name] == "a ray" and shapes.find(name) == "long_line"
    assert shapes.find("line") is None
    # What there is, and what files hold, are names alone.
    assert "ray" not in shapes and "LongLine" not in shapes and list(shapes) == ["circle", "square", "long_line"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("circel", r"^Unknown shape 'circel'\. Did you mean 'circle'\?$"),
        ("Square2", r"^Unknown shape 'Square2'\. Did you mean 'square'\?$"),
        ("wombat", r"^Unknown shape 'wombat'\. Known: circle, square\.$"),
    ],
)
def test_an_unknown_thing_is_told_the_nearest_name(shapes, name, message):
    with pytest.raises(ValueError, match=message):
        shapes[name]


@pytest.mark.parametrize("name", [3, None, ["circle"], {}, 1.5], ids=repr)
def test_what_is_no_name_is_told_the_names(shapes, name):
    with pytest.raises(TypeError, match=r"^Unknown shape .+\. Give a name\. Known: circle, square\.$"):
        shapes[name]
