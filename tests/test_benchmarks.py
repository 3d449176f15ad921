"""Oracle: ratios, quartiles and losses worked by hand; sections of a page that must be there. No peer is needed."""

import json
import math
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent
if not (ROOT / "benchmarks").is_dir():
    pytest.skip("the benchmarks are not part of this copy", allow_module_level=True)
sys.path.insert(0, str(ROOT))

from benchmarks.networks import NETWORKS, cross_entropy, find_network  # noqa: E402
from benchmarks.outside import slides_folder  # noqa: E402
from benchmarks.page import read_results, render_page, write_results  # noqa: E402
from benchmarks.parts import PARTS, curve, load_part  # noqa: E402
from benchmarks.side_by_side import ratio, ratio_range, take_turns, workers  # noqa: E402
from benchmarks.targets import TARGETS, Target  # noqa: E402

MACHINE = {"processor": "a processor", "processors": 4, "used": 2, "system": "a system", "python": "3.11", "load": 0.5}


class _Worker:
    def __init__(self, peer):
        self.peer = peer


def results_of_training(loss):
    raw = {
        "784-10/100": {
            "seconds_per_step": {"feedforward": [1e-4, 2e-4, 6e-4], "jax_scan": [2e-4, 4e-4, 8e-4]},
            "loss": {"feedforward": loss, "jax_scan": 0.5, "torch_eager": 0.5},
            "loss_before": {},
            "versions": {},
            "failures": {"scikit_learn": "ImportError: no sklearn"},
            "load_before": 0.1,
            "date": "2026-01-01",
        }
    }
    return {"training": {"date": "2026-01-01", "machine": MACHINE, "versions": {"jax": "1.2"}, "raw": raw}}


def test_a_ratio_is_the_median_of_the_ratios_of_each_round():
    # 1/2, 4/2, 9/3 = 0.5, 2, 3; the ratio of the medians would be 4/2 = 2 too, so a fourth and fifth round differ:
    # 1/10 and 8/2 = 0.1, 4. Sorted: 0.1, 0.5, 2, 3, 4.
    ours, theirs = [1.0, 4.0, 9.0, 1.0, 8.0], [2.0, 2.0, 3.0, 10.0, 2.0]
    assert ratio(ours, theirs) == 2.0
    assert ratio_range(ours, theirs) == (0.5, 3.0)


def test_each_round_begins_with_another_peer():
    order = []

    def turn(worker):
        order.append(worker.peer)
        return float(len(order))

    results = take_turns([_Worker("a"), _Worker("b")], 3, turn)
    assert order == ["a", "b", "b", "a", "a", "b"]
    assert results == {"a": [1.0, 4.0, 5.0], "b": [2.0, 3.0, 6.0]}


def test_a_peer_that_fails_is_noted_and_the_others_go_on():
    failures = {}
    with workers(["no_such_peer"], find_network("4-4-3/8"), failures) as ready:
        assert ready == []
    assert failures == {
        "no_such_peer": "no_such_peer: ModuleNotFoundError: No module named 'benchmarks.peers.no_such_peer'"
    }


def test_the_loss_is_the_mean_of_minus_the_logarithms_of_the_labels_probabilities():
    # softmax (0, ln 3) = (1/4, 3/4); a shift of 1000 changes nothing: -(ln 1/4 + ln 3/4) / 2
    logits = np.array([[0, math.log(3)], [1000, 1000 + math.log(3)]])
    assert cross_entropy(logits, np.array([0, 1])) == pytest.approx(-(math.log(1 / 4) + math.log(3 / 4)) / 2)


def test_a_target_says_at_most_or_at_least():
    assert Target("training", "a", "a", 0.5).is_met(0.5)
    assert not Target("training", "a", "a", 0.5).is_met(0.51)
    assert Target("products", "a", "a", 0.85, is_least=True).is_met(0.9)
    assert not Target("products", "a", "a", 0.85, is_least=True).is_met(0.8)


def test_every_target_of_a_network_names_one_that_is_measured():
    for target in TARGETS:
        if target.part in ("training", "loaded"):
            assert target.key.split(":")[0] in NETWORKS


def test_every_target_belongs_to_a_part():
    assert {target.part for target in TARGETS} <= {*PARTS}
    assert len({(target.part, target.key) for target in TARGETS}) == len(TARGETS)


def test_a_network_is_found_by_its_widths_and_batch():
    network = find_network("64-32-10+bn/32")
    assert (network.units, network.batch_size, network.has_batch_normalization) == ((64, 32, 10), 32, True)
    assert network.name == "64-32-10+bn/32"
    with pytest.raises(ValueError, match=r"network '64': expected widths and a batch size. Write 64-64-10/32\."):
        find_network("64")


def test_data_are_the_same_each_time_and_whole_batches():
    network = find_network("4-4-3/8")
    (x, y), (x_again, y_again) = network.data(), network.data()
    assert x.dtype == np.float32 and x.shape == (network.rows, 4) and network.rows % network.batch_size == 0
    assert (x == x_again).all() and (y == y_again).all() and set(y) == {0, 1, 2}


