"""Oracle (d): scikit-learn's PCA and MinMaxScaler; (b) covariances in float64 NumPy; (a) small data worked by hand."""

import copy
import pickle
import re

import numpy as np
import pytest

import feedforward as ff
from feedforward.errors import DataError, ShapeError

L = ff.layers
EPS = float(np.finfo(np.float32).eps)
RNG = np.random.default_rng(0)
X = RNG.normal(size=(50, 6)) @ RNG.normal(size=(6, 6)) + RNG.normal(size=6) * 3
FITTED = {
    "centering": L.Centering,
    "min_max": lambda: L.MinMaxScaling(-1, 1),
    "pca": lambda: L.PCA(3),
    "whitening": lambda: L.Whitening(4, epsilon=0.1),
}
# Sums of six products of numbers below 20, over deviations above 0.1.
CLOSE = {"rtol": 0, "atol": 6 * 20 * EPS / 0.1}


def adapted(layer, x=X):
    layer.adapt(x)
    return layer


@pytest.mark.parametrize("components", [None, 1, 4])
def test_pca_is_that_of_scikit_learn(components):
    decomposition = pytest.importorskip("sklearn.decomposition")
    other = decomposition.PCA(components, svd_solver="full").fit(X)
    layer = adapted(L.PCA(components))
    np.testing.assert_allclose(layer(X).numpy(), other.transform(X), **CLOSE)
    # Both are exact to a few roundings of float64, times the condition of the eigenvectors.
    np.testing.assert_allclose(layer.eigen_images((6,)).astype(np.float32), other.components_, atol=10 * EPS)
    count = len(other.explained_variance_)
    np.testing.assert_allclose(layer.variances[:count], other.explained_variance_, rtol=2 * EPS)  # kept as float32


@pytest.mark.parametrize("components", [None, 2])
def test_whitening_of_kind_pca_is_that_of_scikit_learn(components):
    decomposition = pytest.importorskip("sklearn.decomposition")
    other = decomposition.PCA(components, whiten=True, svd_solver="full").fit(X)
    np.testing.assert_allclose(adapted(L.Whitening(components, "pca", 0.0))(X).numpy(), other.transform(X), **CLOSE)


@pytest.mark.parametrize("components", [None, 2])
@pytest.mark.parametrize("epsilon", [0.0, 1e-5, 0.5])
def test_zca_is_the_root_of_the_inverse_covariance(components, epsilon):
    values, vectors = np.linalg.eigh(np.cov(X.T))
    some = slice(None) if components is None else slice(-components, None)
    root = vectors[:, some] / np.sqrt(values[some] + epsilon) @ vectors[:, some].T
    expected = (X - X.mean(0)) @ root
    y = adapted(L.Whitening(components, epsilon=epsilon))(X).numpy()
    np.testing.assert_allclose(y, expected, **CLOSE)
    if components is None and epsilon == 0:
        np.testing.assert_allclose(np.cov(y.astype(np.float64).T), np.eye(6), atol=1e-5)  # of the roundings above


def test_minmax_is_that_of_scikit_learn():
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    other = preprocessing.MinMaxScaler((-1, 3)).fit(X)
    np.testing.assert_allclose(adapted(L.MinMaxScaling(-1, 3))(X * 2).numpy(), other.transform(X * 2), **CLOSE)


def test_centering_takes_the_mean_away_and_joins_all_axes_but_the_last():
    x = RNG.normal(size=(4, 5, 3)) + 7
    y = adapted(L.Centering(), x)(x).numpy()
    np.testing.assert_allclose(y, x - x.mean((0, 1)), atol=10 * EPS)  # of numbers below 10
    low = adapted(L.MinMaxScaling(), x)(x).numpy()
    np.testing.assert_allclose(low.min((0, 1)), 0, atol=0)
    np.testing.assert_allclose(low.max((0, 1)), 1, atol=2 * EPS)


def test_a_feature_or_direction_that_never_varies_is_no_division_by_zero():
    x = np.array([[1.0, 0.1, 5.0], [3.0, 0.1, 5.0], [8.0, 0.1, 5.0]])
    assert (adapted(L.MinMaxScaling(2, 3), x)(x).numpy()[:, 1:] == 2).all()
    assert (adapted(L.Centering(), x)(x).numpy()[:, 2] == 0).all()
    for kind in ("pca", "zca"):
        y = adapted(L.Whitening(kind=kind, epsilon=0.0), x)(x).numpy()
        assert np.isfinite(y).all()
        assert np.count_nonzero(np.abs(y).max(0) > 1e-6) == 1
    assert (adapted(L.PCA(), np.ones((4, 3)))(np.ones((4, 3))).numpy() == 0).all()
    # More features than samples: rank n - 1, and what is rounded is no direction.
    wide = RNG.normal(size=(4, 9))
    assert np.count_nonzero(adapted(L.PCA(), wide).variances) == 3
    assert np.abs(adapted(L.Whitening(kind="pca", epsilon=0.0), wide)(wide).numpy()).max() < 3


