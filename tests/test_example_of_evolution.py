"""Oracles: what is resumed = what was never stopped; the rule in the file = the rule that was trained."""

import runpy
from pathlib import Path

import numpy as np
import pytest

import feedforward as ff

EXAMPLE = str(Path(__file__).parents[1] / "examples" / "evolved_optimizer.py")


@pytest.mark.slow
def test_the_example_of_evolution_goes_on_from_its_file_and_writes_its_rule(tmp_path, capsys):
    main = runpy.run_path(EXAMPLE)["main"]
    path, out = tmp_path / "a.training", tmp_path / "a.rule"
    whole = main(steps=3, out=out)
    main(steps=2, resume=path, out=out)
    resumed = main(steps=3, resume=path, out=out)
    assert resumed.steps_done == 3
    assert "resumed after 2 steps" in capsys.readouterr().out
    rule = ff.learned.load_rule(out)
    for name, weight in whole.rule.weights.items():
        np.testing.assert_array_equal(weight.numpy(), resumed.rule.weights[name].numpy())
        np.testing.assert_array_equal(weight.numpy(), rule.weights[name].numpy())


def test_its_tasks_are_small_and_its_held_out_ones_are_others():
    found = runpy.run_path(EXAMPLE)
    sizes = [sum(int(np.prod(shape)) for shape in task.shapes().values()) for task in found["tasks"]()]
    # units * (inputs + 1) + outputs * (units + 1)
    assert sizes == [2410, 2410, 162, 228, 321, 225, 261, 257]
    first = [next(iter(task.shapes().values())) for task in found["held_out"]().values()]
    assert first == [(64, 24), (2, 32), (12, 32)]
