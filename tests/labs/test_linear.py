"""Oracle: losses and gradients by an independent float64 formula and its differences; the rest by hand."""

import io
import math
from contextlib import redirect_stdout
from dataclasses import replace

import numpy as np
import pytest

import feedforward as ff
from feedforward.labs.errors import LabError
from feedforward.labs.linear.geometry import arrow, line, region
from feedforward.labs.linear.lab import Linear, Settings
from feedforward.labs.linear.objective import OBJECTIVES
from feedforward.labs.linear.state import LARGEST, LONGEST, MOST_POINTS, first_state, read_state
from feedforward.labs.link import read_link, write_link
from feedforward.labs.packing import pack

LOSSES = pytest.mark.parametrize("loss", OBJECTIVES)


def hinge(margin):
    return max(0.0, 1 - margin)


def cost(loss, scores, label):
    """What a point costs; of two classes the positive one is 0."""
    right, wrong = scores[label], np.delete(scores, label)
    margin = scores[0] if label == 0 else -scores[0]
    return {
        "weston_watkins": lambda: sum(hinge(right - s) for s in wrong),
        "one_vs_all": lambda: hinge(right) + sum(hinge(-s) for s in wrong),
        "structured": lambda: hinge(right - max(wrong)),
        "softmax": lambda: math.log(sum(math.exp(s) for s in scores)) - right,
        "logistic": lambda: math.log2(1 + math.exp(-margin)),
        "perceptron": lambda: max(0.0, -margin),
        "hinge": lambda: hinge(margin),
    }[loss]()


def total_of(loss, state, W, b, strength):
    used = W if loss in ("weston_watkins", "one_vs_all", "structured", "softmax") else W[:1]
    costs = [cost(loss, W @ x + b, y) for x, y in zip(state.x, state.y, strict=True)]
    return np.mean(costs) + strength * np.sum(used**2)


def drawn(loss, seed):
    """Return a lab with parameters and points at random, away from every kink."""
    random = np.random.default_rng(seed)
    W, b, x = random.uniform(-2, 2, (3, 2)), random.uniform(-1, 1, 3), random.uniform(-1.5, 1.5, (9, 2))
    return Linear(Settings(loss=loss), {**first_state().saved(), "W": W, "b": b, "x": x})


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        ("weston_watkins", 2),  # 1 for each of two wrong classes
        ("one_vs_all", 3),  # 1 for each class
        ("structured", 1),
        ("softmax", math.log(3)),  # -log(1/3)
        ("logistic", 1),  # log2(1 + 1)
        ("perceptron", 0),
        ("hinge", 1),
    ],
)
def test_losses_at_zero_weights_are_as_by_hand(loss, expected):
    lab = Linear(Settings(loss=loss, regularisation=0.0))
    lab.zero()
    assert lab.frame()["total"] == pytest.approx(expected, abs=1e-15)


def test_the_first_points_cost_what_they_do_by_hand():
    # Point 1: scores 1.3, -0.1, 0.6; max(0, 1 - 0.1 - 1.3) + max(0, 1 + 0.6 - 1.3) = 0.3.
    # Point 2: scores 1.4, 0.9, 1.6; 0.5 + 1.2 = 1.7. Point 3: 1.9, -2.1, -0.4; 0.
    frame = Linear(Settings()).frame()
    assert frame["scores"][:3] == pytest.approx(np.array([[1.3, -0.1, 0.6], [1.4, 0.9, 1.6], [1.9, -2.1, -0.4]]))
    assert frame["losses"][:3] == pytest.approx([0.3, 1.7, 0.0])
    assert frame["penalty"] == pytest.approx(0.1 * (1 + 4 + 4 + 16 + 9 + 1))
    assert frame["total"] == frame["data_loss"] + frame["penalty"]


