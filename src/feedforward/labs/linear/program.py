"""What a reader takes out of the linear lab: a program of the package alone that does the same, and a model."""

from __future__ import annotations

import numpy as np

import feedforward as ff
from feedforward.labs.linear.objective import Objective
from feedforward.labs.linear.state import Floats, Integers, State

__all__ = ["model", "script"]

_PROGRAM = '''\
"""A linear classifier of points in the plane, trained by gradient descent."""

import numpy as np

import feedforward as ff

x = np.array({x})
y = {y}
W = np.array({W})  # a row of weights for each score
b = np.array({b})

loss = ff.losses.{loss!r}
strength, step_size = {strength!r}, {step_size!r}


@ff.function
def evaluate(W, b):
    with ff.GradientTape() as tape:
        tape.watch([W, b])
        scores = x @ ff.transpose(W) + b
        total = loss(y, scores) + strength * ff.sum(ff.square(W))
    return total, *tape.gradient(total, [W, b])


for _ in range({updates}):
    _, gradient_W, gradient_b = evaluate(ff.Tensor(W), ff.Tensor(b))
    W = W - step_size * gradient_W.numpy()
    b = b - step_size * gradient_b.numpy()

total, gradient_W, gradient_b = evaluate(ff.Tensor(W), ff.Tensor(b))
print("W =", W.tolist())
print("b =", b.tolist())
print("loss =", float(total))
'''


def script(objective: Objective, state: State, rows: slice, strength: float, step_size: float) -> str:
    """Return the program.

    Parameters
    ----------
    objective : Objective
    state : State
        Where the run stands; the program begins where the updates did that nothing else came between.
    rows : slice
        Which rows of the parameters are in use.
    strength, step_size : float
    """
    return _PROGRAM.format(
        x=_array(state.x),
        y=_targets(objective, state.y, rows),
        W=_array(state.first_W[rows]),
        b=_array(state.first_b[rows]),
        loss=objective.loss,
        strength=strength,
        step_size=step_size,
        updates=state.since,
    )


def model(objective: Objective, state: State, rows: slice, strength: float, step_size: float) -> ff.Sequential:
    """Return the model: one dense layer, and how it is trained; see `script`."""
    W, b = state.W[rows], state.b[rows]
    dense = ff.layers.Dense(len(b), kernel_regularizer=ff.regularizers.L2(strength))
    made = ff.Sequential([ff.Input((2,), dtype="float64"), dense])
    dense.set_weights([W.T, b])
    made.compile(ff.optimizers.SGD(step_size), objective.loss)
    return made


def _array(values: Floats) -> str:
    """Return an array as a program writes it, to the bit."""
    return repr(values.tolist())


def _targets(objective: Objective, y: Integers, rows: slice) -> str:
    if not objective.is_binary:
        return f"np.array({y.tolist()})"
    signs = np.where(y == rows.start, 1.0, -1.0)
    return f"np.array({signs.tolist()})[:, None]  # class {rows.start} against the others"
