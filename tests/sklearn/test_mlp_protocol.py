"""Oracle (d): scikit-learn's own checks of estimators, all of them; and what it does with an estimator of its kind."""

import io
import pickle
import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_digits, load_iris
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import feedforward as ff
from feedforward.sklearn import MLPClassifier, MLPRegressor
from feedforward.training.model import Model

X, Y = load_iris(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])[Y]

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.filterwarnings("ignore:Can't check")
@parametrize_with_checks([MLPClassifier(max_iter=100), MLPRegressor(max_iter=100)])
def test_scikit_learn_finds_nothing_wrong(estimator, check):
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks(
    [
        MLPClassifier(max_iter=100, loss="hinge"),
        MLPClassifier(max_iter=100, solver="lbfgs"),
        MLPRegressor(max_iter=100, loss="huber", solver=ff.optimizers.Adam(0.01)),
    ]
)
def test_nor_with_other_settings(estimator, check):
    check(estimator)


def fitted(**settings):
    return MLPClassifier((9,), max_iter=20, random_state=0, **settings).fit(X, NAMES)


def test_a_grid_search_over_a_pipeline_finds_the_better_settings():
    pipeline = make_pipeline(StandardScaler(), MLPClassifier((8,), max_iter=40, random_state=0))
    grid = {"mlpclassifier__learning_rate_init": [1e-6, 0.05], "mlpclassifier__shuffle": np.array([True, False])}
    search = GridSearchCV(pipeline, grid, cv=3).fit(X, NAMES)
    assert search.best_params_["mlpclassifier__learning_rate_init"] == 0.05
    assert search.score(X, NAMES) > 0.95  # a linear model has 0.97
    assert cross_val_score(pipeline.set_params(mlpclassifier__learning_rate_init=0.05), X, NAMES, cv=3).min() > 0.9


def test_columns_of_a_frame_go_through_a_column_transformer():
    frame = pd.DataFrame({"size": X[:, 2], "place": np.where(X[:, 0] > 5.8, "north", "south")})
    columns = ColumnTransformer([("place", OneHotEncoder(), ["place"]), ("size", StandardScaler(), ["size"])])
    model = make_pipeline(columns, MLPRegressor(hidden_layer_sizes=(9,), max_iter=400, learning_rate_init=0.01))
    model[-1].set_params(random_state=0)
    assert model.fit(frame, X[:, 3]).score(frame, X[:, 3]) > 0.9  # petal width by petal length: r^2 is 0.93


def test_names_of_columns_are_kept_and_compared():
    frame = pd.DataFrame(X, columns=["a", "b", "c", "d"])
    model = MLPClassifier((4,), max_iter=2, random_state=0).fit(frame, NAMES)
    assert model.feature_names_in_.tolist() == ["a", "b", "c", "d"]
    with pytest.raises(ValueError, match="The feature names should match those that were passed during fit"):
        model.predict(frame.rename(columns={"a": "e"}))
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        model.predict(X[:1])


@pytest.mark.parametrize("through", ["pickle", "joblib"])
def test_a_pickle_predicts_the_same_bits_and_goes_on_with_the_same_bits(through):
    model = fitted(dropout=0.2, solver="sgd", learning_rate_init=0.01, early_stopping=True)
    model.set_params(early_stopping=False).partial_fit(X, NAMES)
    if through == "pickle":
        other = pickle.loads(pickle.dumps(model))
    else:
        file = io.BytesIO()
        joblib.dump(model, file)
        file.seek(0)
        other = joblib.load(file)
    assert (other.predict_proba(X) == model.predict_proba(X)).all()
    for one in (model, other):
        one.partial_fit(X, NAMES)
    assert model.loss_curve_ == other.loss_curve_
    assert all((a == b).all() for a, b in zip(model.coefs_, other.coefs_, strict=True))


def test_a_pickle_holds_plain_things_and_the_bytes_of_the_models_file():
    state = fitted().__getstate__()
    plain = (bool, int, float, str, tuple, list, np.ndarray, np.dtype, type(None), bytes)
    assert all(isinstance(value, plain) for value in state.values()), {k: type(v) for k, v in state.items()}
    assert isinstance(state["model_"], bytes)

    class Names(pickle.Unpickler):
        found = set()  # noqa: RUF012

        def find_class(self, module, name):
            self.found.add(f"{module.split('.')[0]}.{name}")
            return super().find_class(module, name)

    Names(io.BytesIO(pickle.dumps(fitted()))).load()
    ours = {name for name in Names.found if name.startswith("feedforward.")}
    assert ours == {"feedforward.MLPClassifier"}