@LOSSES
def test_losses_and_gradient_are_those_of_the_formula(loss):
    lab = drawn(loss, 1)
    state, now = lab.state, lab.evaluation
    costs = [cost(loss, state.W @ x + state.b, y) for x, y in zip(state.x, state.y, strict=True)]
    assert now.losses == pytest.approx(costs, rel=1e-13, abs=1e-13)
    assert float(now.total) == pytest.approx(total_of(loss, state, state.W, state.b, 0.1), rel=1e-13)
    step = 1e-6
    for row in range(len(now.gradient_b)):
        for column in range(3):
            ends = []
            for sign in (1, -1):
                W, b = state.W.copy(), state.b.copy()
                if column == 2:
                    b[row] += sign * step
                else:
                    W[row, column] += sign * step
                ends.append(total_of(loss, state, W, b, 0.1))
            slope = now.gradient_b[row] if column == 2 else now.gradient_W[row, column]
            # Rounding: 2 eps * total / step, of totals up to some 10.
            assert slope == pytest.approx((ends[0] - ends[1]) / (2 * step), abs=5e-9)


@LOSSES
def test_parts_of_the_margins_add_up_to_the_losses_and_lie_on_the_curve(loss):
    frame = drawn(loss, 2).frame()
    assert frame["parts"].sum(1) == pytest.approx(frame["losses"], rel=1e-13, abs=1e-13)
    margins, costs = frame["curve"]["margins"], frame["curve"]["costs"]
    assert margins[0] <= frame["margins"].min() and frame["margins"].max() <= margins[-1]
    # Between two of 241 places the curve is at most a quarter of the space times the change of its slope, 1.45, off it.
    off = np.interp(frame["margins"], margins, costs) - frame["parts"]
    assert np.abs(off).max() <= 0.25 * 1.45 * (margins[1] - margins[0])


@LOSSES
def test_the_check_finds_no_difference_away_from_kinks(loss):
    check = drawn(loss, 3).check
    assert check.kinks == 0
    assert check.difference < 1e-8 and check.rounding < 1e-7


def test_the_check_finds_a_gradient_that_is_wrong():
    class Wrong(ff.losses.CategoricalHinge):
        def per_sample(self, y_true, y_pred):
            return super().per_sample(y_true, y_pred + 0.01 * (y_pred - ff.stop_gradient(y_pred)))

    lab = drawn("weston_watkins", 3)
    wrong = replace(OBJECTIVES["weston_watkins"], loss=Wrong())
    assert wrong.check(*lab.inputs()).difference > 1e-3


def test_kinks_are_told_from_errors():
    lab = Linear(Settings(loss="perceptron", regularisation=0.0))
    lab.zero()  # every margin is 0, where max(0, -m) bends
    assert lab.check.difference == 0.0 and lab.check.kinks == 3


@LOSSES
def test_rounding_of_a_large_total_is_not_taken_for_an_error_or_a_kink(loss):
    lab = Linear(Settings(loss=loss, regularisation=1.0))
    for row in range(3):
        for column in range(2):
            lab.set_parameter(row, column, 1e5 * (1 + row - 2 * column))
    check = lab.check
    assert check.kinks == 0
    assert 1e-6 < check.rounding and check.difference <= check.rounding


@LOSSES
def test_an_update_is_an_epoch_of_the_saved_model_and_the_program_ends_at_the_same_loss(loss, tmp_path):
    lab = Linear(Settings(loss=loss, positive=1))
    lab.step(20)
    (tmp_path / "linear.ff").write_bytes(lab.file())
    model = ff.load(tmp_path / "linear.ff")
    x, y = lab.state.x, lab.targets()
    assert model.evaluate(x, y, verbose=0) == pytest.approx(float(lab.evaluation.total), rel=1e-14)
    lab.step(1)
    model.fit(x, y, batch_size=9, epochs=1, verbose=0)
    kernel, bias = model.get_weights()
    assert kernel.T == pytest.approx(lab.state.W[lab.rows], rel=1e-14, abs=1e-15)
    assert bias == pytest.approx(lab.state.b[lab.rows], rel=1e-14, abs=1e-15)
    printed = io.StringIO()
    with redirect_stdout(printed):
        exec(lab.script(), {})
    assert float(printed.getvalue().split()[-1]) == pytest.approx(float(lab.evaluation.total), abs=1e-9)


def test_other_rows_stay_as_they_are_where_a_loss_is_of_two_classes():
    lab = Linear(Settings(loss="hinge", positive=2))
    lab.step(5)
    assert (lab.state.W[:2] == first_state().W[:2]).all() and (lab.state.b[:2] == first_state().b[:2]).all()
    assert (lab.state.W[2] != first_state().W[2]).all()


