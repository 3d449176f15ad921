"""Oracle (d): scikit-learn's MLPs, run beside ours: the same losses and weights after the same updates."""

import warnings

import numpy as np
import pytest
from scipy import sparse
from sklearn import neural_network
from sklearn.exceptions import ConvergenceWarning

import feedforward.sklearn as ours

RANDOM = np.random.default_rng(7)
X = RANDOM.normal(size=(61, 5))
SCORES = X @ RANDOM.normal(size=(5, 4)) + 0.3 * RANDOM.normal(size=(61, 4))
WEIGHTS = RANDOM.uniform(0.2, 3.0, 61)
TARGETS = {
    "binary": np.where(SCORES[:, 0] > 0, "yes", "no"),
    "multiclass": SCORES.argmax(1),
    "multilabel": (SCORES > 0).astype(int),
    "number": SCORES[:, 0],
    "numbers": SCORES[:, :3],
    "count": np.floor(np.exp(SCORES[:, 0])),
    "counts": np.floor(np.exp(SCORES[:, :2])),
}
LOSSES = {"number": "squared_error", "numbers": "squared_error", "count": "poisson", "counts": "poisson"}

SETTINGS = [
    ("binary", {}),
    ("binary", {"solver": "sgd"}),
    ("binary", {"solver": "lbfgs", "alpha": 0.3}),
    ("binary", {"activation": "tanh", "alpha": 0.1}),
    ("binary", {"activation": "logistic", "batch_size": 20}),
    ("binary", {"activation": "identity", "batch_size": 7, "shuffle": False}),
    ("binary", {"solver": "sgd", "learning_rate": "invscaling", "power_t": 0.25, "batch_size": 16}),
    ("binary", {"solver": "sgd", "learning_rate": "adaptive", "tol": 0.5, "n_iter_no_change": 1, "batch_size": 16}),
    ("binary", {"solver": "sgd", "momentum": 0.0, "batch_size": 10}),
    ("binary", {"solver": "sgd", "nesterovs_momentum": False, "momentum": 0.5, "batch_size": 10}),
    ("binary", {"solver": "lbfgs", "activation": "tanh", "alpha": 1.0}),
    ("binary", {"early_stopping": True, "validation_fraction": 0.2, "batch_size": 8}),
    ("multiclass", {}),
    ("multiclass", {"solver": "sgd", "batch_size": 61}),
    ("multiclass", {"solver": "sgd", "activation": "logistic", "alpha": 2.0, "batch_size": 5}),
    ("multiclass", {"solver": "lbfgs", "activation": "logistic"}),
    ("multiclass", {"activation": "tanh", "beta_1": 0.0, "beta_2": 0.5, "epsilon": 0.1, "batch_size": 9}),
    ("multiclass", {"learning_rate_init": 0.05, "batch_size": 30}),
    ("multiclass", {"hidden_layer_sizes": (), "batch_size": 30}),
    ("multiclass", {"hidden_layer_sizes": (3, 4, 5), "activation": "tanh", "batch_size": 30}),
    ("multiclass", {"hidden_layer_sizes": 6, "alpha": 0.0, "solver": "sgd", "learning_rate": "invscaling"}),
    ("multiclass", {"early_stopping": True, "batch_size": 8, "activation": "tanh"}),
    ("multiclass", {"solver": "sgd", "shuffle": False, "batch_size": 13, "learning_rate": "adaptive"}),
    ("multilabel", {}),
    ("multilabel", {"solver": "sgd", "batch_size": 12, "alpha": 0.5}),
    ("multilabel", {"solver": "lbfgs", "activation": "identity"}),
    ("multilabel", {"activation": "logistic", "early_stopping": True, "batch_size": 12}),
    ("multilabel", {"activation": "tanh", "shuffle": False, "batch_size": 33}),
    ("number", {}),
    ("number", {"solver": "sgd", "batch_size": 20, "learning_rate_init": 0.01}),
    ("number", {"solver": "lbfgs"}),
    ("number", {"solver": "lbfgs", "activation": "tanh", "alpha": 0.5}),
    ("number", {"activation": "logistic", "batch_size": 7}),
    ("number", {"activation": "identity", "alpha": 3.0, "batch_size": 7}),
    ("number", {"early_stopping": True, "batch_size": 7, "learning_rate_init": 0.01}),
    ("number", {"solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": 0.05, "batch_size": 15}),
    ("number", {"solver": "sgd", "learning_rate": "adaptive", "tol": 1.0, "n_iter_no_change": 2, "batch_size": 15}),
    ("numbers", {}),
    ("numbers", {"solver": "sgd", "batch_size": 20, "activation": "tanh"}),
    ("numbers", {"activation": "logistic", "batch_size": 9, "alpha": 0.3}),
    ("numbers", {"early_stopping": True, "batch_size": 9, "shuffle": False}),
    ("count", {}),
    ("count", {"solver": "sgd", "batch_size": 20, "learning_rate_init": 0.001}),
    ("count", {"solver": "lbfgs", "activation": "tanh"}),
    ("counts", {"activation": "tanh", "batch_size": 16}),
    ("counts", {"solver": "lbfgs", "activation": "logistic", "alpha": 0.1}),
]
IDS = [f"{task}-{'-'.join(map(str, settings.values())) or 'defaults'}" for task, settings in SETTINGS]


