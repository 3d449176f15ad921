"""Oracle: worked by hand: which outputs are probabilities, which are logits, and what each loss expects of them."""

import gc
import re
import warnings
import weakref

import numpy as np
import pytest

import feedforward as ff
from feedforward.errors import ModelWarning

L = ff.layers
Sparse, Categorical, Binary = (
    ff.losses.SparseCategoricalCrossentropy,
    ff.losses.CategoricalCrossentropy,
    ff.losses.BinaryCrossentropy,
)
BOTH = "gives probabilities, by softmax, but SparseCategoricalCrossentropy(from_logits=True) applies softmax itself."
NONE = "has no activation, but SparseCategoricalCrossentropy expects probabilities. Give the layer activation='softmax'"


class Own(L.Layer):
    """A layer of a user that applies a function to what a layer in it gives."""

    def __init__(self, function):
        super().__init__(name="own")
        self.inner, self.function = L.Dense(3), function

    def call(self, x, training):
        return self.function(self.inner(x))


def chain(*layers):
    return lambda: ff.Sequential([ff.Input((4,)), *layers])


def network(function):
    def make():
        x = ff.Input((4,))
        return ff.Model(x, function(x))

    return make


def dense(units=3, activation=None, **settings):
    return L.Dense(units, activation, name="last", **settings)


AT_ODDS = [
    (
        chain(dense(3, "softmax")),
        Sparse(from_logits=True),
        f"layer 'last' {BOTH} Leave out the softmax, or from_logits.",
    ),
    (chain(dense(3, "Softmax")), Sparse(from_logits=True), f"layer 'last' {BOTH}"),
    (chain(dense(3, ff.softmax)), Sparse(from_logits=True), f"layer 'last' {BOTH}"),
    (chain(dense(3, lambda z: ff.softmax(z / 2))), Sparse(from_logits=True), f"layer 'last' {BOTH}"),
    (chain(L.Dense(3), L.Activation("softmax", name="act")), Sparse(from_logits=True), f"layer 'act' {BOTH}"),
    (chain(Own(ff.softmax)), Sparse(from_logits=True), f"layer 'own' {BOTH}"),
    (network(lambda x: ff.softmax(L.Dense(3)(x))), Sparse(from_logits=True), f"the output {BOTH}"),
    # What comes after may leave the numbers as they are.
    (chain(dense(3, "softmax"), L.Dropout(0.5)), Sparse(from_logits=True), f"layer 'last' {BOTH}"),
    (chain(dense(3, "softmax"), L.Activation("linear")), Sparse(from_logits=True), f"layer 'last' {BOTH}"),
    (chain(dense(3, "softmax"), L.Reshape((1, 3)), L.Flatten()), Sparse(from_logits=True), f"layer 'last' {BOTH}"),
    (
        chain(dense(1, "sigmoid")),
        Binary(from_logits=True),
        "layer 'last' gives probabilities, by sigmoid, but BinaryCrossentropy(from_logits=True) applies sigmoid itself."
        " Leave out the sigmoid, or from_logits.",
    ),
    (
        chain(dense(2, "softmax")),
        Binary(from_logits=True),
        "layer 'last' gives probabilities, by softmax, but BinaryCrossentropy(from_logits=True) applies sigmoid itself."
        " Leave out the softmax.",
    ),
    (chain(dense()), Sparse(), f"layer 'last' {NONE}, or the loss from_logits=True."),
    (chain(dense(use_bias=False)), Sparse(), f"layer 'last' {NONE}"),
    (chain(dense(activation="linear")), Sparse(), f"layer 'last' {NONE}"),
    (chain(dense(), L.Rescaling(0.5, 1.0)), Sparse(), f"layer 'last' {NONE}"),
    (chain(dense(), L.Dropout(0.5)), Sparse(), f"layer 'last' {NONE}"),
    (chain(Own(lambda y: y)), Sparse(), f"layer 'inner' {NONE}"),
    (network(lambda x: 1.0 - dense()(x) * 2.0), Sparse(), f"layer 'last' {NONE}"),
    (
        chain(dense()),
        Categorical(),
        "layer 'last' has no activation, but CategoricalCrossentropy expects probabilities. Give the layer "
        "activation='softmax', or",
    ),
    (
        chain(dense(1)),
        Binary(),
        "layer 'last' has no activation, but BinaryCrossentropy expects probabilities. Give the layer "
        "activation='sigmoid', or",
    ),
    (
        chain(dense(3, "sigmoid")),
        Categorical(),
        "layer 'last' ends in sigmoid, whose outputs do not add up to 1, but CategoricalCrossentropy expects the "
        "probabilities of classes of which one is right. Use softmax, or BinaryCrossentropy if several may be right.",
    ),
    (chain(dense(3, "sigmoid")), Sparse(), "layer 'last' ends in sigmoid, whose outputs do not add up to 1"),
    (
        chain(dense(1, "softmax")),
        Binary(),
        "layer 'last' is a softmax of one unit, which is 1 whatever the input, beside BinaryCrossentropy. Use sigmoid "
        "with BinaryCrossentropy, or one unit for each class.",
    ),
    (chain(dense(1, "softmax")), "mse", "layer 'last' is a softmax of one unit"),
    (chain(dense(1, "softmax")), lambda y, p: (y - p) ** 2, "layer 'last' is a softmax of one unit"),
]