def test_a_link_brings_the_same_state_to_the_bit():
    lab = Linear(Settings(loss="softmax"))
    lab.randomise()
    lab.add(0.1, -1 / 3, 2)
    lab.step(LONGEST + 5)
    again = Linear(lab.settings, read_link(write_link({"run": lab.saved()}))["run"])
    assert pack(again.frame()) == pack(lab.frame())
    for one in (lab, again):
        one.step(3)
        one.randomise()
    assert pack(again.saved()) == pack(lab.saved()) and again.script() == lab.script()


@pytest.mark.parametrize(
    "change",
    [
        {"x": None},
        {"x": [[0.0, 0.0]]},
        {"x": np.zeros((9, 3))},
        {"x": np.zeros((9, 2), np.float32)},
        {"x": np.full((9, 2), 1.51)},
        {"x": np.full((9, 2), np.nan)},
        {"x": np.zeros((0, 2)), "y": np.zeros(0, np.int32)},
        {"x": np.zeros((MOST_POINTS + 1, 2)), "y": np.zeros(MOST_POINTS + 1, np.int32)},
        {"x": np.array(0.0)},
        {"y": np.full(9, 3, np.int32)},
        {"y": np.full(9, -1, np.int32)},
        {"y": np.zeros(8, np.int32)},
        {"y": np.zeros(9)},
        {"y": np.zeros(9, np.int64)},
        {"y": np.full(9, np.iinfo(np.int32).min)},
        {"W": np.zeros((2, 3))},
        {"W": np.full((3, 2), 2 * LARGEST)},
        {"b": np.zeros((3, 1))},
        {"first_W": np.full((3, 2), np.inf)},
        {"first_b": "0"},
        {"since": -1},
        {"since": 5},
        {"since": True},
        {"updates": 1.0},
        {"draws": 2**60},
        {"losses": np.zeros(LONGEST + 1), "updates": LONGEST + 1},
        {"losses": np.zeros(1)},
        {"losses": np.zeros((1, 1)), "updates": 1},
        {"more": 1},
    ],
    ids=str,
)
def test_a_link_that_the_lab_cannot_have_made_is_refused(change):
    with pytest.raises(LabError, match="bad_link"):
        read_state({**first_state().saved(), **change})


def test_a_part_that_is_missing_is_refused():
    with pytest.raises(LabError, match="bad_link"):
        Linear(Settings(), {})


def test_points_are_moved_added_relabelled_and_removed():
    lab = Linear(Settings())
    lab.act("move", {"index": 0, "x": -1.5, "y": 1})
    lab.act("add", {"x": 0.25, "y": 0, "label": 1})
    lab.act("relabel", {"index": 1, "label": 2})
    lab.act("remove", {"index": 2})
    frame = lab.frame()
    assert frame["points"][[0, 1, 8]].tolist() == [[-1.5, 1.0], [0.8, 0.3], [0.25, 0.0]]
    assert frame["classes"].tolist() == [0, 2, 1, 1, 1, 2, 2, 2, 1]
    assert len(frame["losses"]) == 9


@pytest.mark.parametrize(
    ("action", "arguments", "key"),
    [
        ("move", {"index": 9, "x": 0, "y": 0}, "no_point"),
        ("relabel", {"index": 9, "label": 0}, "no_point"),
        ("remove", {"index": 9}, "no_point"),
        ("move", {"index": 0, "x": 1.6, "y": 0}, "out_of_range"),
        ("add", {"x": math.nan, "y": 0, "label": 0}, "not_a_number"),
        ("set_parameter", {"row": 3, "column": 0, "value": 0}, "out_of_range"),
        ("nudge", {"row": 0, "column": 0, "by": 0.2}, "no_choice"),
        ("step", {"count": 1001}, "out_of_range"),
    ],
)
def test_what_cannot_be_done_is_refused_and_changes_nothing(action, arguments, key):
    lab = Linear(Settings())
    with pytest.raises(LabError, match=f"^{key}"):
        lab.act(action, arguments)
    assert pack(lab.saved()) == pack(first_state().saved())


def test_the_last_point_stays_and_there_is_a_most():
    lab = Linear(Settings())
    for _ in range(8):
        lab.remove(0)
    with pytest.raises(LabError, match="last_point"):
        lab.remove(0)
    for _ in range(MOST_POINTS - 1):
        lab.add(0.0, 0.0, 0)
    with pytest.raises(LabError, match="too_many_points"):
        lab.add(0.0, 0.0, 0)


