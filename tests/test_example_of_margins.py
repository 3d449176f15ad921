"""Oracles: a guess, whose share of right answers is known, and the shares that were mixed."""

import runpy
from pathlib import Path

import pytest

EXAMPLE = str(Path(__file__).parents[1] / "examples" / "margins.py")


def test_the_example_of_margins_learns(capsys):
    example = runpy.run_path(EXAMPLE)
    found = example["main"]()
    assert found.pop("perceptron") > 0.75  # a guess at even or odd is right in one of two
    assert all(share > 0.85 for share in found.values())  # a guess at a digit in one of ten
    assert example["mixture"]() == pytest.approx([0.7, 0.3, 0.0], abs=0.02)
    assert len(capsys.readouterr().out.splitlines()) == len(found) + 2