def pair(task, settings):
    """Return scikit-learn's estimator and ours."""
    wanted = {"hidden_layer_sizes": (7, 4), "max_iter": 8, "random_state": 3, "learning_rate_init": 0.01} | settings
    if task in LOSSES:
        wanted["loss"] = LOSSES[task]
        return neural_network.MLPRegressor(**wanted), ours.MLPRegressor(**wanted)
    return neural_network.MLPClassifier(**wanted), ours.MLPClassifier(**wanted)


def fitted(estimator, *args, **kwargs):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return estimator.fit(*args, **kwargs)


def compare(theirs, mine, rtol):
    """Compare what the two have learned."""
    assert mine.n_iter_ == theirs.n_iter_
    assert mine.t_ == theirs.t_
    assert mine.loss_ == pytest.approx(theirs.loss_, rel=rtol)
    assert (mine.n_layers_, mine.n_outputs_) == (theirs.n_layers_, theirs.n_outputs_)
    assert mine.out_activation_ == theirs.out_activation_
    if hasattr(theirs, "loss_curve_"):
        np.testing.assert_allclose(mine.loss_curve_, theirs.loss_curve_, rtol=rtol)
        for name in ("best_loss_", "best_validation_score_"):
            wanted = getattr(theirs, name)
            assert getattr(mine, name) == (None if wanted is None else pytest.approx(wanted, rel=rtol))
        if theirs.validation_scores_ is not None:
            np.testing.assert_allclose(mine.validation_scores_, theirs.validation_scores_, rtol=rtol, atol=rtol)
    for one, other in zip(mine.coefs_ + mine.intercepts_, theirs.coefs_ + theirs.intercepts_, strict=True):
        assert one.dtype == other.dtype
        # Weights are of the size 1; an error of the loss is the square of theirs near a minimum.
        np.testing.assert_allclose(one, other, rtol=0, atol=10 * rtol)


@pytest.mark.parametrize(("task", "settings"), SETTINGS, ids=IDS)
def test_losses_and_weights_are_those_of_scikit_learn(task, settings):
    theirs, mine = pair(task, settings)
    fitted(theirs, X, TARGETS[task])
    fitted(mine, X, TARGETS[task])
    # Both compute in float64 and differ in the order of sums; some 60 updates multiply that a little.
    compare(theirs, mine, 1e-8 if settings.get("solver") == "lbfgs" else 1e-11)
    assert (mine.predict(X) == theirs.predict(X)).all() or task in LOSSES
    if task not in LOSSES:
        np.testing.assert_allclose(mine.predict_proba(X), theirs.predict_proba(X), atol=1e-7)
        np.testing.assert_allclose(mine.predict_log_proba(X), theirs.predict_log_proba(X), rtol=1e-6)
    assert mine.predict(X).shape == theirs.predict(X).shape and mine.predict(X).dtype == theirs.predict(X).dtype


@pytest.mark.parametrize(("task", "settings"), SETTINGS[::3], ids=IDS[::3])
def test_float32_is_kept_and_gives_the_same_losses(task, settings):
    y = TARGETS[task].astype(np.float32) if task in LOSSES else TARGETS[task]
    theirs, mine = pair(task, settings)
    fitted(theirs, X.astype(np.float32), y)
    fitted(mine, X.astype(np.float32), y)
    compare(theirs, mine, 1e-5)  # eps is 1.2e-7
    assert mine.predict(X[:1].astype(np.float32)).dtype == theirs.predict(X[:1].astype(np.float32)).dtype


@pytest.mark.parametrize(("task", "settings"), SETTINGS[1::4], ids=IDS[1::4])
def test_weighted_samples_give_the_same_losses(task, settings):
    theirs, mine = pair(task, settings)
    fitted(theirs, X, TARGETS[task], sample_weight=WEIGHTS)
    fitted(mine, X, TARGETS[task], sample_weight=WEIGHTS)
    compare(theirs, mine, 1e-8 if settings.get("solver") == "lbfgs" else 1e-11)


@pytest.mark.parametrize("kind", [sparse.csr_matrix, sparse.csc_matrix, sparse.csr_array])
@pytest.mark.parametrize(("task", "settings"), SETTINGS[4::12], ids=IDS[4::12])
def test_sparse_rows_give_the_same_losses(task, settings, kind, monkeypatch):
    monkeypatch.setattr("feedforward.sklearn.mlp_training._PIECE_BYTES", 1000)  # so that there are several pieces
    x = np.where(np.abs(X) > 0.7, X, 0.0)
    theirs, mine = pair(task, settings)
    fitted(theirs, x, TARGETS[task])
    fitted(mine, kind(x), TARGETS[task])
    compare(theirs, mine, 1e-8 if settings.get("solver") == "lbfgs" else 1e-11)
    assert (mine.predict(kind(x)) == mine.predict(x)).all()


