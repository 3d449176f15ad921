"""Oracle: identities: a link goes on with the same bits, a script has the same losses, a file predicts the same."""

import contextlib
import copy
import functools
import io
import json
import re
import subprocess
import sys

import numpy as np
import pytest

import feedforward as ff
from feedforward.labs.errors import LabError
from feedforward.labs.link import read_link, write_link
from feedforward.labs.playground.lab import Playground
from feedforward.labs.playground.record import MOST_EVENTS
from feedforward.labs.playground.settings import Settings
from feedforward.labs.settings import as_json, read_settings


@functools.cache
def run_with_changes():
    """A run of whose history nothing is missing: every kind of change, at different places of an epoch."""
    lab = Playground(Settings(points=60, data="xor", layers=(3,), activations=("tanh",), batch_norm=True))
    lab.run.go(10, 7)
    lab.set("dropout", 0.25)
    lab.step("epoch")
    lab.freeze(0, 1, 2, True)
    lab.set_weight(0, 0, 1, 1.5)
    lab.step("sample")
    lab.set("penalty", "l2")
    lab.set("penalty_rate", 0.02)
    lab.set("batch_size", 4)
    lab.step("epoch")
    lab.set("loss", "cross_entropy")
    lab.set_bias(1, 0, -0.125)
    lab.step("batch")
    lab.freeze_bias(1, 0, True)
    lab.set("optimizer", "adam")
    lab.step("epoch")
    lab.focus(1, 2)
    return lab


def run_of_own_points():
    lab = Playground(Settings(layers=(3,), activations=("tanh",), formula="x1*x2 - 2^-1", penalty="l1"))
    lab.act("read_table", {"text": "a,b,c\n" + "\n".join(f"{k},{-k * k},{'uvw'[k % 3]}" for k in range(12))})
    lab.run.go(3, 11)
    return lab


def plain_run():
    lab = Playground(Settings(points=100, noise=10.0, data="spiral", features=("x1", "sin_x2"), schedule="step"))
    lab.run.go(7, 31)
    lab.set("optimizer", "momentum")
    lab.step("epoch")
    return lab


@pytest.fixture(scope="module", params=[plain_run, run_with_changes, run_of_own_points], ids=lambda run: run.__name__)
def lab(request):
    return request.param()


@pytest.fixture(scope="module")
def changed():
    return run_with_changes()


def through_a_link(lab):
    return read_link(write_link({"settings": as_json(lab.settings), "run": lab.saved()}))


def opened(state):
    return Playground(read_settings(Settings, state["settings"]), state["run"])


def same(value, other):
    """Whether two frames or parts of them are equal, arrays to the bit."""
    if isinstance(value, dict):
        return value.keys() == other.keys() and all(same(value[key], other[key]) for key in value)
    if isinstance(value, list | tuple):
        return len(value) == len(other) and all(map(same, value, other))
    if isinstance(value, np.ndarray):
        return value.dtype == other.dtype and value.tobytes() == other.tobytes()
    return value == other


def test_a_link_shows_the_same_frame_and_goes_on_with_the_same_bits(lab):
    lab, again = opened(through_a_link(lab)), opened(through_a_link(lab))
    assert same({**lab.frame(), "data": 0}, {**again.frame(), "data": 0})
    before = lab.frame()
    for one in (lab, again):
        one.run.go(5, 9)
        one.set("learning_rate", 0.5)
        one.step("epoch")
    assert same(lab.frame(), again.frame())
    assert lab.frame()["loss"] != before["loss"]


def test_a_link_shows_what_its_own_lab_shows(lab):
    again = opened(through_a_link(lab))
    first, second = lab.frame(), again.frame()
    for frame in (first, second):
        frame["data"] = {**frame["data"], "version": 0}
    assert same(first, second)
    assert again.run.record == lab.run.record


def losses_printed(lines):
    return [float(line.split()[1]) for line in lines.splitlines()]


