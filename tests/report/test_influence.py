"""Oracles: scikit-learn's permutation importance and partial dependence run beside ours, with the same permutations and
values; small tables worked by hand.
"""

import math

import numpy as np
import pytest
from sklearn import inspection, linear_model, metrics

from feedforward.report.evaluation import Classification, Regression
from feedforward.report.influence import (
    Dependence,
    influence_of,
    partial_dependence,
    permutation_importances,
    values_to_try,
)

N, REPEATS = 120, 4


def table(kind: str):
    """Return rows of three columns, labels, and a model of scikit-learn's fitted to them."""
    draw = np.random.default_rng(4)
    x = draw.normal(size=(N, 3))
    y = 2 * x[:, 0] - x[:, 1] + 0.1 * draw.normal(size=N)
    if kind == "regression":
        return x, y, linear_model.LinearRegression().fit(x, y)
    classes = (y > 0).astype(int) + (y > 2 if kind == "three classes" else 0)
    return x, classes, linear_model.LogisticRegression().fit(x, classes)


def columns_of(x):
    return {name: x[:, place].copy() for place, name in enumerate("abc")}


def predict_of(model):
    """Return a model of scikit-learn's as a function of columns."""
    outputs = getattr(model, "predict_proba", model.predict)
    return lambda columns: outputs(np.stack(list(columns.values()), axis=1)).reshape(len(columns["a"]), -1)


def their_orders(seed: int):
    """Return the permutations that scikit-learn goes through: it shuffles the shuffled column again."""
    # sklearn.inspection._permutation_importance: one seed drawn of the state, then a state of that for each column
    state = np.random.RandomState(np.random.RandomState(seed).randint(np.iinfo(np.int32).max + 1))
    order, orders, step = np.arange(N), [], np.arange(N)
    for _ in range(REPEATS):
        state.shuffle(step)
        order = order[step]
        orders.append(order)
    return orders


@pytest.mark.parametrize("kind", ["regression", "two classes", "three classes"])
def test_importances_are_those_of_scikit_learn_with_its_permutations(kind):
    x, y, model = table(kind)
    scoring = "neg_root_mean_squared_error" if kind == "regression" else "neg_log_loss"
    theirs = inspection.permutation_importance(model, x, y, scoring=scoring, n_repeats=REPEATS, random_state=5)
    if kind == "regression":
        score = lambda outputs: -metrics.root_mean_squared_error(y, outputs[:, 0])  # noqa: E731
    else:
        score = lambda outputs: -metrics.log_loss(y, outputs)  # noqa: E731
    ours = permutation_importances(columns_of(x), predict_of(model), score, their_orders(5))
    assert [one.name for one in ours] == ["a", "b", "c"]
    # the same sums in the same order: a rounding or two of numbers near 1
    np.testing.assert_allclose([one.changes for one in ours], theirs.importances, rtol=0, atol=8 * 2**-52)
    np.testing.assert_allclose([one.mean for one in ours], theirs.importances_mean, rtol=0, atol=8 * 2**-52)
    np.testing.assert_allclose([one.deviation for one in ours], theirs.importances_std, rtol=0, atol=8 * 2**-52)


@pytest.mark.parametrize("kind", ["regression", "two classes", "three classes"])
def test_the_score_is_that_of_scikit_learn(kind):
    x, y, model = table(kind)
    predict, rows = predict_of(model), columns_of(x)
    evaluation = (
        Regression(y, predict(rows)[:, 0])
        if kind == "regression"
        else Classification(y, predict(rows), tuple("xyz"[: y.max() + 1]), 0.0)
    )
    ours = influence_of(rows, predict, evaluation, parameters=4, inputs=3, seed=2)
    from feedforward import random

    orders = [random.permutation(N, seed=2 + repeat).numpy() for repeat in range(ours.repeats)]
    if kind == "regression":
        score = lambda outputs: -metrics.root_mean_squared_error(y, outputs[:, 0])  # noqa: E731
    else:
        score = lambda outputs: -metrics.log_loss(y, outputs)  # noqa: E731
    theirs = {one.name: one.changes for one in permutation_importances(rows, predict, score, orders)}
    for one in ours.importances:
        np.testing.assert_allclose(one.changes, theirs[one.name], rtol=0, atol=N * 2**-52)  # sums of N terms
    assert [one.mean for one in ours.importances] == sorted((one.mean for one in ours.importances), reverse=True)
    assert ours.importances[0].name == "a"  # of which the labels were made most


@pytest.mark.parametrize("kind", ["regression", "three classes"])
def test_partial_dependence_is_that_of_scikit_learn(kind):
    x, _, model = table(kind)
    values = np.array([-1.0, 0.0, 0.5])
    ours = partial_dependence(columns_of(x), "b", values, predict_of(model))
    theirs = inspection.partial_dependence(
        model, x, [1], custom_values={1: values}, method="brute", kind="average", response_method="auto"
    )
    np.testing.assert_allclose(ours.T, theirs["average"], rtol=N * 2**-52)  # means of N terms


