"""Oracle: two ways to each minimum, a general solver's and a gradient method's; values by hand where there are some."""

import runpy
from pathlib import Path

import pytest

EXAMPLE = str(Path(__file__).parents[1] / "examples" / "convex_programs.py")


def test_each_program_has_the_value_that_a_gradient_method_finds(capsys):
    pytest.importorskip("cvxpy", reason="CVXPY is not installed")
    found = runpy.run_path(EXAMPLE)["main"]()
    assert found.keys() == {"game", "portfolio", "meeting_point", "box", "eigenvalue"}
    near = {"game": 1.1e-3, "meeting_point": 1.1e-4}  # the gaps that the subgradient methods were asked for
    for name, (solved, beside) in found.items():
        assert beside == pytest.approx(solved, abs=near.get(name, 1e-5))
    # The three gains are equal, t, and add up to p_1: p = (3 t, 4 t, 5 t), t = 1/12.
    assert found["game"][0] == pytest.approx(1 / 12, abs=1e-6)
    # Where the diagonals cross, all distances add up to theirs: sqrt(18) + sqrt(20).
    assert found["meeting_point"][0] == pytest.approx(18**0.5 + 20**0.5, abs=1e-6)
    # A box without a lid is half a cube: 2 x 2 x 1, surface 12.
    assert found["box"][0] == pytest.approx(12, abs=1e-4)
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["LP", "QP", "SOCP", "GP", "SDP"]