def losses_of(script):
    """Run a script that the lab has written, and return what it prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(script, {"__name__": "__main__"})
    return losses_printed(printed.getvalue())


def test_a_script_comes_to_the_losses_of_the_page(lab):
    loss = lab.frame()["loss"]
    assert losses_of(lab.script()) == [loss["train"], loss["test"]]


def test_a_script_of_a_run_that_diverged_ends_where_the_run_went_back_to():
    lab = Playground(Settings(points=60, data="plane", layers=(3,), activations=("relu",), learning_rate=3.0))
    lab.run.go(10, 50)
    frame = lab.frame()
    assert frame["diverged"] is not None and 0 < frame["step"] < 50
    assert losses_of(lab.script()) == [frame["loss"]["train"], frame["loss"]["test"]]


def test_a_script_runs_by_itself():
    lab = plain_run()
    command = [sys.executable, "-W", "error", "-"]
    done = subprocess.run(command, input=lab.script(), capture_output=True, text=True, timeout=60, check=False)
    assert not done.stderr
    assert losses_printed(done.stdout) == [lab.frame()["loss"]["train"], lab.frame()["loss"]["test"]]


def test_a_script_of_a_plain_run_is_plain():
    script = Playground(Settings()).script()
    assert len(script.splitlines()) < 80
    assert not re.search(r"^class |labs|Penalty", script, re.M)


def test_a_run_that_was_changed_too_often_has_no_script(changed):
    lab = opened(through_a_link(changed))
    for turn in range(MOST_EVENTS):
        lab.run.record.add("weight", 0, (0, turn % 2), float(turn % 100))
    with pytest.raises(LabError, match="script_too_long"):
        lab.script()
    assert len(opened(through_a_link(lab)).run.record.events) == MOST_EVENTS


def test_changes_that_follow_each_other_are_one_event():
    lab = Playground(Settings())
    lab.frame()
    for rate in (0.1, 0.2, 0.3):
        lab.set("learning_rate", rate)
    for _ in range(3):
        lab.step("batch")
    lab.set_weight(0, 0, 0, 1.0)
    lab.set_weight(0, 0, 0, 2.0)
    lab.set("show_test", True)
    assert lab.run.record.events == [
        ("set", "learning_rate", 0.3),
        ("train", 10, 3),
        ("weight", 0, (0, 0), 2.0),
    ]


def test_a_file_has_the_model_with_its_optimizer(lab, tmp_path):
    (tmp_path / "model.ff").write_bytes(lab.file())
    model = ff.load(tmp_path / "model.ff")
    run = lab.run
    assert same(model.predict(run.inputs, verbose=0), run.network.model.predict(run.inputs, verbose=0))
    assert model.optimizer.iterations.numpy() == run.network.optimizer.iterations.numpy()
    assert np.isfinite(model.train_on_batch(run.inputs, run.targets))


# ---- links from elsewhere


def put(*path):
    """A function that puts a value at a place of a link's state."""
    *way, last = path

    def change(state, value):
        for key in way:
            state = state[key]
        if value is GONE:
            del state[last]
        else:
            state[last] = value

    return change