def test_parameters_are_typed_nudged_and_drawn_by_the_seed():
    lab = Linear(Settings())
    lab.act("set_parameter", {"row": 1, "column": 0, "value": -7})
    lab.act("set_parameter", {"row": 2, "column": 2, "value": 0.5})
    lab.act("nudge", {"row": 2, "column": 2, "by": -0.1})
    assert lab.state.W[1, 0] == -7.0 and lab.state.b[2] == 0.4
    found = []
    for _ in range(2):
        other = Linear(Settings(seed=5))
        other.randomise()
        other.randomise()
        found.append(other.state.W)
    assert (found[0] == found[1]).all() and (found[0] != first_state().W).all()


def test_training_that_diverges_stops_before_the_parameters_are_too_large():
    lab = Linear(Settings(regularisation=1.0, step_size=10.0))  # each step multiplies W by 1 - 2 * 1 * 10 = -19
    lab.play()
    with pytest.raises(LabError, match="diverged"):
        lab.step(1000)
    assert not lab.is_playing and np.abs(lab.state.W).max() <= LARGEST
    assert 0 < lab.measures()["updates"] < 10
    assert pack(lab.frame())


def test_updates_come_at_the_pace_that_is_set():
    lab = Linear(Settings(pace=1))
    lab.advance(0.02)
    lab.advance(0.02)
    assert lab.frame()["updates"] == 1  # the next is due after a second
    lab = Linear(Settings(pace=1000))
    lab.advance(0.05)
    assert 1 < lab.frame()["updates"] <= 51  # a busy machine misses some


def test_what_is_changed_by_hand_begins_the_count_for_lessons_anew():
    lab = Linear(Settings(loss="softmax"))
    lab.step(7)
    assert lab.measures()["updates"] == 7 and lab.measures()["rises"] == 0
    lab.set("step_size", 0.2)
    assert lab.measures()["updates"] == 0 and lab.frame()["updates"] == 7
    lab.set("step_size", 10.0)
    lab.step(1)
    assert lab.measures()["rises"] == 1


def test_points_that_pull_are_those_within_the_reach_of_the_loss():
    lab = Linear(Settings(loss="hinge"))  # margins 1.3 1.4 1.9 -0.2 -1.1 0.3 0.1 0.7 1.4
    assert np.flatnonzero(lab.frame()["active"]).tolist() == [3, 4, 5, 6, 7]
    lab.set("loss", "perceptron")
    assert np.flatnonzero(lab.frame()["active"]).tolist() == [3, 4]
    assert np.flatnonzero(lab.frame()["is_right"] == 0).tolist() == [3, 4]
    lab.set("loss", "softmax")
    assert not lab.frame()["active"].any()


def test_a_tie_is_no_right_answer():
    lab = Linear(Settings())
    lab.zero()
    assert lab.measures()["mistakes"] == 9
    assert all(not one["corners"] for one in lab.frame()["regions"])


def test_lines_arrows_and_regions_are_as_by_hand():
    # 2 x0 - 1 = 0 is x0 = 1/2 from the lower edge to the upper; its arrow stands on (1/2, 0).
    assert sorted(line(np.array([2.0, 0.0]), -1.0)) == [[0.5, -1.5], [0.5, 1.5]]
    assert arrow(np.array([2.0, 0.0]), -1.0, 0.25) == [[0.5, 0.0], [1.0, 0.0]]
    assert line(np.array([1.0, 0.0]), 2.0) is None
    assert line(np.zeros(2), 0.0) is None
    # Scores x0 and 0: the first is larger in the right half.
    W, b = np.array([[1.0, 0.0], [0.0, 0.0]]), np.zeros(2)
    assert sorted(region(W, b, 0)) == [[0.0, -1.5], [0.0, 1.5], [1.5, -1.5], [1.5, 1.5]]


def test_regions_cover_the_square_once():
    random = np.random.default_rng(0)
    for _ in range(20):
        W, b = random.normal(size=(3, 2)), random.normal(size=3)
        areas = []
        for row in range(3):
            x, y = np.array(region(W, b, row)).reshape(-1, 2).T
            areas.append(abs(x @ np.roll(y, 1) - y @ np.roll(x, 1)) / 2)  # the shoelace formula
        assert sum(areas) == pytest.approx(9.0)
