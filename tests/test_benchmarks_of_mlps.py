"""Oracle (a): ratios worked by hand; tables of three rows by eye."""

import sys
from pathlib import Path

import numpy as np
import pandas
import pytest

ROOT = Path(__file__).parent.parent
if not (ROOT / "benchmarks").is_dir():
    pytest.skip("the benchmarks are not part of this copy", allow_module_level=True)
sys.path.insert(0, str(ROOT))

from benchmarks.parts import load_part  # noqa: E402
from benchmarks.targets import TARGETS  # noqa: E402

PART = load_part("mlp")


def measured(ours, theirs, loss=0.5):
    times = {"feedforward": [ours] * 3, "scikit-learn": [theirs] * 3}
    size = {"rows": 1000, "columns": 20, "epochs": 5, "load_before": 0.1, "first": 1.0}
    return size | {"fit": times, "row": times, "loss": {"feedforward": loss, "scikit-learn": 0.5}}


def test_a_figure_is_the_geometric_mean_over_the_tables():
    raw = {"a": measured(1.0, 2.0), "b": measured(1.0, 8.0), "c": {"skipped": "not here"}}
    assert PART.figures(raw) == {"fit": pytest.approx(4.0), "row": pytest.approx(4.0)}
    page = PART.render(raw)
    assert "| a | 1,000 x 20 | 5 | 1.00 | 1.000 | 2.000 | 2.0 | 1000000 | 2000000 | 2.0 |" in page
    assert "| c | skipped: not here |" in page


def test_times_at_other_losses_do_not_count():
    raw = {"a": measured(1.0, 2.0), "b": measured(1.0, 8.0, loss=0.51)}
    assert PART.figures(raw)["fit"] == "does not count: the losses differ on b"


def test_without_data_the_figures_say_so(monkeypatch, tmp_path):
    monkeypatch.setenv("FEEDFORWARD_DATA", str(tmp_path))
    raw = PART.measure(type("Settings", (), {"rounds": 1}))
    assert {*PART.figures(raw).values()} == {"skipped: the data sets are not in the folder that FEEDFORWARD_DATA names"}


def test_every_target_is_a_figure():
    keys = {target.key for target in TARGETS if target.part == "mlp"}
    assert keys == PART.figures({"a": measured(1.0, 2.0)}).keys()


def test_a_table_is_standardised_with_categories_as_columns(monkeypatch):
    columns = {"sex": pandas.Categorical(["M", "F", "M"]), "age": [1.0, 2.0, 3.0], "size": [np.nan, 5.0, 6.0]}
    table = pandas.DataFrame(columns), np.array([3.0, 4.0, 8.0]), False
    monkeypatch.setattr(PART, "load_table", lambda name: table)
    x, y, is_classes = PART._numbers("a")
    # Numbers, of which the first of the second column is missing: the median 5.5; then F and M.
    raw = np.array([[1, 5.5, 0, 1], [2, 5, 1, 0], [3, 6, 0, 1]])
    np.testing.assert_allclose(x, (raw - raw.mean(0)) / raw.std(0))
    np.testing.assert_allclose(y, (np.array([3, 4, 8]) - 5) / np.std([3, 4, 8]))
    assert not is_classes