def test_a_probability_of_nothing_costs_what_scikit_learn_says():
    # log(0) is cut at the smallest difference of the outputs' dtype, as log_loss does.
    labels = np.array([0, 1, 1])
    outputs = np.array([[1, 0], [1, 0], [0.25, 0.75]], np.float32)
    rows = {"a": np.arange(3.0)}
    evaluation = Classification(labels, outputs, ("no", "yes"), 0.0)
    found = influence_of(rows, lambda columns: outputs[columns["a"].astype(int)], evaluation, parameters=1, inputs=1)
    from feedforward import random

    order = random.permutation(3, seed=0).numpy()
    expected = metrics.log_loss(labels, outputs[order]) - metrics.log_loss(labels, outputs)
    assert found.importances[0].changes[0] == pytest.approx(expected, rel=1e-6)  # theirs takes logarithms in float32


def test_a_column_that_nothing_depends_on_is_worth_nothing():
    x, y, _ = table("regression")
    rows = {**columns_of(x), "text": np.array(["a", None] * (N // 2), dtype=object)}
    found = influence_of(rows, lambda columns: columns["a"][:, None], Regression(y, x[:, 0]), parameters=1, inputs=1)
    worth = {one.name: one for one in found.importances}
    assert worth["text"].mean == worth["b"].mean == worth["c"].deviation == 0
    assert worth["a"].mean > 0


def test_many_rows_and_weights_are_measured_on_some_rows_from_all_of_the_table():
    n = 5000
    rows = {"a": np.arange(n, dtype=np.float64)}
    seen = []

    def predict(columns):
        seen.append(columns["a"].copy())
        return columns["a"][:, None]

    evaluation = Regression(rows["a"], rows["a"])
    # 1e10 multiplications for one column, five times: at 1e6 weights 2,000 rows
    found = influence_of(rows, predict, evaluation, parameters=10**6, inputs=0)
    assert found.rows == 2000 == len(seen[0]) and found.dependence_rows == 1000
    assert seen[0][0] == 0 and seen[0][-1] == n - 1 and np.ptp(np.diff(seen[0])) <= 1
    assert influence_of(rows, predict, evaluation, parameters=10**9, inputs=0).rows == 200  # never fewer
    assert influence_of(rows, predict, evaluation, parameters=1, inputs=0).rows == n


def test_numbers_are_tried_from_the_5th_to_the_95th_percentile():
    column = np.concatenate([np.arange(101.0), [math.nan]])
    assert values_to_try(column).tolist() == np.linspace(5, 95, 20).tolist()


def test_few_numbers_are_tried_all_and_a_missing_one_is_none():
    assert values_to_try(np.array([3.0, math.nan, 1.0, 3.0])).tolist() == [1.0, 3.0]


def test_numbers_that_are_nearly_all_equal_are_tried_up_to_the_largest():
    column = np.concatenate([np.zeros(1000), np.arange(1.0, 31.0)])  # 31 different ones, every second is tried
    assert values_to_try(column).tolist() == np.arange(0.0, 31.0, 2).tolist()


def test_texts_are_tried_by_how_common_they_are():
    column = np.array(["b", "a", "c", None, "c", "b", *"defghijkl"], dtype=object)
    assert values_to_try(column).tolist() == ["b", "c", *"adefghij"]


def test_a_dependence_says_how_the_column_is_distributed():
    x, y, _ = table("regression")
    rows = columns_of(x)
    rows["a"][:7] = np.nan
    rows["kind"] = np.array(["x", "y", "x", None] * (N // 4), dtype=object)
    predict = lambda columns: (np.nan_to_num(columns["a"]) + (columns["kind"] == "x"))[:, None]  # noqa: E731
    found = influence_of(rows, predict, Regression(y, y), parameters=1, inputs=1)
    by_name: dict[str, Dependence] = {one.name: one for one in found.dependences}
    a, kind = by_name["a"], by_name["kind"]
    assert a.is_number and a.missing == 7
    low, high = np.quantile(rows["a"][7:], [0.05, 0.95])
    inside = (rows["a"] >= low) & (rows["a"] <= high)
    assert a.counts.sum() == inside.sum() and len(a.counts) == 24
    assert not kind.is_number and kind.missing == N // 4
    assert (kind.values.tolist(), kind.counts.tolist()) == (["x", "y"], [N // 2, N // 4])
    assert kind.outputs[0] - kind.outputs[1] == pytest.approx(1.0, abs=1e-14)  # a mean of 120 numbers near 1


def test_a_column_of_one_value_has_no_dependence():
    rows = {"a": np.ones(10), "b": np.array(["x"] * 10, dtype=object), "c": np.full(10, np.nan)}
    found = influence_of(
        rows, lambda columns: columns["a"][:, None], Regression(np.ones(10), np.ones(10)), parameters=1, inputs=1
    )
    assert found.dependences == () and len(found.importances) == 3
