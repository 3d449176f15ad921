"""Oracle: central differences of the loss, and a guess, which is right in one of ten."""

import runpy
from pathlib import Path

EXAMPLE = str(Path(__file__).parents[1] / "examples" / "backprop_by_hand.py")


def test_the_gradient_by_hand_is_right_and_learns(capsys):
    found = runpy.run_path(EXAMPLE)["main"]()
    # Steps of 6e-6: truncation of about 4e-11 and rounding of 4e-11, beside gradients of some hundredths.
    assert all(found[name] < 1e-8 for name in ("W1", "b1", "W2", "b2"))
    assert found["written"] < 1e-13  # some hundred roundings of float64
    assert found["right"] > 0.9
    said = capsys.readouterr().out
    assert "Every gradient is right." in said and "delta_hidden = da_hidden * (z_hidden > 0)" in said
