"""Oracle (a): the numbers of a history by hand; (d) pandas, polars and matplotlib, each asked for what it holds."""

import sys

import pytest

from feedforward.training.callbacks import History


@pytest.fixture
def history():
    made = History()
    made.on_epoch_end(2, {"loss": 2.0, "accuracy": 0.5, "val_loss": 3.0})
    made.on_epoch_end(3, {"loss": 1.0, "accuracy": 0.75, "val_loss": 2.5})
    return made


COLUMNS = {"epoch": [2, 3], "loss": [2.0, 1.0], "accuracy": [0.5, 0.75], "val_loss": [3.0, 2.5]}


def hide(monkeypatch, *modules):
    for module in modules:
        monkeypatch.setitem(sys.modules, module, None)  # as if it was not installed


def test_a_frame_of_pandas(history):
    pandas = pytest.importorskip("pandas")
    found = history.to_frame()
    assert isinstance(found, pandas.DataFrame) and found.to_dict("list") == COLUMNS
    assert History().to_frame().shape == (0, 1)


def test_a_frame_of_polars_where_there_is_no_pandas(history, monkeypatch):
    polars = pytest.importorskip("polars")
    hide(monkeypatch, "pandas")
    found = history.to_frame()
    assert isinstance(found, polars.DataFrame) and found.to_dict(as_series=False) == COLUMNS


def test_it_is_said_what_to_install(history, monkeypatch):
    hide(monkeypatch, "pandas", "polars", "matplotlib", "matplotlib.pyplot")
    with pytest.raises(
        ImportError, match=r"^to_frame: neither pandas nor polars is installed\. Install one with pip install pandas\.$"
    ):
        history.to_frame()
    with pytest.raises(
        ImportError, match=r"^plot: Matplotlib is not installed\. Install it with pip install 'feedforward-nn\[plot\]'"
    ):
        history.plot()


def test_curves_have_the_numbers(history, tmp_path, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "agg")
    pyplot = pytest.importorskip("matplotlib.pyplot")
    figure = history.plot()
    loss, accuracy = figure.axes
    assert (loss.get_title(), accuracy.get_title()) == ("loss", "accuracy")
    assert [(line.get_label(), [*line.get_xdata()], [*line.get_ydata()]) for line in loss.lines] == [
        ("training", [3, 4], [2.0, 1.0]),
        ("validation", [3, 4], [3.0, 2.5]),
    ]
    assert [[*line.get_ydata()] for line in accuracy.lines] == [[0.5, 0.75]]
    figure.savefig(tmp_path / "curves.png")
    assert (tmp_path / "curves.png").read_bytes()[1:4] == b"PNG"
    pyplot.close(figure)


def test_nothing_is_no_curve(monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "agg")
    pytest.importorskip("matplotlib.pyplot")
    with pytest.raises(ValueError, match=r"^plot: the history has no epoch yet\. Train first\.$"):
        History().plot()
