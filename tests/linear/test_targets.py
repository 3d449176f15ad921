"""Oracle (a): weights worked by hand, messages by eye."""

import numpy as np
import pytest

from feedforward.errors import DataError, ShapeError
from feedforward.linear.targets import classes_of, costs_of, numbers_of, one_axis, weights_of_classes


@pytest.mark.parametrize(
    ("y", "classes", "number"),
    [
        (["b", "a", "b"], ["a", "b"], [1, 0, 1]),
        ([True, False, True], [False, True], [1, 0, 1]),
        ([7, -1, 7], [-1, 7], [1, 0, 1]),
        ([2.0, 1.0, 2.0], [1.0, 2.0], [1, 0, 1]),
        (np.array(["b", "a", "b"], object), ["a", "b"], [1, 0, 1]),
        ([1.0, 2.0, 1.0], [1.0, 2.0], [0, 1, 0]),
        ([0.0, -0.0, 1.0], [0.0, 1.0], [0, 0, 1]),
        (np.array([200, 3, 200], np.uint8), [3, 200], [1, 0, 1]),
        ([7, 5, 6], [5, 6, 7], [2, 0, 1]),
    ],
)
def test_labels_of_any_kind_become_numbers(y, classes, number):
    found, numbers = classes_of(y, 3, "fit")
    assert found.tolist() == classes and numbers.tolist() == number


@pytest.mark.parametrize(
    ("y", "error", "message"),
    [
        ([0.5, 1.0, 2.0], DataError, "Unknown label type: y is 0.5 at row 0, continuous"),
        ([1.0, np.nan, 2.0], DataError, "y is nan at row 1"),
        ([1, 1, 1], DataError, r"y has 1 class, .*1.*, in 3 rows"),
        ([1, 2], ShapeError, r"y has shape \(2,\), x has 3 rows"),
        (None, DataError, "requires y to be passed, but the target y is None"),
        (np.array([1, "a", None], object), DataError, "labels of types NoneType, int, str"),
        ([1j, 2, 3], DataError, "Complex data not supported"),
    ],
)
def test_what_are_no_labels_is_refused(y, error, message):
    with pytest.raises(error, match=message):
        classes_of(y, 3, "fit")


def test_a_column_is_taken_with_a_warning():
    with pytest.warns(UserWarning, match=r"A column-vector y was passed when a 1d array was expected, by fit\."):
        assert one_axis(np.ones((3, 1)), 3, "fit").shape == (3,)


def test_targets_that_are_not_finite_are_named():
    with pytest.raises(DataError, match="y is inf at row 2"):
        numbers_of([1.0, 2.0, np.inf], 3, "fit")


@pytest.mark.parametrize(
    ("weight", "error", "message"),
    [
        ([1.0, 2.0], ShapeError, r"sample_weight has shape \(2,\), x has 3 rows"),
        ([1.0, -2.0, 1.0], DataError, "sample_weight is -2.0 at row 1"),
        ([1.0, 1.0, np.nan], DataError, "sample_weight is nan at row 2"),
        ([0.0, 0.0, 0.0], DataError, "all sample weights are zero"),
    ],
)
def test_what_are_no_weights_is_refused(weight, error, message):
    with pytest.raises(error, match=message):
        costs_of(weight, 3, "fit")


def test_balanced_weights_make_the_classes_count_alike():
    number = np.array([0, 0, 0, 1])
    # 4 rows, 2 classes: 4 / (2 * 3) and 4 / (2 * 1); with a first row that counts 3: 6 / (2 * 5) and 6 / (2 * 1)
    weights = weights_of_classes("balanced", np.array(["a", "b"]), number, np.ones(4), "fit")
    assert weights.tolist() == [4 / 6, 2.0]
    weights = weights_of_classes("balanced", np.array(["a", "b"]), number, np.array([3.0, 1, 1, 1]), "fit")
    assert weights.tolist() == [0.6, 3.0]


def test_weights_by_label_leave_the_others_at_one():
    found = weights_of_classes({"b": 3}, np.array(["a", "b"]), np.array([0, 1]), np.ones(2), "fit")
    assert found.tolist() == [1.0, 3.0]


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        ({"setosa": 1.0}, r"class_weight has the class 'setosa', which y has not\. Did you mean 'setosas'\?"),
        ({"setosas": -1.0}, "class_weight of 'setosas' is -1.0"),
        ("balance", "class_weight must be None, 'balanced' or a dict"),
    ],
)
def test_what_are_no_class_weights_is_refused(weight, message):
    with pytest.raises(DataError, match=message):
        weights_of_classes(weight, np.array(["setosas", "other"]), np.array([0, 1]), np.ones(2), "fit")
