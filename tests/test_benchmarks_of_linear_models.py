"""Oracle: times, gaps and ratios worked by hand; the minimum of a problem of one number. No peer is needed."""

import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent
if not (ROOT / "benchmarks").is_dir():
    pytest.skip("the benchmarks are not part of this copy", allow_module_level=True)
sys.path.insert(0, str(ROOT))

from benchmarks.linear import CERTIFIED, OURS, feedforward  # noqa: E402
from benchmarks.linear.contest import climb, gap, optimum  # noqa: E402
from benchmarks.linear.problems import DATA, PROBLEMS, LinearProblem, find_problem, load_data, save_data  # noqa: E402
from benchmarks.linear.steps import measure_steps  # noqa: E402
from benchmarks.parts import load_part  # noqa: E402
from benchmarks.targets import TARGETS  # noqa: E402

from feedforward.linear.loops.kernels import squared_norms  # noqa: E402

PART = load_part("linear")


def measured(ours, peer, **other):
    """What three rounds of two solvers to 1e-3 have given."""
    first = {OURS: {"0.01": [0.5, 0.1], "0.001": [1.0, 0.01]}, "a peer: fast": {"0.001": [1.0, 0.1]}}
    first["a peer: slow"] = {"0.001": [9.0, 0.1]}
    seconds = {"0.01": {OURS: [0.5, 0.5, 0.5]}, "0.001": {OURS: ours, "a peer: fast": peer}, "0.0001": {}}
    size = {"date": "2026-01-01", "rows": 1000, "columns": 20, "stored": 5000, "load_before": 0.1}
    return size | {"first": first, "seconds": seconds, "failures": {}} | other


def steps(two):
    return {
        "date": "2026-01-01", "rows": 1000, "columns": 20, "stored": 5_000_000, "load_before": 0.1,
        "seconds_per_pass": {"one": [0.02, 0.01, 0.03], "two": [0.01, 0.01, 0.01]},
        "primal": {"one": 100.0, "two": two},
    }  # fmt: skip


def test_the_least_time_that_reaches_a_gap_counts():
    answers = {1.0: (3.0, 0.5), 10**-0.5: (2.0, 0.009), 0.1: (5.0, 0.0009), 10**-1.5: (1.0, 0.0008), 0.01: (7.0, 1e-5)}
    asked = []

    def fit(tolerance):
        asked.append(tolerance)
        return next(answer for key, answer in answers.items() if key == pytest.approx(tolerance))

    best = climb(fit, 1.0)
    assert {wanted: seconds for wanted, (seconds, _) in best.items()} == {1e-2: 1.0, 1e-3: 1.0, 1e-4: 7.0}
    assert best[1e-3][1] == pytest.approx(10**-1.5)
    assert len(asked) == 5  # the last reached the least gap


def test_a_solver_that_takes_too_long_is_not_asked_for_more():
    asked = []

    def fit(tolerance):
        asked.append(tolerance)
        return 100.0, 0.5

    assert climb(fit, 10.0) == {} and asked == [10.0]


def test_a_gap_is_a_share_and_an_objective_below_its_minimum_is_an_error():
    assert gap(2.0, 1.5) == 0.25
    assert gap(1.0, 1.0 + 1e-12) == 0.0  # a rounding
    with pytest.raises(ValueError, match=r"P = 0\.9 is below D = 1\.0\. Expected P >= D\."):
        gap(0.9, 1.0)


def test_the_minimum_of_one_number_is_found(tmp_path):
    # Rows 1 and 1, labels 1 and -1, hinge: w^2 / 2 + max(0, 1 - w) + max(0, 1 + w) is 2 at w = 0, its minimum.
    np.save(tmp_path / "values.npy", np.array([[1.0], [1.0]]))
    np.save(tmp_path / "y.npy", np.array([1.0, -1.0]))
    primal, dual = optimum(LinearProblem("dense-18", "hinge"), tmp_path)
    assert primal == pytest.approx(2.0, rel=1e-5) and dual == pytest.approx(2.0, rel=1e-5)
    # Squared hinge and logistic are symmetrical too: 1 + 1, and 2 ln 2.
    assert optimum(LinearProblem("dense-18", "squared_hinge"), tmp_path)[0] == pytest.approx(2.0)
    assert optimum(LinearProblem("dense-18", "logistic"), tmp_path)[0] == pytest.approx(2 * np.log(2))