def test_equal_fits_have_equal_signs():
    first, second = (adapted(L.PCA(), x).eigen_images((6,)) for x in (X, X[::-1]))
    np.testing.assert_allclose(first, second, atol=1e-6)
    assert (first[np.arange(6), np.abs(first).argmax(1)] > 0).all()


def test_blocks_of_rows_give_what_all_rows_give(monkeypatch):
    whole = [adapted(make()) for make in FITTED.values()]
    monkeypatch.setattr("feedforward.arrays._BLOCK", 6 * 7)
    for layer, make in zip(whole, FITTED.values(), strict=True):
        np.testing.assert_allclose(adapted(make())(X).numpy(), layer(X).numpy(), **CLOSE)


@pytest.mark.parametrize("name", FITTED)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_was_fitted_is_saved_and_copied_with_the_model(name, dtype, tmp_path):
    layer = adapted(FITTED[name]())
    model = ff.Sequential([ff.Input((6,), dtype=dtype), layer, L.Dense(2)])
    model.compile("sgd", "mean_squared_error")
    before = layer.get_weights()
    model.fit(X, np.zeros((50, 2)), verbose=0)
    for a, b in zip(before, layer.get_weights(), strict=True):
        assert a.tobytes() == b.tobytes() and a.dtype == dtype
    model.save(tmp_path / "m.ff")
    for other in (ff.load(tmp_path / "m.ff"), copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert other.predict(X, verbose=0).tobytes() == model.predict(X, verbose=0).tobytes()
    again = ff.load(tmp_path / "m.ff").layers[0]
    again.adapt(X * 2)
    expected = adapted(FITTED[name](), X * 2)
    np.testing.assert_allclose(again(ff.Tensor(X.astype(dtype))).numpy(), expected(X).numpy(), **CLOSE)


@pytest.mark.parametrize("name", FITTED)
def test_a_copy_of_an_adapted_layer_is_adapted(name):
    layer = adapted(FITTED[name]())
    for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        np.testing.assert_array_equal(other(X).numpy(), layer(X).numpy())


def test_eigen_images_are_the_directions_in_the_shape_of_a_picture():
    layer = adapted(L.PCA(2))
    pictures = layer.eigen_images((2, 3))
    assert pictures.shape == (2, 2, 3) and pictures.dtype == np.float64
    np.testing.assert_allclose((pictures**2).sum((1, 2)), 1, rtol=1e-12)
    layer(X)  # built, it has them as weights of float32
    np.testing.assert_allclose(layer.eigen_images([2, 3]), pictures, atol=EPS)


def test_a_plot_shows_pictures_and_how_much_each_says():
    pytest.importorskip("matplotlib")
    figure = adapted(L.PCA()).plot((2, 3), most=5)
    shown = [axis for axis in figure.axes if axis.images]
    assert len(shown) == 5
    share = np.linalg.eigvalsh(np.cov(X.T))[::-1]
    assert shown[0].get_title() == f"1: {share[0] / share.sum():.1%}"


def test_a_plot_without_matplotlib_names_the_extra(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(
        ImportError, match=r"^PCA\.plot: Matplotlib is not installed\. Install it with pip install 'feedforward-nn\[pl"
    ):
        adapted(L.PCA()).plot((2, 3))


NAN = X.copy()
NAN[[3, 40], 2] = np.nan


@pytest.mark.parametrize(
    ("layer", "x", "message"),
    [
        (L.PCA(), NAN, "PCA.adapt: x holds nan in row 3, column 2; row 40, column 2 (2 of 50 rows). Fill or drop such"),
        (
            L.Centering(),
            [[1.0], [np.inf]],
            "Centering.adapt: x holds inf in row 1, column 0. Fill or drop such samples.",
        ),
        (L.PCA(), [[1.0, 2.0]], "PCA.adapt: got shape (1, 2). Give at least two samples, shape (n, d): pictures as"),
        (L.PCA(), np.zeros((3, 4, 4)), "PCA.adapt: got shape (3, 4, 4). Give at least two samples"),
        (L.PCA(), np.zeros((3, 0)), "PCA.adapt: got shape (3, 0). Give at least two samples"),
        (L.PCA(7), X, "PCA.adapt: x has 6 features, components is 7. Ask for at most as many."),
        (L.Whitening(), X * 1e30, "Whitening.adapt: the numbers of x are so large that float32 does not hold what is"),
        (L.Whitening(), X * 1e-30, "float32 does not hold. Scale x."),
        (L.PCA(), X * 1e200, "PCA.adapt: the numbers of x are so large that float32 does not hold what is found."),
        (L.Centering(), [1.0, 2.0], "Centering.adapt: got shape (2,). Give at least one sample, shape (n, d)."),
        (L.Centering(), np.zeros((0, 2)), "Centering.adapt: got shape (0, 2). Give at least one sample"),
        (L.Centering(), None, "Centering.adapt: x is a NoneType. Give an array with one row for each sample."),
        (L.Centering(), [["a"]], "Centering.adapt: x: row 0, column 0 holds 'a', a str. Expected real numbers."),
        (L.MinMaxScaling(), [[1.0], [1.0, 2.0]], "MinMaxScaling.adapt: x: rows differ in length: row 0 has shape (1,)"),
    ],
)
def test_adapt_refuses_what_cannot_be_fitted(layer, x, message):
    with pytest.raises((DataError, ShapeError, TypeError), match=re.escape(message)):
        layer.adapt(x)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: L.PCA(0), "PCA(components=0): components must be an int >= 1. Got 0."),
        (lambda: L.Whitening(0.5), "Whitening(components=0.5): components must be an int >= 1. Got 0.5."),
        (
            lambda: L.Whitening(kind="cholesky"),
            "Whitening(kind='cholesky'): kind must be 'zca' or 'pca'. Got 'cholesky'.",
        ),
        (lambda: L.Whitening(epsilon=-1), "Whitening(epsilon=-1): epsilon must be a number >= 0. Got -1."),
        (lambda: L.MinMaxScaling(1, 1), "MinMaxScaling(high=1): high must be a number > 1. Got 1."),
        (lambda: L.MinMaxScaling("a"), "MinMaxScaling(low='a'): low must be a number. Got 'a'."),
        (lambda: L.PCA(2)(X), "is not fitted. Call adapt(x) with the training data first."),
        (lambda: L.PCA(2).eigen_images((2, 3)), "is not fitted. Call adapt(x) with the training data first."),
        (lambda: adapted(L.PCA(2))(X[:, :4]), "adapted to 6 features, input shape (50, 4)"),
        (lambda: adapted(L.PCA(2))(np.zeros((2, 3, 6))), "PCA expects (batch, d): put Flatten() before it."),
        (
            lambda: adapted(L.Centering())(ff.Input((None,))),
            "Centering expects (batch, d) with d known: give the Input",
        ),
        (
            lambda: adapted(L.PCA(2)).eigen_images((2, 2)),
            "PCA.eigen_images: 6 features make no pictures of shape (2, 2).",
        ),
        (lambda: adapted(L.PCA(2)).eigen_images("ab"), "PCA.eigen_images: 6 features make no pictures of shape ab."),
        (lambda: adapted(L.PCA(2)).plot((6,)), "PCA.plot: got shape (6,). Give height and width of a picture."),
        (lambda: adapted(L.PCA(2)).plot((2, 3), most=0), "PCA.plot(most=0): most must be an int >= 1. Got 0."),
    ],
)
def test_a_wrong_setting_or_use_is_refused(make, message):
    with pytest.raises((ValueError, TypeError, ShapeError), match=re.escape(message)):
        make()


