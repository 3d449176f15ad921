"""Oracle: the theorems, whose bounds no gap may pass, and Huber's function, which attains one of them."""

import runpy
from pathlib import Path

import matplotlib
import pytest

EXAMPLE = str(Path(__file__).parents[1] / "examples" / "step_sizes.py")


def test_the_example_of_step_sizes_keeps_every_bound_and_attains_one(tmp_path, capsys):
    matplotlib.use("Agg")
    checks = runpy.run_path(EXAMPLE)["main"](["--steps", "60", "--plot", str(tmp_path / "rates.png")])
    found = {(check.name, check.point): check for panel in checks.values() for check in panel}
    assert len(found) == 16 and all(check.is_kept for check in found.values())
    assert found["gradient, Huber", "last"].tightness == pytest.approx(1, rel=1e-9)
    assert found["accelerated, Nesterov", "last"].tightness > 3 / 64
    assert (tmp_path / "rates.png").stat().st_size > 10_000
    printed = capsys.readouterr().out
    assert printed.count("measured gap <= proven") == 4
    # Of Huber's function the first 60 steps are on its line: (1 - k/121 - 1/242) / 121 <= 1 / (4 k + 2), k = 1, 10.
    line = next(line for line in printed.splitlines() if line.startswith("gradient, Huber "))
    assert line.split()[2:] == "last 0.00816 <= 0.167 0.00755 <= 0.0238 1.00".split()
    from matplotlib import pyplot

    pyplot.close("all")
