"""Oracle (e): a change that Ctrl-C comes into is made in full or not at all, and later nodes bear no layer's name."""

import signal

import numpy as np
import pytest

import feedforward as ff
import interrupted

FILES = [
    "tensor.py",
    "tape.py",
    "random.py",
    "recording.py",
    "nn/layer.py",
    "nn/layers.py",
    "nn/categories.py",
    "nn/preprocessing.py",
    "nn/optimizer.py",
    "nn/optimizers.py",
]
FILES += ["graph/node.py", "graph/program.py", "graph/gradient.py", "compiler/simplify.py"]
X = np.random.default_rng(0).normal(size=(7, 4)).astype(np.float32)


def bits(variables):
    return [variable.numpy().tobytes() for variable in variables]


def step_by_hand():
    """Take a step of a loop of the user's own; the second, so that the optimizer has its state."""
    weights = [ff.Variable(np.ones((4, 2), np.float32)), ff.Variable(np.zeros(2, np.float32))]
    optimizer = ff.optimizers.Adam(0.1)

    def step():
        with ff.GradientTape() as tape:
            loss = ((ff.Tensor(X) @ weights[0] + weights[1]) ** 2).mean()
        optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))

    step()
    bits(weights)
    return step, lambda: bits([*weights, *optimizer.variables])


def new_weights():
    layer = ff.layers.Dense(3, kernel_initializer="ones")
    layer(X)
    return lambda: layer.set_weights([np.full((4, 3), 0.5), np.ones(3)]), lambda: bits(layer.weights)


def new_statistics():
    layer = ff.layers.Normalization()
    layer.adapt(X)
    layer(X)
    return lambda: layer.adapt(X * 3 + 1), lambda: [*bits(layer.weights), layer.mean, layer.variance]


def new_boundaries():
    layer = ff.layers.Discretization(num_bins=3)
    layer.adapt(X)
    layer(X)
    return lambda: layer.adapt(X * 3 + 1), lambda: [*bits(layer.weights), layer.bin_boundaries]


def new_vocabulary():
    layer = ff.layers.StringLookup()
    layer.adapt(["a", "b", "b"])
    return lambda: layer.adapt(["c", "c", "a"]), lambda: [layer.vocabulary, layer(["a", "b", "c"]).tolist()]


def new_directions():
    layer = ff.layers.Whitening(2)
    layer.adapt(X)
    layer(X)
    change = X * 3 + np.arange(X.size).reshape(X.shape) ** 2

    def state():
        return [*bits(layer.weights), *(each.tobytes() for each in layer._found)]

    return lambda: layer.adapt(change), state


def weights_of_a_first_call():
    layer = ff.layers.Dense(3, kernel_initializer="ones")
    return lambda: layer(X).numpy(), lambda: bits(layer.weights)


# A signal that comes in the callback of a weak reference is lost by Python, so once in a while none is seen.
@pytest.mark.slow
@pytest.mark.parametrize(
    "begin",
    [
        step_by_hand,
        new_weights,
        new_statistics,
        new_boundaries,
        new_vocabulary,
        new_directions,
        weights_of_a_first_call,
    ],
)
def test_a_change_that_ctrl_c_comes_into_is_made_in_full_or_not_at_all(begin):
    begin()[0]()  # so that what is made once is there
    change, state = begin()
    legal = [state()]
    lines = interrupted.run(change, FILES)
    legal.append(state())
    for place in interrupted.first_and_last(lines):
        change, state = begin()
        with pytest.raises(KeyboardInterrupt):
            interrupted.run(change, FILES, lambda: signal.raise_signal(signal.SIGINT), place)
        assert state() in legal, lines[place - 1]
        assert (ff.Tensor([1.0]) * 2).node.scope == "", lines[place - 1]


def test_layers_called_by_layers_draw_numbers_of_their_own():
    class Twice(ff.layers.Layer):
        def __init__(self):
            super().__init__()
            self.one, self.other = ff.layers.Dropout(0.5), ff.layers.Dropout(0.5)

        def call(self, x, training):
            return ff.stack([self.one(x, training), self.other(x, training)])

    with ff.random.drawing_from(1, 2):
        one, other = Twice()(np.ones((1, 64)), training=True).numpy()
        third = ff.layers.Dropout(0.5)(np.ones((1, 64)), training=True).numpy()
    assert len({one.tobytes(), other.tobytes(), third.tobytes()}) == 3  # of 2^64 masks each
