"""Oracle (d): mypy and pyright, which read this file in ``make check``; and here the classes that the values have."""

from typing import Any, assert_type

import numpy as np
import numpy.typing as npt

import feedforward as ff

Array = npt.NDArray[Any]
X = np.zeros((4, 3), np.float32)
Y = np.zeros((4, 1), np.float32)


def model() -> ff.Sequential:
    made = ff.Sequential([ff.Input((3,)), ff.layers.Dense(1)])
    made.compile(ff.optimizers.SGD(0.1), ff.losses.MeanSquaredError(), metrics=["mean_absolute_error"])
    return made


def test_a_registered_class_keeps_its_type_and_its_arguments() -> None:
    layer = assert_type(ff.layers.Dense(3, "relu", use_bias=False, name="first"), ff.layers.Dense)
    assert assert_type(layer.units, int) == 3
    assert assert_type(ff.optimizers.Adam(1e-3, beta_1=0.5), ff.optimizers.Adam).beta_1 == 0.5
    loss = assert_type(ff.losses.BinaryCrossentropy(from_logits=True), ff.losses.BinaryCrossentropy)
    assert loss.from_logits
    metric = assert_type(ff.metrics.BinaryAccuracy(threshold=0.25), ff.metrics.BinaryAccuracy)
    assert metric.threshold == 0.25
    assert assert_type(ff.initializers.RandomNormal(stddev=0.5), ff.initializers.RandomNormal).stddev == 0.5


def test_what_a_model_returns_is_said() -> None:
    made = model()
    assert isinstance(assert_type(made(X), ff.Tensor | Any), ff.Tensor)
    assert isinstance(assert_type(made.predict(X), Array | Any), np.ndarray)
    assert isinstance(assert_type(made.predict_on_batch(X), Array | Any), np.ndarray)
    numbers = assert_type(made.evaluate(X, Y, verbose=0), list[float] | Any)
    loss, error = numbers
    assert isinstance(loss, float) and isinstance(error, float)
    named = assert_type(made.evaluate(X, Y, verbose=0, return_dict=True), dict[str, float])
    assert [*named.values()] == numbers
    history = assert_type(made.fit(X, Y, verbose=0), ff.callbacks.History)
    assert assert_type(history.history["loss"], list[float])[0] >= 0
    x = ff.Input((3,))
    described = ff.Model(x, ff.layers.Dense(2)(x))
    assert isinstance(assert_type(described(X), ff.Tensor | Any), ff.Tensor)


def test_what_common_programs_do_with_it_is_allowed() -> None:
    made = model()
    assert made.predict(X).argmax(axis=-1).shape == (4,)
    assert (made(X) - Y).sum().numpy().shape == ()
    x = ff.Input((3,))
    both = ff.Model(x, [ff.layers.Dense(2)(x), ff.layers.Dense(1)(x)])
    first, second = both.predict(X)
    assert (first.shape, second.shape) == ((4, 2), (4, 1))
    made.compile("sgd", "mean_squared_error")
    assert f"{made.evaluate(X, Y, verbose=0):.3f}"


def test_gradients_have_the_form_of_their_sources() -> None:
    w, b = ff.Variable([2.0]), ff.Variable([1.0])
    with ff.GradientTape(persistent=True) as tape:
        loss = assert_type((w * w + b).sum(), ff.Tensor)
    slope = assert_type(tape.gradient(loss, w), ff.Tensor | Any)
    assert slope.tolist() == [4.0]
    dw, db = assert_type(tape.gradient(loss, [w, b]), list[ff.Tensor | Any])
    w.assign_sub(0.5 * dw)
    assert (w.tolist(), db.tolist()) == ([0.0], [1.0])
    pair = assert_type(tape.gradient(loss, (w, b)), tuple[ff.Tensor | Any, ...] | Any)
    assert isinstance(pair, tuple)
    assert [*assert_type(tape.gradient(loss, {"w": w}), dict[str, ff.Tensor | Any])] == ["w"]
    other = ff.Variable([3.0])
    assert assert_type(tape.gradient(loss, other, unconnected_gradients="zero"), ff.Tensor).tolist() == [0.0]
    value, _ = assert_type(ff.value_and_grad(lambda x: x.sum())([1.0]), tuple[ff.Tensor, Any])
    assert value.item() == 1.0


def test_operations_on_tensors_and_variables_are_tensors() -> None:
    w = ff.Variable([[4.0]])
    for made in (
        assert_type(w + 1, ff.Tensor),
        assert_type(2.0 / w, ff.Tensor),
        assert_type(w @ w.T, ff.Tensor),
        assert_type(-abs(w), ff.Tensor),
        assert_type(w > 3.0, ff.Tensor),
        assert_type(w[0], ff.Tensor),
        assert_type(w.mean(axis=0), ff.Tensor),
        assert_type(ff.exp(w), ff.Tensor),
        assert_type(ff.relu(w), ff.Tensor),
        assert_type(ff.activations.softmax(w), ff.Tensor),
        assert_type(ff.layers.Dense(2)(w), ff.Tensor | Any),
    ):
        assert type(made) is ff.Tensor
    assert assert_type(w.assign_add([[1.0]]), ff.Variable) is w
