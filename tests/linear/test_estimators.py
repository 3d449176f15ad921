"""Oracles: scikit-learn's checks of estimators, and its models' objective and predictions; identities of weights."""

import pickle
import signal
import sys
import threading
import time
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.exceptions import DataConversionWarning, NotFittedError
from sklearn.linear_model import LogisticRegression as TheirLogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC as TheirLinearSVC
from sklearn.utils.estimator_checks import check_estimator

from feedforward import set_threads
from feedforward.errors import DataError, ModelWarning, ShapeError
from feedforward.linear import (
    SGD,
    DualCoordinateDescent,
    DualThenInterior,
    Lasso,
    LinearRegression,
    LinearSVC,
    LinearSVR,
    LogisticRegression,
    Newton,
    Perceptron,
    Problem,
    losses,
    rows_of,
)
from feedforward.linear.estimators.estimator import solver_of
from linear_problems import overlapping, three_classes

X, Y = overlapping()
X3, Y3 = three_classes()
NAMES = np.array(["no", "yes"])[(Y > 0).astype(int)]
TO_A_GAP = {
    f"check_sample_weight_equivalence_on_{form}_data": "weights agree as far as the gap says, not to 1e-7"
    for form in ("dense", "sparse")
}


@pytest.mark.parametrize(
    "model",
    [
        LogisticRegression(tol=1e-12),
        LogisticRegression(multi_class="one_vs_rest", tol=1e-12),
        LinearSVC(tol=1e-10),
        LinearSVC(loss="hinge"),
        LinearSVC(multi_class="weston_watkins", C=0.01, tol=1e-2),
        LinearSVC(multi_class="crammer_singer", C=0.01, tol=1e-2),
        LinearSVR(),
        LinearSVR(loss="squared_epsilon_insensitive", tol=1e-12),
        LinearRegression(),
        Lasso(alpha=0.1, tol=1e-13),
        Perceptron(max_iter=10),
    ],
    ids=lambda model: f"{type(model).__name__}-{getattr(model, 'loss', '')}-{getattr(model, 'multi_class', '')}",
)
def test_scikit_learn_takes_the_estimator(model):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Estimator .* does not inherit from")
        if isinstance(model, Perceptron):  # few of the checks' classes can be separated
            warnings.simplefilter("ignore", ModelWarning)
        is_exact = type(model) in (LinearRegression, Lasso, LogisticRegression, Perceptron)
        expected = {} if is_exact else TO_A_GAP
        results = check_estimator(model, expected_failed_checks=expected, on_fail=None, on_skip=None)
    failed = {each["check_name"]: each["exception"] for each in results if each["status"] == "failed"}
    assert not failed
    assert sum(each["status"] == "passed" for each in results) > 50


@pytest.mark.parametrize("model", [LogisticRegression(), LinearSVC(), LinearSVC(loss="hinge"), LinearSVR()])
def test_weights_of_rows_are_rows_so_many_times(model):
    weight = np.arange(len(Y)) % 3
    target = NAMES if is_classifier(model) else Y
    weighted = clone(model).set_params(tol=1e-10).fit(X, target, weight)
    repeated = clone(model).set_params(tol=1e-10).fit(X.repeat(weight, 0), target.repeat(weight))
    assert weighted.result_.primal == pytest.approx(repeated.result_.primal, rel=1e-9)
    assert weighted.coef_ == pytest.approx(repeated.coef_, abs=1e-4)  # a gap of 1e-10 P leaves sqrt(2e-10 P)


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array, pd.DataFrame])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_logistic_regression_predicts_as_liblinear_does(form, dtype):
    x = X.astype(dtype)
    model = LogisticRegression(C=0.7, tol=1e-9).fit(form(x), NAMES)
    theirs = TheirLogisticRegression(C=0.7, solver="liblinear", tol=1e-9).fit(x.astype(float), NAMES)
    assert model.coef_ == pytest.approx(theirs.coef_, abs=1e-4)
    assert model.intercept_ == pytest.approx(theirs.intercept_, abs=1e-4)
    assert model.predict_proba(form(x)) == pytest.approx(theirs.predict_proba(x.astype(float)), abs=1e-4)
    assert (model.predict(form(x)) == theirs.predict(x.astype(float))).all()
    assert model.score(form(x), NAMES) == theirs.score(x.astype(float), NAMES)


