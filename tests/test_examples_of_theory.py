"""Oracles: what theorems bound, formulas of counts by hand, molecules that are known, and a guess."""

import os
import re
import runpy
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("FEEDFORWARD_DATA", ROOT.parent / "shared" / "data"))


def example(name):
    return runpy.run_path(str(ROOT / "examples" / name))


def test_molecules_are_learned_from_their_atoms():
    kernel = example("theory.py")["molecules"]()
    # Without noise nothing but rounding of float32 is left.
    np.testing.assert_allclose(kernel, [[1, 0, 1], [2, 3, 1]], atol=1e-4)


def test_the_example_shows_networks_within_their_bounds(capsys):
    found = example("theory.py")
    for each in found["approximation"]()[:3]:
        assert each.error.low <= each.bound <= 0.1
    deep, fit = found["depth"]()
    assert deep.count == 32 and fit.units == 10
    found["linear_layers"]()
    assert "7,200 weights in 100 layers are 72 in one" in capsys.readouterr().out


@pytest.mark.slow
def test_the_whole_example_of_theory_draws_its_pictures(tmp_path, capsys):
    import matplotlib

    matplotlib.use("Agg")
    example("theory.py")["main"](tmp_path)
    assert len(list(tmp_path.iterdir())) == 16
    assert [line for line in capsys.readouterr().out.splitlines() if line[0] != " "] == [
        "approximation",
        "pieces",
        "depth",
        "linear layers",
        "perceptron",
        "molecules",
        "gradients",
    ]
    from matplotlib import pyplot

    pyplot.close("all")


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_networks_of_any_depth_are_as_large_as_they_may_be(depth):
    width_of = example("shapes.py")["width_of"]
    for parameters in (300, 1000, 50_001):
        n = width_of(parameters, depth, 16, 10)
        sizes = [(16 + 1) * w + (depth - 1) * (w + 1) * w + (w + 1) * 10 for w in (n, n + 1)]
        assert sizes[0] <= parameters < sizes[1]


def test_too_few_parameters_for_a_shape_are_refused():
    width_of = example("shapes.py")["width_of"]
    # One unit a layer: (16 + 1) + 2 (1 + 1) + (1 + 1) 10.
    assert width_of(41, 3, 16, 10) == 1
    message = "width_of: 40 parameters are too few for 3 hidden layers from 16 to 10. Expected at least 41. Raise"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        width_of(40, 3, 16, 10)


def test_shapes_are_compared_at_equal_size():
    found = example("shapes.py")["compare_shapes"]
    random = np.random.default_rng(0)
    x = random.standard_normal((600, 2)).astype(np.float32)
    y = (x[:, 0] * x[:, 1] > 0).astype(np.int64)  # exclusive or of signs
    shapes = found(((x[:400], y[:400]), (x[400:], y[400:])), parameters=400, depths=(1, 2), epochs=20, seeds=(0,))
    assert [(row.depth, row.width) for row in shapes.rows] == [(1, 79), (2, 17)]
    assert all(380 < row.parameters <= 400 and row.right[0] > 0.8 for row in shapes.rows)  # a guess is right in half
    assert "1 x 79" in str(shapes) and "2 x 17" in str(shapes)
    (line,) = [line for line in shapes.plot().axes[0].lines if len(line.get_xdata()) == 2]
    assert line.get_xdata().tolist() == [1, 2] and line.get_ydata().tolist() == [row.right[0] for row in shapes.rows]
    from matplotlib import pyplot

    pyplot.close("all")


@pytest.mark.slow
def test_shapes_are_compared_on_letters(monkeypatch, capsys):
    if not (DATA / "libsvm" / "letter.scale.gz").exists():
        pytest.skip("the letter table is not here")
    monkeypatch.setenv("FEEDFORWARD_DATA", str(DATA))
    found = example("shapes.py")["main"]("letter")
    assert all(np.mean(row.right) > 0.8 for row in found.rows)  # a guess is right in one of 26
    assert "3 x 60" in capsys.readouterr().out


def test_both_kinds_of_networks_for_radial_functions_have_as_many_weights():
    found = example("radial.py")
    for d in found["DIMENSIONS"]:
        for width in found["WIDTHS"]:
            two = found["parameters"](d, width, width)
            assert two == (d + 1) * width + (width + 1) * width + width + 1
            # One more unit of the shallow one, d + 2 numbers, would be too many.
            assert two - (d + 2) < found["parameters"](d, found["as_large"](d, two)) <= two


def test_a_small_deep_network_learns_a_radial_function_and_its_record_says_what_it_is():
    found = example("radial.py")
    row = found["trained"](2, (16, 16), 20)
    assert (row.d, row.widths, row.parameters, len(row.errors)) == (2, (16, 16), 337, 3)
    assert min(row.errors) < 0.25  # a constant is off by 1/2
    x, y = found["samples"](3, 50, 1)
    np.testing.assert_allclose(y, np.cos(np.pi * np.sqrt((x.astype(np.float64) ** 2).sum(1))), atol=1e-6)
    assert np.linalg.norm(x, axis=1).max() <= 3 + 1e-6


@pytest.mark.slow
def test_the_example_of_radial_functions_sees_the_deeper_ones_ahead(tmp_path, capsys):
    rows = example("radial.py")["main"](tmp_path)
    largest = {(row.d, len(row.widths)): np.mean(row.errors) for row in rows if row.parameters > 1000}
    assert largest[2, 2] < largest[2, 1] / 2 and largest[5, 2] < largest[5, 1] / 2
    assert (tmp_path / "radial.png").exists() and len(capsys.readouterr().out.splitlines()) == 18
    from matplotlib import pyplot

    pyplot.close("all")
