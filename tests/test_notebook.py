"""Oracles: html.parser (tags closed in their order), and HTML and text written out by hand."""

import sys
import types
from html.parser import HTMLParser

import numpy as np
import pytest

import feedforward as ff
from feedforward.notebook import Area, array_html, find_area, table_html, text_html
from feedforward.training.callbacks import Plan
from feedforward.training.progress import Progress

HOSTILE = "<script>alert('x')</script>\"&amp;"


class Cells(HTMLParser):
    """Collects the cells of a table's rows and all other text; fails on a tag that is not closed in its order."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.rows, self.texts = [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        assert tag in {"div", "b", "table", "tr", "th", "td", "pre"}, tag
        assert attributes in ([], [("style", "text-align:left")])
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        (self.rows[-1] if self.open[-1] in ("th", "td") else self.texts).append(data)


def test_a_model_is_its_summary_as_a_table():
    # 3 * 2 weights and 2 biases
    shown = Cells(ff.Sequential([ff.Input((3,), name="x"), ff.layers.Dense(2, name="d")], name="m")._repr_html_())
    assert shown.rows == [
        ["Layer (type)", "Output shape", "Parameters", "Multiply-adds"],
        ["x (Input)", "(None, 3)", "0", "0"],
        ["d (Dense)", "(None, 2)", "8", "6"],
    ]
    assert shown.texts == ["Model: m", "Parameters: 8 (8 trainable, 0 not), 32 bytes"]


def test_what_comes_from_outside_is_escaped():
    hostile = ff.Sequential([ff.Input((3,), name="x"), ff.layers.Dense(2)], name=HOSTILE)
    history = ff.callbacks.History()
    history.on_epoch_end(0, {HOSTILE: 0.5})
    for text in (
        hostile._repr_html_(),
        history._repr_html_(),
        table_html(HOSTILE, [HOSTILE], [[HOSTILE]], HOSTILE),
        text_html(HOSTILE),
        array_html(HOSTILE, np.zeros(2)),
        array_html(HOSTILE, np.zeros((2, 2, 2))),
    ):
        assert "<script" not in text
        shown = Cells(text)
        assert HOSTILE in "".join([*shown.texts, *(cell for row in shown.rows for cell in row)])


def test_a_model_without_an_input_shape_is_shown_as_text():
    assert ff.Sequential([ff.layers.Dense(2)])._repr_html_() is None


def test_a_history_is_a_table_of_epochs():
    history = ff.callbacks.History()
    for epoch, loss in enumerate([0.5, 2e-7]):
        history.on_epoch_end(epoch, {"loss": loss, "accuracy": 1.0})
    shown = Cells(history._repr_html_())
    assert shown.rows == [["epoch", "loss", "accuracy"], ["1", "0.5000", "1.0000"], ["2", "2e-07", "1.0000"]]
    assert shown.texts == ["2 epochs"]


@pytest.mark.parametrize(
    ("value", "rows"),
    [
        ([[1.0, 0.1], [2.5, -3.0]], [["1.0", "0.1"], ["2.5", "-3.0"]]),
        ([1, 2], [["1", "2"]]),
        ([True], [["True"]]),
        (list(range(14)), [[*"012345", "…", "8", "9", "10", "11", "12", "13"]]),
        ([float("nan"), float("-inf")], [["nan", "-inf"]]),
    ],
)
def test_a_tensor_of_one_or_two_dimensions_is_a_table(value, rows):
    tensor = ff.Tensor(value)
    shown = Cells(tensor._repr_html_())
    assert shown.rows == rows
    assert shown.texts == [f"Tensor {tensor.shape} {tensor.dtype.name}"]


def test_a_large_tensor_shows_its_borders():
    rows = Cells(ff.Tensor(np.arange(10000.0).reshape(100, 100))._repr_html_()).rows
    assert len(rows) == 13 and {len(row) for row in rows} == {13}
    assert rows[6] == ["…"] * 13
    assert (rows[0][0], rows[0][-1], rows[-1][-1]) == ("0.0", "99.0", "9999.0")


@pytest.mark.parametrize("shape", [(), (0,), (0, 3), (2, 2, 2)])
def test_other_tensors_are_text(shape):
    shown = Cells(ff.Variable(np.zeros(shape, np.float32))._repr_html_())
    assert shown.rows == []
    assert "".join(shown.texts).startswith(f"Variable {shape} float32\n")


def test_a_tensor_without_a_value_says_so():
    assert Cells(ff.Input((2,))._repr_html_()).texts == ["<Tensor shape=(None, 2) dtype=float32 without a value>"]


class Handle:
    def __init__(self, drawn):
        self.drawn = drawn

    def update(self, content, raw):
        assert raw
        self.drawn.append(content)


@pytest.fixture
def drawn(monkeypatch):
    """What a notebook is asked to draw: IPython's two functions, as its documentation describes them."""
    contents = []

    def display(content, raw, display_id):
        assert raw and display_id
        contents.append(content)
        return Handle(contents)

    ipython = types.ModuleType("IPython")
    ipython.get_ipython = lambda: types.SimpleNamespace(kernel=object())
    ipython.display = types.SimpleNamespace(display=display)
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    return contents


