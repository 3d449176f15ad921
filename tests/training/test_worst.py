"""Oracle (a): losses worked by hand."""

import numpy as np
import pytest

import feedforward as ff

L = ff.layers


def test_the_largest_losses_come_first_with_their_rows():
    # The model is w = 1: predictions are x. Squared errors: 1, 0, 9, 4.
    model = ff.Sequential([ff.Input((1,)), L.Dense(1, use_bias=False, kernel_initializer="ones")])
    model.compile("sgd", "mean_squared_error")
    top = model.top_losses([[1.0], [2.0], [3.0], [4.0]], [2.0, 2.0, 0.0, 2.0], 3)
    assert top.rows.tolist() == [2, 3, 0]
    assert top.losses.tolist() == [9.0, 4.0, 1.0]
    assert top.targets.reshape(-1).tolist() == [0.0, 2.0, 2.0]
    assert top.predictions.reshape(-1).tolist() == [3.0, 4.0, 1.0]
    assert repr(top).splitlines()[0] == "row 2: loss 9.0000, target 0, predicted 3"


@pytest.mark.parametrize(
    ("activation", "loss", "targets"),
    # Of the logits 30 x and 0: what is wrong costs log(1 + exp(30 x)), which is 30 x for large x.
    [("softmax", "sparse_categorical_crossentropy", [1, 1, 1]), ("sigmoid", "binary_crossentropy", [0, 0, 0])],
)
def test_losses_of_sure_mistakes_are_those_of_evaluate(activation, loss, targets):
    units = 2 if activation == "softmax" else 1
    model = ff.Sequential([ff.Input((1,)), L.Dense(units, activation, use_bias=False)])
    model.set_weights([np.array([[30.0, 0.0][:units]])])
    model.compile("sgd", loss)
    x = np.float32([[1.0], [3.0], [2.0]])
    top = model.top_losses(x, targets)
    assert top.rows.tolist() == [1, 2, 0]
    np.testing.assert_allclose(top.losses, [90.0, 60.0, 30.0], rtol=2**-22)
    assert model.evaluate(x, targets, verbose=0) == pytest.approx(60.0, rel=2**-22)


def test_equal_losses_keep_the_order_of_the_rows_and_few_samples_are_all():
    model = ff.Sequential([ff.Input((1,)), L.Dense(1, use_bias=False, kernel_initializer="zeros")])
    model.compile("sgd", "mean_squared_error")
    assert model.top_losses([[1.0], [2.0]], [1.0, 1.0]).rows.tolist() == [0, 1]


def test_a_model_whose_only_output_stands_in_a_list_is_asked_as_any():
    # As in the first test: of w = 1 the squared errors are 1 and 9.
    x = ff.Input((1,))
    model = ff.Model(x, [L.Dense(1, use_bias=False, kernel_initializer="ones")(x)])
    model.compile("sgd", "mean_squared_error")
    top = model.top_losses([[1.0], [3.0]], [np.array([2.0, 0.0])])
    assert top.rows.tolist() == [1, 0]
    assert top.predictions.tolist() == [[3.0], [1.0]]


def test_images_are_drawn_with_what_they_are_taken_for():
    images = np.arange(3 * 4).reshape(3, 2, 2).astype("float32")
    model = ff.Sequential([ff.Input((2, 2)), L.Flatten(), L.Dense(2, "softmax", kernel_initializer="zeros")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    figure = model.top_losses(images, [0, 1, 1]).plot()
    titles = [axis.get_title() for axis in figure.axes if axis.images]
    assert titles == ["0 taken for 0\nloss 0.6931", "1 taken for 0\nloss 0.6931", "1 taken for 0\nloss 0.6931"]  # ln 2


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda model: model.top_losses([[1.0]], [1.0], 0), r"top_losses\(count=0\): count must be an int >= 1"),
        (lambda model: model.top_losses([[1.0]], [1.0, 2.0]), "top_losses: "),
        (lambda model: model.top_losses([[1.0]], [1.0]).plot(), r"plot: samples of shape \(1,\) are no images"),
    ],
)
def test_a_mistake_is_one_error(ask, message):
    model = ff.Sequential([ff.Input((1,)), L.Dense(1)])
    model.compile("sgd", "mean_squared_error")
    with pytest.raises(ValueError, match=f"^{message}"):
        ask(model)