def test_from_weights_that_are_set_by_hand_the_same_updates_follow():
    theirs, mine = pair("multiclass", {"warm_start": True, "shuffle": False, "batch_size": 10})
    for estimator in (theirs, mine):
        fitted(estimator, X, TARGETS["multiclass"])
    random = np.random.default_rng(5)
    kernels = [random.normal(size=kernel.shape) for kernel in theirs.coefs_]
    biases = [random.normal(size=bias.shape) for bias in theirs.intercepts_]
    for estimator in (theirs, mine):
        estimator.coefs_ = [kernel.copy() for kernel in kernels]
        estimator.intercepts_ = [bias.copy() for bias in biases]
        fitted(estimator, X, TARGETS["multiclass"])
    assert len(mine.loss_curve_) == 16  # scikit-learn's record goes on in a warm start
    compare(theirs, mine, 1e-11)


@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
def test_a_warm_start_goes_on_from_the_weights_with_a_new_optimizer(solver):
    theirs, mine = pair("number", {"warm_start": True, "solver": solver})
    for _ in range(3):
        fitted(theirs, X, TARGETS["number"])
        fitted(mine, X, TARGETS["number"])
    compare(theirs, mine, 1e-7 if solver == "lbfgs" else 1e-11)


@pytest.mark.parametrize("task", TARGETS)
@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_partial_fits_go_on_with_the_optimizer(task, solver):
    theirs, mine = pair(task, {"solver": solver, "learning_rate": "invscaling"})
    known = {} if task in LOSSES else {"classes": np.arange(4) if task == "multilabel" else np.unique(TARGETS[task])}
    for start in (0, 20, 40):
        rows = slice(start, start + 21)
        theirs.partial_fit(X[rows], TARGETS[task][rows], **known)
        mine.partial_fit(X[rows], TARGETS[task][rows], **known)
        compare(theirs, mine, 1e-11)
    theirs.partial_fit(X, TARGETS[task], sample_weight=WEIGHTS)
    mine.partial_fit(X, TARGETS[task], sample_weight=WEIGHTS)
    compare(theirs, mine, 1e-11)


def test_partial_fit_goes_on_after_fit():
    theirs, mine = pair("multiclass", {"batch_size": 10})
    for estimator in (theirs, mine):
        fitted(estimator, X, TARGETS["multiclass"])
        estimator.partial_fit(X[:30], TARGETS["multiclass"][:30])
    compare(theirs, mine, 1e-11)


def test_training_stops_where_scikit_learn_stops():
    theirs, mine = pair("binary", {"max_iter": 400, "batch_size": 20, "tol": 1e-3, "n_iter_no_change": 3})
    theirs.fit(X, TARGETS["binary"])
    mine.fit(X, TARGETS["binary"])
    assert 10 < mine.n_iter_ < 400
    compare(theirs, mine, 1e-9)  # some hundred epochs


def test_a_rate_that_adapts_falls_until_it_is_too_small(capsys):
    settings = {"solver": "sgd", "learning_rate": "adaptive", "max_iter": 100, "tol": 10.0, "n_iter_no_change": 1}
    theirs, mine = pair("number", settings | {"verbose": True, "batch_size": 30})
    theirs.fit(X, TARGETS["number"])
    printed = capsys.readouterr().out
    mine.fit(X, TARGETS["number"])
    assert capsys.readouterr().out == printed
    assert "Setting learning rate to 0.002000" in printed and "Learning rate too small. Stopping." in printed
    compare(theirs, mine, 1e-11)


def test_what_is_printed_is_what_scikit_learn_prints(capsys):
    theirs, mine = pair("multiclass", {"early_stopping": True, "verbose": True, "max_iter": 30, "n_iter_no_change": 2})
    theirs.fit(X, TARGETS["multiclass"])
    printed = capsys.readouterr().out
    mine.fit(X, TARGETS["multiclass"])
    assert capsys.readouterr().out == printed and "Validation score: " in printed


def test_for_several_numbers_lbfgs_has_the_gradient_of_what_it_minimises():
    """scikit-learn gives the gradient of the sum beside the mean: here the two agree, so it comes to a lower loss."""
    theirs, mine = pair("numbers", {"solver": "lbfgs", "activation": "tanh", "max_iter": 200, "alpha": 0.0})
    fitted(theirs, X, TARGETS["numbers"])
    fitted(mine, X, TARGETS["numbers"])
    assert mine.loss_ < theirs.loss_
    # The loss is half the mean square, as scikit-learn reports it.
    assert mine.loss_ == pytest.approx(0.5 * np.mean((mine.predict(X) - TARGETS["numbers"]) ** 2), rel=1e-9)
