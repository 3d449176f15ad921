"""Oracle: a guess, which is right in one of ten; scikit-learn's own MLPClassifier has 0.94 of the digits."""

import runpy
from pathlib import Path

import pytest

EXAMPLE = str(Path(__file__).parents[1] / "examples" / "mlp_in_scikit_learn.py")


@pytest.mark.slow
def test_the_example_finds_settings_that_read_most_digits(tmp_path, capsys):
    assert runpy.run_path(EXAMPLE)["main"](tmp_path) > 0.9
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert {path.name for path in tmp_path.iterdir()} == {"pipeline.pickle", "mlp.ff"}