def test_the_model_of_a_fitted_estimator_is_saved_and_loaded_by_itself(tmp_path):
    model = fitted()
    assert isinstance(model.model_, Model)
    model.model_.save(tmp_path / "iris.ff")
    p = ff.load(tmp_path / "iris.ff").predict(X, verbose=0)
    np.testing.assert_array_equal(p, model.predict_proba(X))


def test_a_clone_has_the_settings_and_nothing_learned():
    model = fitted(dropout=0.1, activation=["tanh"], solver=ff.optimizers.SGD(0.1))
    other = clone(model)
    assert other.get_params()["dropout"] == 0.1 and not hasattr(other, "coefs_")
    assert repr(other).startswith("MLPClassifier(activation=['tanh']")
    with pytest.raises(NotFittedError, match="This MLPClassifier instance is not fitted yet"):
        other.predict(X)
    with pytest.raises(AttributeError, match=r"MLPClassifier\.coefs_: there is none before fit\. Expected"):
        _ = other.coefs_


def test_weights_of_samples_are_routed_through_a_search():
    weight = (Y != 2).astype(float)
    with sklearn.config_context(enable_metadata_routing=True):
        model = MLPClassifier((8,), max_iter=60, learning_rate_init=0.05, random_state=0)
        model.set_fit_request(sample_weight=True).set_score_request(sample_weight=False)
        search = GridSearchCV(model, {"alpha": [1e-4]}, cv=3).fit(X, NAMES, sample_weight=weight)
    assert "virginica" not in search.predict(X)


def test_the_order_of_parameters_is_that_of_scikit_learn():
    from sklearn import neural_network

    for mine, theirs in [
        (MLPClassifier, neural_network.MLPClassifier),
        (MLPRegressor, neural_network.MLPRegressor),
    ]:
        wanted = theirs().get_params()
        assert {name: mine().get_params()[name] for name in wanted} == wanted  # the same defaults
    assert MLPClassifier((3,), "tanh").activation == neural_network.MLPClassifier((3,), "tanh").activation
    assert MLPRegressor("poisson", (3,), "tanh").loss == neural_network.MLPRegressor("poisson", (3,), "tanh").loss


def test_one_row_is_predicted_as_it_is_among_others():
    x, y = load_digits(return_X_y=True)
    model = MLPClassifier(max_iter=3, random_state=0).fit(x, y)
    for kind in (np.float64, np.float32, np.int64):
        one = [model.predict_proba(row[None].astype(kind))[0] for row in x[:20]]
        # Blocks of another size may add up in another order.
        np.testing.assert_allclose(one, model.predict_proba(x)[:20], rtol=1e-12)
    strided = np.repeat(x[:3], 2, axis=1)[:, ::2]
    np.testing.assert_array_equal(model.predict(strided[:1]), model.predict(x[:1]))
    with pytest.raises(ValueError, match="Input X contains NaN"):
        model.predict(np.full((1, 64), np.nan))
    with pytest.raises(ValueError, match="X has 63 features, but MLPClassifier is expecting 64 features"):
        model.predict(x[:1, :63])


def test_too_few_epochs_are_told_of_at_the_line_of_the_user():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        MLPClassifier((3,), max_iter=2, random_state=0).fit(X, NAMES)
        MLPRegressor(hidden_layer_sizes=(3,), solver="lbfgs", max_iter=2, random_state=0).fit(X, Y)
        MLPClassifier((3,), max_iter=2, batch_size=500, random_state=0).fit(X, NAMES)
    assert {warning.filename for warning in caught} == {__file__}
    texts = [str(warning.message) for warning in caught if warning.category is ConvergenceWarning]
    assert texts[0] == (
        "MLPClassifier: max_iter=2 epochs were not enough to converge. Expected 10 epochs that improve by less than "
        "tol=0.0001. Raise max_iter."
    )
    assert texts[1].startswith("lbfgs: 2 iterations and ") and "raise max_iter=2 or max_fun=15000" in texts[1]
    (clipped,) = [str(warning.message) for warning in caught if warning.category is UserWarning]
    assert clipped.startswith("MLPClassifier(batch_size=500): there are 150 samples, which are one batch.")
