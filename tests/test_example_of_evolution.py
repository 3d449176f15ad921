"""Oracles: what is resumed = what was never stopped; the rule in the file = the rule that was trained; Adam."""

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
    whole = main(updates=3, out=out)
    main(updates=2, resume=path, out=out)
    resumed = main(updates=3, resume=path, out=out)
    assert resumed.updates_done == 3
    assert "resumed after 2 updates" in capsys.readouterr().out
    rule = ff.learned.load_rule(out)
    for name, weight in whole.rule.weights.items():
        np.testing.assert_array_equal(weight.numpy(), resumed.rule.weights[name].numpy())
        np.testing.assert_array_equal(weight.numpy(), rule.weights[name].numpy())


def test_held_out_losses_are_shown_again_wherever_it_was_stopped(tmp_path, capsys, monkeypatch):
    main = runpy.run_path(EXAMPLE)["main"]

    class Stopped:
        updates_done = 37

        def train(self, updates, look):
            self.updates_done += updates
            return 1.0

    monkeypatch.setitem(main.__globals__, "training_of", lambda rule, seed: Stopped())
    monkeypatch.setitem(main.__globals__, "held_out", dict)
    main(updates=1020, out=tmp_path / "a.rule")
    lines = capsys.readouterr().out.splitlines()
    done = [int(line.split()[0].replace(",", "")) for line in lines]
    assert done == [*range(50, 1001, 50), 1020]  # 50 at a time from 37 on
    assert [count for count, line in zip(done, lines, strict=True) if "held out" in line] == [500, 1000]


def test_its_tasks_are_small_and_its_held_out_ones_are_others():
    found = runpy.run_path(EXAMPLE)
    sizes = [sum(int(np.prod(shape)) for shape in task.shapes().values()) for task in found["tasks"]()]
    # units * (inputs + 1) + outputs * (units + 1)
    assert sizes == [2410, 162, 321, 2410]
    first = [next(iter(task.shapes().values())) for task in found["held_out"]().values()]
    assert first == [(64, 24), (2, 32), (12, 32)]


def test_the_rule_that_ships_goes_further_than_adam_on_tasks_it_was_not_trained_on():
    found = runpy.run_path(EXAMPLE)
    assert "small-tables" in ff.learned.shipped_rules()
    for task in found["held_out"]().values():
        rule = found["loss_of"](task, lambda _: ff.optimizers.Learned("small-tables"), 1.0, False)
        # Adam at its default rate; the rule leaves 0.13, 0.19 and 0.25, Adam 0.48, 0.90 and 1.25.
        assert rule < 0.5 * found["loss_of"](task, ff.optimizers.Adam, 0.001, False)
