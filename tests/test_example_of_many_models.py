"""Oracles: a guess, whose share of right answers is known; and that the mean of eight networks is better than one."""

import runpy
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_example_of_many_models_learns():
    found = runpy.run_path(str(ROOT / "examples" / "many_models_at_once.py"))
    x, y = found["table"]()
    seeds = found["seeds"](x, y, epochs=8)
    assert seeds["ensemble"] >= seeds["one"] > 0.75  # a guess is right in one of two
    assert found["folds"](x, y, epochs=8).means["accuracy"] > 0.75
    assert found["settings"](x, y, budget_s=120.0, most=4).best.score > 0.75