@pytest.mark.parametrize("loss", ["hinge", "squared_hinge", "logistic"])
def test_our_fits_reach_the_gap_that_they_are_asked_for(tmp_path, loss):
    problem = LinearProblem("dense-18:300", loss)
    save_data(problem.data, tmp_path)
    rows, y = load_data(tmp_path)
    _, dual = optimum(problem, tmp_path)
    fitter = feedforward.prepare(problem, rows, y)
    for method in fitter.methods:
        weights = np.append(fitter.weights(fitter.fit(method, 1e-4)), 0.0)
        assert gap(problem.objective(rows, y).primal(weights), dual) <= 1e-4


def test_text_like_rows_have_length_1_and_the_statistics_of_rcv1(tmp_path):
    save_data("rcv1-like:2000", tmp_path)
    rows, y = load_data(tmp_path)
    assert rows.shape == (2000, 47_236) and set(y) == {-1.0, 1.0}
    assert squared_norms(rows) == pytest.approx(np.ones(2000))
    assert rows.values.size / 2000 == pytest.approx(76, rel=0.05)
    _, indices, _ = rows.compressed()
    counts = np.sort(np.bincount(indices, minlength=47_236))[::-1]
    assert counts[0] < 0.7 * 2000  # no word is in all rows
    assert counts[:472].sum() > 0.25 * counts.sum()  # a hundredth of the words is more than a quarter of the text


def test_a_problem_is_found_by_its_name():
    assert [find_problem(name).name for name in PROBLEMS] == [*PROBLEMS]
    assert find_problem("rcv1-like:78000/logistic") == LinearProblem("rcv1-like:78000", "logistic")
    for name in ("a9a", "a9a:5/hinge", "rcv1-like:0/hinge", "a9a/cubic"):
        with pytest.raises(ValueError, match=f"problem '{name}': expected data and a loss. Write one of a9a, "):
            find_problem(name)


def test_data_that_are_not_there_are_skipped_with_a_reason(tmp_path, monkeypatch):
    monkeypatch.setenv("FEEDFORWARD_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="the data sets are not in the folder that FEEDFORWARD_DATA names"):
        save_data("a9a", tmp_path)
    raw = {"a9a/hinge": {"skipped": "no data"}}
    assert PART.figures(raw) == {"a9a/hinge": "skipped: no data"}
    assert "Skipped: no data." in PART.render(raw)


def test_ours_is_compared_with_the_best_peer_round_by_round():
    # 1/2, 2/2, 9/3
    raw = {"a9a/hinge": measured([1.0, 2.0, 9.0], [2.0, 2.0, 3.0])}
    assert PART.figures(raw) == {"a9a/hinge": 1.0}
    text = PART.render(raw)
    assert "| feedforward: auto | 0.5000 | 2.0000 | not reached |" in text
    assert "| a peer: slow | not reached | (9.0000) | not reached |" in text
    assert "| ours / best peer |  | 1.000 (0.750 to 2.000) |  |" in text


def test_a_gap_that_was_missed_in_a_round_does_not_count():
    figures = PART.figures({"a9a/hinge": measured([1.0, None, 1.0], [2.0, 2.0, 2.0])})
    assert figures == {"a9a/hinge": "failed: the gap was not reached"}
    figures = PART.figures({"a9a/hinge": measured([1.0, 1.0, 1.0], [2.0, None, 2.0])})
    assert figures == {"a9a/hinge": "no peer reached the gap"}


def test_two_threads_are_compared_where_their_objective_is_as_good():
    # 5 million numbers in a median of 0.02 s; 2, 1 and 3 times as fast.
    figures = PART.figures({"rcv1-like/steps": steps(100.05)})
    assert figures == {"rcv1-like/steps:speed": pytest.approx(250.0), "rcv1-like/steps:threads": pytest.approx(2.0)}
    figures = PART.figures({"rcv1-like/steps": steps(101.0)})
    assert figures["rcv1-like/steps:threads"] == "does not count: the objective is 1.00% higher"
    assert "| one | 0.020 | 250 | 100 |" in PART.render({"rcv1-like/steps": steps(101.0)})


def test_steps_are_measured_and_lower_the_objective(tmp_path):
    problem = find_problem("dense-18:500/steps")
    save_data(problem.data, tmp_path)
    objective = problem.objective(*load_data(tmp_path))
    raw = measure_steps(objective, 1)
    assert all(len(raw["seconds_per_pass"][threads]) == 1 for threads in ("one", "two"))
    assert raw["primal"]["one"] < objective.primal(np.zeros(objective.size))


def test_every_target_of_linear_models_names_what_is_measured():
    keys = {target.key.removesuffix(":speed").removesuffix(":threads") for target in TARGETS if target.part == "linear"}
    assert keys == {*PROBLEMS} and {key.split("/")[0] for key in keys} == {*DATA}
    assert CERTIFIED.startswith(OURS)
