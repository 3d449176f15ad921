"""Oracle (d): PyTorch and JAX, run in the test where they are installed; (a): ratios worked by hand."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent
if not (ROOT / "benchmarks").is_dir():
    pytest.skip("the benchmarks are not part of this copy", allow_module_level=True)
sys.path.insert(0, str(ROOT))

from benchmarks.parts import load_part  # noqa: E402
from benchmarks.targets import TARGETS  # noqa: E402
from benchmarks.unrolled import PEERS, load_peer  # noqa: E402
from benchmarks.unrolled.problems import NAMES, find_problem  # noqa: E402

PART = load_part("unrolled")


@pytest.mark.parametrize("peer, package", [("torch_loop", "torch"), ("jax_scan", "jax")])
def test_a_run_of_a_peer_on_quadratics_gives_our_loss_and_our_weights(peer, package):
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    problem = find_problem("quadratics")
    ours, theirs = load_peer("feedforward").prepare(problem), load_peer(peer).prepare(problem)
    losses = [trainer.train(1) for trainer in (ours, theirs)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)  # 100 steps in float32, sums in other orders
    for name, value in theirs.weights().items():
        moved = np.abs(value - problem.weights[name]).max()
        assert moved > 1e-3  # five steps of Adam, each of up to 0.001
        # Adam divides by the size of a gradient, so rounding counts in full where that is small: 0.3 % was the most.
        np.testing.assert_allclose(ours.weights()[name], value, rtol=0, atol=0.02 * moved)


@pytest.mark.slow
@pytest.mark.parametrize("peer, package", [("torch_loop", "torch"), ("jax_scan", "jax")])
def test_a_run_of_a_peer_on_the_network_gives_our_loss_and_our_weights(peer, package):
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    problem = find_problem("network")
    ours, theirs = load_peer("feedforward").prepare(problem), load_peer(peer).prepare(problem)
    losses = [trainer.train(1) for trainer in (ours, theirs)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
    for name, value in theirs.weights().items():
        moved = np.abs(value - problem.weights[name]).max()
        assert moved > 1e-3
        np.testing.assert_allclose(ours.weights()[name], value, rtol=0, atol=0.02 * moved)  # as above


def test_a_problem_of_another_name_is_an_error():
    with pytest.raises(ValueError, match="problem 'rosenbrock': expected one of quadratics, network"):
        find_problem("rosenbrock")


def measured(loss=2.0, **failures):
    times = {"feedforward": [0.1, 0.1, 0.2], "torch_loop": [0.5, 0.6, 0.8], "jax_scan": [0.2, 0.2, 0.2]}
    kept = {peer: seconds for peer, seconds in times.items() if peer not in failures}
    return {
        "seconds_per_window": kept,
        "first_run": dict.fromkeys(kept, 3.0),
        "loss": dict.fromkeys(kept, 2.0) | {"feedforward": loss},
        "failures": failures,
    }


def test_a_figure_is_the_median_of_the_peers_time_over_ours():
    raw = {"quadratics": measured()}
    assert PART.figures(raw) == pytest.approx({"quadratics:torch_loop": 5.0, "quadratics:jax_scan": 2.0})
    page = PART.render(raw)
    assert "| quadratics | feedforward | 3.0 | 100.0 |  |" in page
    assert "| quadratics | PyTorch, a loop | 3.0 | 600.0 | 5.00 (4.50 to 5.50) |" in page


def test_times_at_other_losses_do_not_count_and_failures_are_told():
    raw = {"quadratics": measured(loss=2.01), "network": measured(jax_scan="jax_scan: no memory")}
    found = PART.figures(raw)
    assert found["quadratics:torch_loop"] == "does not count: the losses are 2.01 and 2"
    assert found["network:jax_scan"] == "failed: jax_scan: no memory"
    assert "| network | JAX, scan | failed: jax_scan: no memory |" in PART.render(raw)


def test_every_target_is_a_figure_of_a_problem_and_a_peer():
    keys = {target.key for target in TARGETS if target.part == "unrolled"}
    assert keys == {f"{name}:{peer}" for name in NAMES for peer in PEERS if peer != "feedforward"}