def test_the_page_says_for_each_target_what_was_measured_and_whether_it_is_met():
    page = render_page(results_of_training(loss=0.5))
    # 0.5, 0.5, 0.75: the median is 0.5, above 0.4
    assert "| 784-10/100: time of a step / JAX scan | <= 0.4 | 0.5 | **no** |" in page
    assert "| 784-512-10/128: time of a step / JAX scan | <= 0.8 | not measured |  |" in page
    assert "| feedforward | 200.0 |  | 0.500 |" in page
    assert "| scikit-learn | failed: ImportError: no sklearn |" in page
    assert "Versions: jax 1.2." in page


def test_a_time_without_learning_does_not_count():
    page = render_page(results_of_training(loss=0.9))
    assert "| 784-10/100: time of a step / JAX scan | <= 0.4 | does not count: loss 0.9 | no |" in page
    assert "| feedforward | 200.0 |  | 0.900 (too high: has not learnt) |" in page


def test_results_are_read_as_they_were_written(tmp_path):
    results = results_of_training(loss=0.5)
    write_results(tmp_path / "results.json", results)
    assert read_results(tmp_path / "results.json") == json.loads(json.dumps(results))
    assert '"feedforward": [ 0.0001, 0.0002, 0.0006 ]' in (tmp_path / "results.json").read_text()
    assert read_results(tmp_path / "none.json") == {}


def test_a_step_up_may_cost_its_work_and_a_fifth():
    # Times in proportion to the operations: from batch 512 to 1024 at width 1024 they double, up to what Adam takes.
    seconds = {(width, batch): curve.operations(width, batch) for width in curve.WIDTHS for batch in curve.BATCHES}
    assert max(excess for excess, _, _ in curve.steps_up(seconds)) <= 1 / curve.ALLOWANCE + 1e-12
    seconds[1024, 1024] *= 1.3
    excess, before, after = max(curve.steps_up(seconds))
    assert after == (1024, 1024) and before in {(1000, 1024), (1024, 512)}
    assert excess == pytest.approx(1.3 / 1.2, abs=1e-3)


def test_slowdowns_are_compared():
    part = load_part("loaded")
    # ours 2 / 1, JAX's 3 / 2
    times = {"idle": {"feedforward": [1.0], "jax_scan": [2.0]}, "loaded": {"feedforward": [2.0], "jax_scan": [3.0]}}
    assert part.figures({"784-10/100": times | {"failures": {}}}) == {"784-10/100": pytest.approx(4 / 3)}


def test_mnist_that_was_skipped_says_so():
    part = load_part("startup")
    raw = {"import": [0.3], "cold": [0.3], "warm": [0.1], "mnist": [], "mnist_warm": [], "mnist_result": []}
    assert part.figures(raw)["mnist"] == "skipped: MNIST is not in the folder that FEEDFORWARD_DATA names"
    assert "| import | 0.300 | 0.300 to 0.300 |" in part.render(raw)


def test_a_served_row_is_the_median_of_its_rounds():
    part = load_part("served")
    rounds = {"median": [0.5, 0.4, 0.9], "p99": [1.0, 2.0, 3.0]}
    raw = {"load_before": 0.2, "mlp": rounds, "realmlp": rounds, "nothing": rounds}
    assert part.figures(raw) == {"mlp": 0.5, "realmlp": 0.5}
    assert part.figures(raw).keys() == {target.key for target in TARGETS if target.part == "served"}
    assert "| a plain MLP, 64-64 | 0.500 | 2.000 |" in part.render(raw)


def old_programs():
    """Rounds of two programs, of the step of one, and a failure."""
    steps = {"feedforward": [9e-5, 8e-5], "kernel": [5e-5, 5e-5], "above": [4e-5, 3e-5], "tensorflow": [2e-4, 2e-4]}
    return {
        "tf1_constants.py": {
            "seconds": {"feedforward": [1.0, 2.0, 3.0], "tensorflow": [10.0, 10.0, 10.0]},
            "printed": {"feedforward": "22.5", "tensorflow": "22.5"},
            "load_before": 0.5,
        },
        "tf1_softmax.py": {
            "seconds": {"feedforward": [1.0, 1.0], "tensorflow": [4.0, 4.0]},
            "printed": {"feedforward": "0.92", "tensorflow": "0.925"},
            "step": steps,
        },
        "keras_mlp.py": {"failure": "tensorflow: no tf_keras"},
    }


def test_old_programs_are_compared_turn_by_turn_and_steps_above_their_kernel():
    figures = load_part("old_programs").figures(old_programs())
    assert figures["tf1_constants.py"] == pytest.approx(0.2)
    assert figures["step:tf1_softmax.py"] == pytest.approx(35.0)  # of 40 and 30 microseconds
    assert figures["keras_mlp.py"] == "failed: tensorflow: no tf_keras"
    assert figures["tf1_mlp.py"].startswith("skipped: ")


def test_the_table_of_old_programs_has_what_each_printed_last():
    text = load_part("old_programs").render(old_programs())
    assert "| tf1_constants.py | 2.00 | 10.00 | 0.200 (0.150 to 0.250) | 3 | 0.5 | 22.5 | 22.5 |" in text
    assert "| tf1_softmax.py: a session's run | 85.0 | 50.0 | 35.0 | 200.0 | 0.425 (0.413 to 0.438) |" in text


def test_programs_are_looked_for_in_the_folder_that_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("FEEDFORWARD_SLIDES", str(tmp_path))
    assert slides_folder() is None
    (tmp_path / "tf1_constants.py").write_text("")
    assert slides_folder() == tmp_path.resolve()
