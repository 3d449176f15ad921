"""Oracles: a guess, whose share of right answers is known, and the price by its formula."""

import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "data"


def example(name):
    return runpy.run_path(str(ROOT / "examples" / name))


def test_the_example_of_layers_learns():
    found = example("layers.py")
    assert found["convolution"]() > 0.8  # a guess is right in one of ten
    assert abs(found["text_and_numbers"]() - 4.0) < 0.2  # red is 3, and 1 for what is large


@pytest.mark.slow
def test_every_part_of_the_example_of_layers_learns(capsys):
    found = example("layers.py")["main"]()
    assert found.pop("text_and_numbers") == pytest.approx(4.0, abs=0.2)
    assert found.pop("frozen") > 0.75  # a guess at even or odd is right in one of two
    assert all(share > 0.85 for share in found.values())
    assert len(capsys.readouterr().out.splitlines()) == len(found) + 2


def test_lenet_learns_from_a_few_pictures(monkeypatch, capsys):
    if not (DATA / "mnist").exists():
        pytest.skip("MNIST is not here")
    monkeypatch.setenv("FEEDFORWARD_DATA", str(DATA))
    assert example("lenet.py")["main"](1, 2048) > 0.5  # a guess is right in one of ten
    assert "61,706" in capsys.readouterr().out


def test_the_example_of_callbacks_keeps_the_best_model_and_three_logs(tmp_path, capsys):
    files = example("callbacks.py")["main"](tmp_path)
    assert [name.split(".")[0] for name in files] == ["best", "epochs", "events", "events", "steps"]
    said = capsys.readouterr().out.splitlines()
    shares = [float(line.split()[-1].rstrip("%")) for line in said if line.startswith("epoch ") and "%" in line]
    assert len(shares) == 4
    assert f"best: {max(shares)}%" in said


def test_the_first_rung_of_the_ladder_reaches_its_mark(monkeypatch, capsys):
    if not (DATA / "mnist").exists():
        pytest.skip("MNIST is not here")
    monkeypatch.setenv("FEEDFORWARD_DATA", str(DATA))
    assert example("digits_ladder.py")["main"](["softmax"])["softmax"] > 0.92  # as the slides have it


def test_the_example_of_old_programs_learns(capsys):
    found = example("old_programs.py")
    said = capsys.readouterr().out.splitlines()
    assert found["reached"] > 0.95  # a guess is right in one of ten
    assert said[-1].endswith("['acc', 'loss']")  # as Keras 1 spelled them