def test_probabilities_of_three_classes_are_those_of_softmax():
    model = LogisticRegression(tol=1e-10, fit_intercept=False).fit(X3, Y3)
    theirs = TheirLogisticRegression(tol=1e-9, fit_intercept=False).fit(X3, Y3)
    assert model.predict_proba(X3) == pytest.approx(theirs.predict_proba(X3), abs=1e-4)
    assert np.exp(model.predict_log_proba(X3)).sum(1) == pytest.approx(np.ones(len(X3)))


@pytest.mark.parametrize("class_weight", [None, "balanced", {0: 3.0, 2: 0.5}])
def test_one_against_the_rest_is_that_of_liblinear(class_weight):
    model = LinearSVC(class_weight=class_weight, tol=1e-10).fit(X3, Y3)
    # LIBLINEAR's own class_weight leaves the rest at 1; here each row counts its class's, whichever machine it is for.
    weight = np.array([3.0, 1.0, 0.5])[Y3] if isinstance(class_weight, dict) else None
    theirs = TheirLinearSVC(dual=False, tol=1e-8).fit(X3, Y3, weight)
    assert model.coef_ == pytest.approx(theirs.coef_, abs=1e-4)
    assert len(model.results_) == 3 and model.decision_function(X3).shape == (90, 3)
    ones = LogisticRegression(multi_class="one_vs_rest").fit(X3, Y3)
    assert ones.predict_proba(X3).sum(1) == pytest.approx(np.ones(90))


def test_a_larger_scale_lets_the_intercept_more_free():
    shifted = X + 5.0
    tight, free = (LinearSVC(intercept_scaling=scale).fit(shifted, NAMES) for scale in (0.01, 1000.0))
    assert abs(free.intercept_[0]) > 10 * abs(tight.intercept_[0])
    theirs = TheirLinearSVC(intercept_scaling=1000.0, dual=False, tol=1e-8).fit(shifted, NAMES)
    assert (
        free.result_.primal <= 1.00001 * LinearSVC(intercept_scaling=1000.0, tol=1e-10).fit(shifted, NAMES).result_.dual
    )
    assert free.intercept_ == pytest.approx(theirs.intercept_, rel=1e-2)


@pytest.mark.parametrize("solver", ["newton", "dual", "svrg", "saga", Newton()])
def test_a_solver_is_chosen_by_name_or_is_one(solver):
    model = LinearSVC(C=0.1, solver=solver, tol=1e-4).fit(X, NAMES)
    assert model.result_.is_done
    assert model.result_.primal == pytest.approx(LinearSVC(C=0.1, tol=1e-9).fit(X, NAMES).result_.primal, rel=1.1e-4)


def test_the_automatic_solver_has_as_few_variables_as_can_be():
    random = np.random.default_rng(0)
    wide, tall = rows_of(random.normal(size=(20, 400)), "test"), rows_of(X, "test")
    large = rows_of(np.ones((6000, 150), np.float32), "test")  # 6000 * 151^2 is 1.4e8, above 2^27
    y = np.where(np.arange(6000) % 2, 1.0, -1.0)
    for rows, loss, solver in (
        (tall, losses.Hinge(), DualThenInterior),
        (large, losses.Hinge(), DualCoordinateDescent),
        (wide, losses.Hinge(), DualThenInterior),
        (tall, losses.SquaredHinge(), Newton),
        (wide, losses.SquaredHinge(), DualCoordinateDescent),
        (wide, losses.Logistic(), Newton),
    ):
        n = rows.shape[0]
        assert isinstance(solver_of("auto", Problem(rows, y[:n], np.ones(n), loss, 1.0), "fit"), solver)


