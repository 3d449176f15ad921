"""Oracles: a rule that is kept = the rule that is read again; of the slow test, optimizers with tuned rates."""

import runpy
import sys
from pathlib import Path

import pytest

EXAMPLE = str(Path(__file__).parents[1] / "examples" / "learning_to_learn.py")


def test_a_rule_is_trained_kept_and_read_again(tmp_path, capsys, monkeypatch):
    path = tmp_path / "small.rule"
    arguments = ["learning_to_learn.py", "--train", "2", "--runs", "1", "--rule", str(path)]
    example = runpy.run_path(EXAMPLE)
    names = example["main"].__globals__
    study = example["Study"](
        lambda: example["learned"].CoordinatewiseLSTM(units=3, layers=1),
        example["learned"].Quadratics(2, 4),
        (example["Test"]("other quadratics", example["learned"].Quadratics(2, 4), 20),),
        runs=9,
    )
    monkeypatch.setitem(names, "STUDIES", {"quadratics": lambda: study})
    monkeypatch.setattr(sys, "argv", arguments)
    example["main"]()
    first = capsys.readouterr().out
    assert "2 runs" in first and "CoordinatewiseLSTM" in first and path.exists()
    monkeypatch.setattr(sys, "argv", [*arguments[:2], "0", *arguments[3:]])
    example["main"]()
    again = capsys.readouterr().out
    assert first[first.index("other") :] == again[again.index("other") :]


@pytest.mark.slow
def test_a_trained_rule_is_better_than_any_tuned_optimizer_on_quadratics():
    example = runpy.run_path(EXAMPLE)
    study = example["quadratics"]()
    rule = example["train"](study, study.runs, None)
    learned = example["learned"]
    optimizers = {**learned.TUNED, "learned": example["ff"].optimizers.Learned(rule)}
    found = learned.compare(study.task, optimizers, seeds=range(5))
    others = [curve.final.mean() for curve in found.curves[:-1]]
    assert found["learned"].final.mean() < min(others)
