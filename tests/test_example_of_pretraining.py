"""Oracles: a guess, whose share of right answers is known, and principal components by scikit-learn."""

import runpy
from pathlib import Path

import pytest
from sklearn.decomposition import PCA

EXAMPLE = str(Path(__file__).parents[1] / "examples" / "pretraining.py")


def test_principal_components_are_those_of_scikit_learn():
    example = runpy.run_path(EXAMPLE)
    study = example["study"]("digits")
    peer = PCA(study.code[-1], svd_solver="full").fit(study.x.astype(float))
    expected = ((study.x_test - peer.inverse_transform(peer.transform(study.x_test))) ** 2).sum(1).mean()
    assert example["principal_components"](study) == pytest.approx(expected, rel=1e-5)  # pixels in float32


def test_a_network_with_few_labels_gains_by_pre_training():
    example = runpy.run_path(EXAMPLE)
    found = example["few_labels"](example["study"]("digits"), 0)
    assert found["pre-trained"] > found["none"] > 0.3  # a guess is right in one of ten


@pytest.mark.slow
def test_the_pre_trained_autoencoder_is_nearer_than_principal_components(tmp_path, capsys):
    pytest.importorskip("matplotlib").use("agg")
    shares, errors = runpy.run_path(EXAMPLE)["main"]("digits", tmp_path, 2)
    assert len(shares) == 2 and (tmp_path / "filters.png").exists()
    assert errors["autoencoder, pre-trained"] < errors["principal components"]
    assert "gain" in capsys.readouterr().out
