"""Oracle (a): counts and kernels worked by hand, read off Matplotlib's own objects."""

import sys

import numpy as np
import pytest

import feedforward as ff

L = ff.layers


def classifier(shape=(2,), kernel=None, activation="softmax", loss="sparse_categorical_crossentropy"):
    """A classifier of three classes, whose logits are W x."""
    model = ff.Sequential(
        [ff.Input(shape), *([L.Flatten()] if len(shape) > 1 else []), L.Dense(3, activation, name="top")]
    )
    model.compile("sgd", loss)
    if kernel is not None:
        model.set_weights([np.asarray(kernel, "float32"), np.zeros(3, "float32")])
    return model


def test_a_confusion_matrix_shows_how_many_of_each_class_were_taken_for_each():
    # Logits are (x0, x1, 0): rows (1, 0), (0, 1), (-1, -1) are taken for 0, 1, 2.
    model = classifier(kernel=[[1, 0, 0], [0, 1, 0]])
    x, y = [[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0], [1.0, 0.0]], [0, 1, 2, 2]
    (axis,) = model.plot_confusion_matrix(x, y, ["a", "b", "c"]).axes
    cells = {(text.get_position()[1], text.get_position()[0]): text.get_text() for text in axis.texts}
    assert cells == {(0, 0): "1", (1, 1): "1", (2, 2): "1", (2, 0): "1"}  # one c was taken for a
    assert [label.get_text() for label in axis.get_xticklabels()] == ["a", "b", "c"]
    assert axis.get_title() == "3 of 4 right"


def test_a_confusion_matrix_of_margins():
    model = classifier(kernel=[[1, 0, -1], [0, 1, -1]], activation=None, loss="crammer_singer")
    one = ff.Sequential([ff.Input((2,)), L.Dense(1)])
    one.compile("sgd", "hinge")
    one.set_weights([np.float32([[1], [0]]), np.float32([0])])  # the output is x0
    x = [[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0], [1.0, 0.0]]
    assert one.plot_confusion_matrix(x, [1, 1, -1, -1]).axes[0].get_title() == "2 of 4 right"  # 0 is not above 0
    assert model.plot_confusion_matrix(x, [0, 1, 2, 2]).axes[0].get_title() == "3 of 4 right"


def test_filters_of_a_dense_layer_on_an_image_are_images():
    kernel = np.arange(12.0).reshape(4, 3)
    axes = [axis for axis in classifier((2, 2), kernel).plot_filters().axes if axis.images]
    assert len(axes) == 3
    np.testing.assert_array_equal(axes[1].images[0].get_array(), [[1, 4], [7, 10]])  # the second column
    assert axes[0].images[0].get_clim() == (-11.0, 11.0)


def test_activations_are_a_row_for_each_sample():
    model = classifier(kernel=[[0, 0, 0], [0, 0, 0]])
    axis = model.plot_activations([[1.0, 2.0], [3.0, 4.0]], "top").axes[0]
    np.testing.assert_allclose(axis.images[0].get_array(), np.full((2, 3), 1 / 3), rtol=1e-6)
    assert model.plot_activations([[1.0, 2.0]], "top", count=2).axes[0].images[0].get_array().shape == (1, 2)


def test_without_matplotlib_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"^plot_filters: Matplotlib is not installed. Install it with pip install"):
        classifier().plot_filters()


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda model: model.plot_filters("no"), "no layer 'no'. The layers are"),
        (lambda model: model.plot_activations(np.ones((0, 2))), "plot_activations: there are no samples. Give"),
        (lambda model: model.plot_filters(count=0), r"plot_filters\(count=0\): count must be"),
        (lambda model: model.plot_confusion_matrix([[1.0, 2.0]], [0], ["a"]), "plot_confusion_matrix: got 1 names"),
    ],
)
def test_a_mistake_is_one_error(ask, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        ask(classifier())


def test_activations_in_a_call_of_ones_own_are_refused():
    class Own(ff.Model):
        def __init__(self):
            super().__init__(name="own")
            self.first = L.Dense(2, name="first")

        def call(self, x, training=False):
            return self.first(x)

    model = Own()
    model.predict(np.ones((1, 2)))
    with pytest.raises(ValueError, match=r"^plot_activations: own has a call of its own, .* calls 'first'\."):
        model.plot_activations(np.ones((1, 2)))


def test_a_regression_has_no_classes_and_a_flat_layer_no_kernel():
    model = ff.Sequential([ff.Input((2,)), L.Flatten(name="flat"), L.Dense(1)])
    model.compile("sgd", "mean_squared_error")
    with pytest.raises(ValueError, match=r"^plot_confusion_matrix: the model predicts a number"):
        model.plot_confusion_matrix([[1.0, 2.0]], [1.0])
    with pytest.raises(ValueError, match=r"^plot_filters: layer 'flat' has no kernel"):
        model.plot_filters("flat")