GONE = object()
NAN, HUGE = float("nan"), 10**30
ODD = [None, True, -1, 0.5, "1", [], {}, HUGE, [[]], np.zeros(3), np.zeros((1, 1, 1)), GONE]
PLACES = {
    "position": [*ODD, [0, 0], [0, 30, 0], [0, -1, 0], [True, 0, 0], [0, 0, HUGE], [0.0, 0, 0]],
    "weights": ODD,
    "optimizer": [one for one in ODD if not isinstance(one, list) or one] + [[np.zeros(3)]],
    "held": ODD,
    "curve": [
        *ODD,
        np.zeros((0, 4)),
        np.zeros((2, 4)),
        np.full((1, 4), NAN),
        np.full((1, 4), -1.0),
        np.zeros((5000, 4)),
    ],
    "bound": [None, True, -1.0, 0, "1", [], NAN, float("inf"), GONE],
    "diverged": [True, -1, 0.5, "1", [], HUGE],
    "begun": [None, [], "x", {"data": "circle"}, {"data": 3}, {"nothing": 1}, GONE],
    "events": [
        None,
        "x",
        GONE,
        [["train", 0, 1]],
        [["train", 1, 1.5]],
        [["set", "data", "xor"]],
        [["set", "learning_rate", 1e9]],
        [["set", "optimizer", "__import__"]],
        [["weight", 0, [9, 9], 1.0]],
        [["weight", 0, [], 1.0]],
        [["weight", 0, [0, 0, 0], 1.0]],
        [["weight", 0, [0, 0], "1); import os"]],
        [["weight", 9, [0, 0], 1.0]],
        [["hold", 0, [0, 0], 1]],
        [["shell", "x"]],
        [[]],
        [["train", 1, 1]] * (MOST_EVENTS + 1),
    ],
    "is_whole": [None, 1, "yes", GONE],
    "focus": [[1, 3], {"layer": 9, "unit": 0}, {"layer": 1}, {"layer": 1, "unit": 63}, {"layer": -1, "unit": 0}, "x"],
}


@pytest.mark.parametrize("name", PLACES)
def test_a_link_that_holds_what_cannot_be_is_refused(changed, name):
    state = through_a_link(changed)
    for value in PLACES[name]:
        bad = {**state, "run": dict(state["run"])}
        put("run", name)(bad, value)
        with pytest.raises(LabError):
            opened(bad)


@pytest.mark.parametrize("value", [NAN, float("inf")])
def test_a_link_whose_numbers_are_not_finite_is_refused(changed, value):
    state = through_a_link(changed)
    for find in (lambda run: run["weights"][0], lambda run: run["held"][0][1], lambda run: run["optimizer"][-1]):
        bad = copy.deepcopy(state)
        find(bad["run"])[...] = value
        with pytest.raises(LabError):
            opened(bad)


def test_huge_weights_of_a_link_show_nothing_that_is_not_finite(changed):
    state = through_a_link(changed)
    state["run"]["weights"][0][...] = 1e300
    frame = opened(state).frame()
    arrays = [frame["maps"], frame["output"], *frame["gradients"], *frame["weights"]]
    assert all(np.isfinite(one).all() for one in arrays)


OWN = {
    "points": [
        None,
        "x",
        np.zeros((1, 2)),
        np.zeros((12, 3)),
        np.full((12, 2), 7.0),
        np.full((12, 2), NAN),
        np.zeros(12),
    ],
    "classes": [None, np.zeros(11), np.full(12, 3.0), np.full(12, 0.5), np.full(12, NAN), np.zeros(12, np.int32)],
    "names": [None, ["a"], ["a"] * 11, ["a", 1, "b"], ["a", "b" * 61, "c"], "abc"],
    "axes": [None, [], [["x", 0.0, 1.0]], [["x", 1.0, 0.0]] * 2, [["x", 0, 1]] * 2, [["x" * 61, 0.0, 1.0]] * 2],
}


@pytest.mark.parametrize("name", OWN)
def test_a_link_with_points_that_cannot_be_is_refused(name):
    state = through_a_link(run_of_own_points())
    for value in [*OWN[name], GONE]:
        bad = copy.deepcopy(state)
        put("run", "own", name)(bad, value)
        with pytest.raises(LabError):
            opened(bad)
    for own in (None, [], "x"):
        with pytest.raises(LabError):
            opened({**state, "run": {**state["run"], "own": own}})


def test_names_of_a_link_stay_words():
    state = through_a_link(run_of_own_points())
    state["run"]["own"]["names"][0] = '"); import os; ("'
    lab = opened(state)
    assert lab.frame()["class_names"][0] == '"); import os; ("'
    assert "import os" not in lab.script()
    json.dumps(lab.frame()["class_names"])