def test_the_automatic_solver_of_sparse_logistic_rows_is_dual_where_they_are_short_or_few():
    random = np.random.default_rng(0)
    for count, columns, cost, solver in (
        (400, 50, 1.0, DualCoordinateDescent),  # of rows of norm 1 and the intercept: 2
        (400, 50, 10.0, Newton),  # 20
        (40, 400, 10.0, DualCoordinateDescent),  # fewer rows than columns
    ):
        x = random.normal(size=(count, columns)) * (random.random((count, columns)) < 0.2)
        x /= np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-3)
        y = np.where(np.arange(count) % 2, 1.0, -1.0)
        rows = rows_of(sparse.csr_array(x), "test")
        of = Problem(rows, y, np.full(count, cost), losses.Logistic(), 1.0)
        assert isinstance(solver_of("auto", of, "fit"), solver)


@pytest.mark.parametrize(
    "model", [LinearSVC(loss="hinge", solver="dual"), LogisticRegression(multi_class="one_vs_rest")]
)
def test_classes_against_the_rest_are_the_same_by_any_number_of_threads(model):
    x, labels = three_classes()
    found = []
    try:
        for count in (1, 2, 5):
            set_threads(count)
            found.append(model.fit(x, labels).coef_)
    finally:
        set_threads(None)
    assert (found[0] == found[1]).all() and (found[0] == found[2]).all()


class Endless:
    """A solver whose first problem is interrupted, or fails, while the second goes on and on."""

    def __init__(self, first):
        self.first, self.has_begun, self.has_ended = first, threading.Event(), False

    def solve(self, problem, tol, max_iter, seed=0, start=None):
        if problem.y[0] > 0:  # of the first class
            self.has_begun.wait(3)
            self.first()
        elif problem.y[-1] > 0:  # of the last: all threads are there
            self.has_begun.set()
        begin = time.monotonic()
        while time.monotonic() < begin + 3:  # s: without an end from outside, the test fails and does not hang
            problem.scores(np.zeros(problem.size))
        self.has_ended = True


def _fails():
    raise DataError("the first class fails")


def _interrupted():
    if not hasattr(signal, "pthread_kill"):
        pytest.skip("no signal can be sent to a thread here")
    time.sleep(0.05)  # s: until the one that started the threads waits for them
    signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)


@pytest.mark.parametrize(("first", "error"), [(_interrupted, KeyboardInterrupt), (_fails, DataError)])
def test_what_ends_one_class_against_the_rest_ends_those_in_other_threads(first, error):
    solver = Endless(first)
    set_threads(3)
    try:
        with pytest.raises(error):
            LinearSVC(solver=solver).fit(X3[np.argsort(Y3)], np.sort(Y3))
    finally:
        set_threads(None)
    assert not solver.has_ended


def test_a_message_of_one_class_of_several_is_that_of_fit():
    x, labels = three_classes()
    with pytest.raises(ValueError, match="Newton: Hinge has kinks"):
        LinearSVC(loss="hinge", solver="newton").fit(x, labels)


def test_only_the_support_vectors_matter():
    model = LinearSVC(loss="hinge", C=1.0, tol=1e-10).fit(X, NAMES)
    assert 0 < len(model.support_) < len(X)
    margin = np.where(Y > 0, 1, -1) * model.decision_function(X)
    assert set(np.flatnonzero(margin < 0.999)) <= set(model.support_) <= set(np.flatnonzero(margin < 1.001))
    again = LinearSVC(loss="hinge", C=1.0, tol=1e-10).fit(X[model.support_], NAMES[model.support_])
    assert again.coef_ == pytest.approx(model.coef_, abs=1e-4)


@pytest.mark.parametrize("model", [LogisticRegression(), LinearSVC(loss="hinge", solver="dual", tol=1e-3), LinearSVR()])
def test_a_warm_start_needs_fewer_passes(model):
    target = NAMES if is_classifier(model) else Y
    model = clone(model).set_params(C=0.1, warm_start=True).fit(X, target)
    first = model.n_iter_
    model.fit(X, target)
    assert model.results_[0].passes <= first
    assert model.result_.is_done
    model.fit(X[:, :3], target)  # other columns: nothing to begin with
    assert model.coef_.shape[-1] == 3