FITTING = [
    (chain(dense(3, "softmax")), Sparse()),
    (chain(dense(3, "softmax")), Categorical()),
    (chain(dense(3, "softmax")), Binary()),
    (chain(dense(3, "softmax")), "mse"),
    (chain(dense(1, "sigmoid")), Binary()),
    (chain(dense(3, "sigmoid")), Binary()),
    (chain(dense(3, "sigmoid")), "mse"),
    (chain(dense()), Sparse(from_logits=True)),
    (chain(dense()), Categorical(from_logits=True)),
    (chain(dense()), Binary(from_logits=True)),
    (chain(dense()), "mae"),
    (chain(dense()), lambda y, p: ff.maximum(1.0 - y * p, 0.0)),  # hinge
    (chain(dense(3, "log_softmax")), Sparse(from_logits=True)),
    (chain(dense(3, "softplus")), Categorical()),  # divided by its sum
    # Probabilities made by hand, of probabilities, and by numbers that are no variable.
    (network(lambda x: (lambda e: e / e.sum(-1, keepdims=True))(ff.exp(L.Dense(3)(x)))), Categorical()),
    (network(lambda x: 0.5 * (L.Dense(3, "softmax")(x) + L.Dense(3, "softmax")(x))), Categorical()),
    (network(lambda x: 1.0 - L.Dense(1, "sigmoid")(x)), Binary()),
    (network(lambda x: L.Dense(3, "softmax")(x) @ np.full((3, 3), 1 / 3, np.float32)), Categorical()),
    (network(lambda x: ff.softmax(L.Reshape((3, 1))(L.Dense(3)(x)), axis=1)), Binary()),
    (network(lambda x: x), Binary()),
]


@pytest.mark.parametrize(("make", "loss", "message"), AT_ODDS)
def test_an_output_that_a_loss_takes_for_something_else_is_told_of_where_it_is_compiled(make, loss, message):
    model = make()
    with pytest.warns(ModelWarning, match=rf"^compile: {re.escape(message)}") as caught:
        model.compile("sgd", loss)
    assert len(caught) == 1 and caught[0].filename == __file__


@pytest.mark.parametrize(("make", "loss"), FITTING)
def test_an_output_that_fits_or_of_which_nothing_is_known_is_no_reason_to_warn(make, loss):
    make().compile("sgd", loss)


X, Y = np.ones((4, 3)), np.array([0, 1, 2, 0])


@pytest.mark.parametrize("caller", ["fit", "evaluate"])
def test_a_model_that_does_not_know_its_input_yet_warns_once_when_it_does(caller):
    model = ff.Sequential([L.Dense(3)])
    model.compile("sgd", Sparse())
    with pytest.warns(ModelWarning, match=r"^compile: layer 'dense.*' has no activation") as caught:
        getattr(model, caller)(X, Y, verbose=0)
    assert len(caught) == 1 and caught[0].filename == __file__
    model.fit(X, Y, verbose=0)
    model.evaluate(X, Y, verbose=0)
    model.predict(X)


def test_a_warning_is_given_once_for_each_compile_and_not_again_by_a_file(tmp_path):
    model = ff.Sequential([ff.Input((3,)), L.Dense(3)])
    for _ in range(2):
        with pytest.warns(ModelWarning, match="has no activation"):
            model.compile("sgd", Sparse())
        model.fit(X, Y, verbose=0)
    model.save(tmp_path / "m.ff")
    again = ff.load(tmp_path / "m.ff")
    again.fit(X, Y, verbose=0)
    with pytest.warns(ModelWarning, match="has no activation"):
        again.compile("sgd", Sparse())


def test_a_layer_added_after_compile_is_looked_at():
    model = ff.Sequential([ff.Input((3,)), L.Dense(3)])
    model.compile("sgd", Sparse(from_logits=True))
    model.add(L.Activation("softmax"))
    with pytest.warns(ModelWarning, match="applies softmax itself"):
        model.fit(X, Y, verbose=0)


def test_where_warnings_are_errors_a_model_stays_as_it_was():
    model = ff.Sequential([ff.Input((3,)), L.Dense(3)])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ModelWarning, match="has no activation"):
            model.compile("sgd", Sparse())
    assert model.loss is None
    with pytest.raises(ValueError, match="fit: the model is not compiled"):
        model.fit(X, Y)


def test_what_is_remembered_of_an_output_keeps_no_weight_alive():
    gc.collect()
    layer = L.Dense(3)
    layer(ff.Input((2,)))
    kernel = weakref.ref(layer.kernel)
    del layer
    gc.collect()
    assert kernel() is None