def test_there_is_an_area_only_in_a_notebook(drawn, monkeypatch):
    assert isinstance(find_area(), Area)
    monkeypatch.setattr(sys.modules["IPython"], "get_ipython", lambda: types.SimpleNamespace())  # IPython's terminal
    assert find_area() is None
    monkeypatch.setattr(sys.modules["IPython"], "get_ipython", lambda: None)
    assert find_area() is None
    monkeypatch.delitem(sys.modules, "IPython")
    assert find_area() is None


def train(progress, epochs):
    progress.plan = Plan(epochs=epochs, initial_epoch=0, steps=10, samples=100)
    progress.on_train_begin()
    for epoch in range(epochs):
        progress.on_epoch_begin(epoch)
        progress.on_look(5, {"loss": 0.5})
        progress.on_epoch_end(epoch, {"loss": 0.25})
    progress.on_train_end({})


def test_a_notebook_shows_a_bar_below_the_lines_and_the_lines_in_the_end(drawn, monkeypatch, capsys):
    now = iter(range(1000))
    monkeypatch.setattr("feedforward.training.progress.time.perf_counter", lambda: next(now))
    train(Progress(), 2)
    texts = [content["text/plain"] for content in drawn]
    assert [content["text/html"] for content in drawn] == [text_html(text) for text in texts]
    bars = [text for text in texts if "━" in text]
    assert bars[0].startswith("epoch 1/2 " + 12 * "━" + 12 * "─" + " 5/10  ")
    assert bars[-1].splitlines()[0].startswith("epoch 1/2 - ") and bars[-1].splitlines()[1].startswith("epoch 2/2 ━")
    assert [line.split(" - ")[0] for line in texts[-1].splitlines()] == ["epoch 1/2", "epoch 2/2"]
    assert all(line.endswith(" - loss 0.2500") for line in texts[-1].splitlines())
    assert capsys.readouterr().out == ""


def test_many_quick_epochs_are_drawn_now_and_then_and_the_last_ones_stay(drawn):
    train(Progress(), 200)
    assert 2 <= len(drawn) < 100  # at most one each tenth of a second, and one in the end
    lines = drawn[-1]["text/plain"].splitlines()
    assert [line.split(" - ")[0] for line in lines] == [f"epoch {epoch}/200" for epoch in range(181, 201)]


def test_a_second_training_gets_an_area_of_its_own(drawn):
    progress = Progress()
    train(progress, 1)
    train(progress, 1)
    assert [content["text/plain"].count("epoch 1/1") for content in (drawn[0], drawn[-1])] == [1, 1]


@pytest.mark.parametrize("verbose", [0, 2])
def test_a_notebook_is_left_alone_when_no_bar_is_asked_for(drawn, verbose, capsys):
    train(Progress(verbose), 1)
    assert drawn == []
    assert len(capsys.readouterr().out.splitlines()) == (verbose == 2)