def test_adapt_again_with_other_features_changes_nothing():
    layer = adapted(L.PCA(2))
    y = layer(X).numpy()
    with pytest.raises(ShapeError, match=r"set_weights: .*/mean has shape \(6,\), the value \(4,\)"):
        layer.adapt(X[:, :4])
    np.testing.assert_array_equal(layer(X).numpy(), y)


def test_data_on_disk_are_fitted_and_their_bad_rows_named(tmp_path):
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "bad.npy", NAN)
    mapped, bad = (np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in ("x", "bad"))
    np.testing.assert_array_equal(adapted(L.PCA(2), mapped)(X).numpy(), adapted(L.PCA(2))(X).numpy())
    with pytest.raises(DataError, match=r"PCA\.adapt: x holds nan in row 3, column 2"):
        L.PCA().adapt(bad)


def test_frames_are_fitted_and_their_columns_named():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(NAN, columns=list("abcdef"), index=[f"r{number}" for number in range(50)])
    with pytest.raises(DataError, match=r"Centering\.adapt: x holds nan in row 3 \(index 'r3'\), column 'c'"):
        L.Centering().adapt(frame)
    clean = pandas.DataFrame(X, columns=list("abcdef"))
    np.testing.assert_array_equal(adapted(L.Centering(), clean)(X).numpy(), adapted(L.Centering())(X).numpy())


def test_normalization_reads_data_in_blocks_too(monkeypatch, tmp_path):
    np.save(tmp_path / "x.npy", X)
    whole = adapted(L.Normalization())
    monkeypatch.setattr("feedforward.arrays._BLOCK", 6 * 7)
    layer = adapted(L.Normalization(), np.load(tmp_path / "x.npy", mmap_mode="r"))
    # A few roundings of float64.
    np.testing.assert_allclose(layer.mean, whole.mean, rtol=1e-13)
    np.testing.assert_allclose(layer.variance, X.var(0), rtol=1e-13)
    with pytest.raises(DataError, match=r"Normalization\.adapt: x holds nan in row 3, column 2\. Fill or drop"):
        L.Normalization().adapt(NAN)