def test_a_gap_that_was_not_reached_is_a_warning_that_says_what_to_do():
    with pytest.warns(ModelWarning, match=r"LinearSVC\.fit: stopped after 3 passes at relative gap .* raise max_iter"):
        model = LinearSVC(loss="hinge", solver=SGD(), max_iter=3).fit(X, NAMES)
    assert not model.result_.is_done


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (LinearSVC(C=0.0), "LinearSVC: C=0.0, expected a finite number > 0"),
        (LinearSVC(tol=-1.0), "LinearSVC: tol=-1.0"),
        (LinearSVC(max_iter=2.5), "LinearSVC: max_iter=2.5, expected an int >= 1"),
        (LinearSVC(loss="hinges"), "loss='hinges' is none for classes. Did you mean 'hinge'"),
        (LinearSVC(loss="sigmoid"), "Sigmoid is not convex"),
        (LinearSVC(multi_class="one_vs_one"), "multi_class='one_vs_one' is none. Did you mean 'one_vs_rest'"),
        (LogisticRegression(solver="newtons"), "solver='newtons' is none. Did you mean 'newton'"),
        (LogisticRegression(solver=3), "solver=3 is none"),
        (LinearSVC(intercept_scaling=0.0), "intercept_scaling=0.0"),
    ],
)
def test_parameters_that_are_none_are_refused_by_fit(model, message):
    with pytest.raises(ValueError, match=message):
        model.fit(X, NAMES)


def test_a_solver_that_does_not_fit_several_classes_is_refused():
    with pytest.raises(ValueError, match=r"does not solve a SoftmaxProblem\. Expected Newton"):
        LogisticRegression(solver="saga").fit(X3, Y3)


def test_a_class_that_counts_nothing_is_refused():
    with pytest.raises(DataError, match=r"all weights of class .*'yes'.* are zero"):
        LinearSVC().fit(X, NAMES, (NAMES == "no").astype(float))


def test_unknown_parameters_are_told_the_nearest():
    with pytest.raises(ValueError, match=r"LinearSVC has no parameter 'losss'\. Did you mean 'loss'"):
        LinearSVC().set_params(losss="hinge")


def test_what_is_not_fitted_says_so(monkeypatch):
    with pytest.raises(NotFittedError, match=r"LinearSVC\.predict: the estimator is not fitted"):
        LinearSVC().predict(X)
    monkeypatch.delitem(sys.modules, "sklearn.exceptions")
    with pytest.raises(ValueError, match="Call fit"):
        LinearSVC().decision_function(X)


def test_columns_of_a_frame_are_remembered():
    frame = pd.DataFrame(X, columns=list("abcde"))
    model = LinearSVC().fit(frame, NAMES)
    assert model.feature_names_in_.tolist() == list("abcde")
    with pytest.raises(DataError, match="the columns are"):
        model.predict(frame[list("bacde")])
    with pytest.raises(ShapeError, match="X has 4 features, but LinearSVC is expecting 5 features as input"):
        model.predict(X[:, :4])
    model.fit(X, NAMES)
    assert not hasattr(model, "feature_names_in_")


def test_a_column_of_labels_is_taken_with_a_warning_of_scikit_learn():
    with pytest.warns(DataConversionWarning, match="A column-vector y"):
        LinearSVC().fit(X, NAMES[:, None])


def test_estimators_work_in_a_pipeline_and_a_search():
    search = GridSearchCV(make_pipeline(StandardScaler(), LinearSVC()), {"linearsvc__C": [0.1, 1.0]}, cv=2).fit(
        X, NAMES
    )
    assert search.best_score_ > 0.6
    assert is_classifier(LinearSVC()) and is_regressor(LinearSVR())


def test_an_estimator_is_the_same_from_a_file():
    model = LinearSVC().fit(X, NAMES)
    copy = pickle.loads(pickle.dumps(model))
    assert (copy.decision_function(X) == model.decision_function(X)).all()


