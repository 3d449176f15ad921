"""Oracle: errors and means worked by hand. No peer and no data are needed."""

import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent
if not (ROOT / "benchmarks").is_dir():
    pytest.skip("the benchmarks are not part of this copy", allow_module_level=True)
sys.path.insert(0, str(ROOT))

from benchmarks.parts import load_part  # noqa: E402
from benchmarks.tables import PEERS  # noqa: E402
from benchmarks.tables.problems import TABLES, check_table, split  # noqa: E402
from benchmarks.tables.worker import error_of  # noqa: E402
from benchmarks.targets import TARGETS  # noqa: E402

PART = load_part("tables")


def measured(errors, seconds):
    """What two splits of a table have given of each peer."""
    size = {"date": "2026-01-01", "rows": 1000, "columns": 20, "is_classes": True, "load_before": 0.1, "failures": {}}
    return size | {"error": errors, "seconds": seconds, "asking": seconds}


def of_all(values):
    return {peer: values for peer in PEERS}


def test_an_error_is_a_share_of_classes_or_relative_to_the_deviation():
    assert error_of([0, 1, 1, 2], np.array([0, 1, 2, 2]), True) == 0.25
    # Targets 0 and 4 have the deviation 2; errors of 1 and 1 have the root mean square 1.
    assert error_of([1.0, 3.0], np.array([0.0, 4.0]), False) == 0.5


def test_ratios_are_those_of_geometric_means_over_tables_of_both():
    first = measured({"feedforward": [0.01, 0.03], "pytabkit": [0.05]}, {"feedforward": [1.0], "pytabkit": [4.0]})
    raw = {
        "one": first,
        "two": measured({"feedforward": [0.05], "pytabkit": [0.05]}, {"feedforward": [2.0], "pytabkit": [8.0]}),
        "three": measured({"feedforward": [0.5]}, {"feedforward": [100.0]}),
        "four": {"skipped": "no data"},
    }
    figures = PART.figures(raw)
    assert figures["error"] == pytest.approx((0.03 * 0.06) ** 0.5 / 0.06)
    assert figures["seconds"] == pytest.approx(1 / 4)
    assert PART.figures({"four": {"skipped": "no data"}}) == {}


def test_every_target_has_its_figure():
    raw = {"one": measured(of_all([0.1]), of_all([1.0]))}
    assert PART.figures(raw).keys() == {target.key for target in TARGETS if target.part == "tables"}


def test_the_page_shows_every_peer_and_what_failed():
    raw = {
        "one": measured(of_all([0.1, 0.3]), of_all([1.0, 3.0])),
        "two": measured({"feedforward": [0.25]}, {"feedforward": [2.0]}) | {"failures": {"catboost": "catboost: no"}},
        "three": {"skipped": "no data"},
    }
    page = PART.render(raw)
    assert page.count("0.2000 (2.00)") == len(PEERS)
    assert page.count("0.2100 (2.00)") == len(PEERS)  # the mean, shifted, of the table that all have
    assert "| failed |" in page and "two, CatBoost: catboost: no" in page and "three: skipped, no data" in page


def test_a_table_that_is_not_there_is_refused():
    assert check_table("adult:20000") == "adult:20000"
    for name in ("adlt", "adult:10", "adult:x"):
        with pytest.raises(ValueError, match=r"table '.*': expected one of adult"):
            check_table(name)
    assert len(TABLES) >= 15


def test_splits_differ_and_hold_back_a_fifth_of_each_class():
    y = np.repeat([0, 1], [80, 20])
    parts = [split(y, True, number) for number in range(2)]
    for learnt, asked in parts:
        assert sorted([*learnt, *asked]) == list(range(100))
        assert np.bincount(y[asked]).tolist() == [16, 4]
    assert sorted(parts[0][1]) != sorted(parts[1][1])


def test_many_at_once_are_compared_round_by_round():
    part = load_part("many")
    names = {target.key for target in TARGETS if target.part == "many"}
    raw = {name: {"together": [1.0, 2.0, 9.0], "apart": [4.0, 4.0, 10.0]} for name in names}
    assert part.figures(raw) == dict.fromkeys(names, 0.5)  # the median of 1/4, 1/2 and 9/10
    assert all(f"| {name} | 0.500 (0.375 to 0.700) |" in part.render(raw) for name in names)