def test_rows_that_are_checked_once_serve_many_fits():
    rows = rows_of(X, "test")
    assert (LinearSVC().fit(rows, NAMES).predict(rows) == LinearSVC().fit(X, NAMES).predict(X)).all()


def test_support_vector_regression_has_a_tube():
    target = X @ np.arange(5.0)
    model = LinearSVR(epsilon=0.1, C=100.0, tol=1e-9).fit(X, target)
    assert np.abs(model.predict(X) - target).max() < 0.1 + 1e-2
    assert model.score(X, target) > 0.99
    with pytest.raises(ValueError, match=r"epsilon must be a number >= 0. Got -1.0"):
        LinearSVR(epsilon=-1.0).fit(X, target)
    ridge = LinearSVR(loss="squared", C=0.5, fit_intercept=False, tol=1e-12).fit(X, target)
    assert ridge.coef_ == pytest.approx(np.linalg.solve(X.T @ X + np.eye(5), X.T @ target), abs=1e-5)


@pytest.mark.parametrize("make", [LinearSVC, LogisticRegression, Perceptron, LinearSVR, Lasso, LinearRegression])
def test_a_fit_that_fails_leaves_the_estimator_as_it_was(make):
    random = np.random.default_rng(0)
    x, y = random.normal(size=(20, 3)), np.arange(20) % 2
    fresh = make()
    with pytest.raises(ValueError, match="y has shape"):
        fresh.fit(x, y[:5])
    with pytest.raises(ValueError, match="the estimator is not fitted"):
        fresh.predict(x)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ModelWarning)  # a perceptron on classes that no plane separates
        fitted = make().fit(x, y)
    before = fitted.predict(x)
    with pytest.raises(ValueError, match="y has shape"):
        fitted.fit(x[:, :2], y[:5])
    assert (fitted.predict(x) == before).all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"fit_intercept": "yes"}, "fit_intercept must be True or False. Got 'yes'"),
        ({"warm_start": 2}, "warm_start must be True or False. Got 2"),
        ({"random_state": -1}, "random_state must be an int >= 0. Got -1"),
        ({"class_weight": {1: "2"}}, "class_weight of 1 is '2'. Expected a finite number >= 0"),
        ({"class_weight": {1: 0}}, "all weights of class 1 are zero"),
        ({"loss": "hinge", "solver": "newton"}, "Newton: Hinge has kinks or is not convex"),
    ],
)
def test_settings_that_have_no_meaning_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        LinearSVC(**settings).fit([[0.0], [1.0]], [0, 1])


def test_messages_name_the_method_that_was_called():
    model = LinearSVC().fit([[0.0], [1.0]], [0, 1])
    for method in ("predict", "decision_function"):
        with pytest.raises(ValueError, match=rf"^LinearSVC\.{method}: X has 2 features"):
            getattr(model, method)([[0.0, 1.0]])
    with pytest.raises(ValueError, match=r"^LinearSVC\.support_: the estimator is not fitted"):
        _ = LinearSVC().support_


@pytest.mark.parametrize(
    ("y", "cost", "message"),
    [
        (np.ones(1), np.ones(2), r"y has dtype float64 and shape \(1,\), expected float64 and \(2,\)"),
        (np.ones(2, np.float32), np.ones(2), "y has dtype float32"),
        (np.ones(2), np.ones(3), r"cost has dtype float64 and shape \(3,\)"),
        (np.array([0.0, 1.0]), np.ones(2), r"Hinge has classes, and y is 0\.0\. Expected -1 and 1"),
        (np.ones(2), np.array([1.0, -1.0]), r"a cost is -1\.0\. Expected finite numbers >= 0"),
    ],
)
def test_what_is_no_problem_is_refused(y, cost, message):
    with pytest.raises(ValueError, match=f"Problem: {message}"):
        Problem(rows_of(np.ones((2, 1)), "x"), y, cost, losses.Hinge(), 1.0)
