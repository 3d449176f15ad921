"""The run as a program of a few lines that uses the package alone and prints what the page shows."""

from __future__ import annotations

from typing import Any

from feedforward.labs.digits.networks import optimizer_text
from feedforward.labs.digits.pictures import SHOWN
from feedforward.labs.digits.run import BATCH, Run

__all__ = ["program"]

_TEXT = '''"""{title}"""

import numpy as np

import feedforward as ff

(x, y), (x_test, y_test) = ff.datasets.{data}()
x_test, y_test = x_test[:{shown}], y_test[:{shown}]

ff.set_seed({seed})
model = ff.Sequential(
    [
        ff.Input(({side}, {side}), dtype="uint8"),
        ff.layers.Rescaling(1 / {largest}),
{layers}
    ]
)
model.compile({optimizer}, "sparse_categorical_crossentropy", ["accuracy"])

steps = {steps}
if steps:
    random = np.random.default_rng({seed})
    epochs = -(-steps * {batch} // len(x))  # rounded up
    order = np.concatenate([random.permutation(len(x)) for _ in range(epochs)])[: steps * {batch}]
    model.train_on_batches(x, y, order=order, batch_size={batch})

loss, accuracy = model.evaluate(x_test, y_test, batch_size=len(x_test), verbose=0)
print(f"step {{steps}}, test digits: cross-entropy {{loss!r}}, accuracy {{accuracy!r}}")
'''


def program(settings: Any, run: Run) -> str:
    """Return the program for a run that was made with these settings."""
    return _TEXT.format(
        title=f"The network {settings.network!r} of the digits lab, trained for {run.step} steps.",
        data=settings.data,
        shown=SHOWN,
        seed=settings.seed,
        side=run.data.side,
        largest=run.data.largest,
        layers="\n".join(f"        {part.text}," for part in run.network.parts),
        optimizer=optimizer_text(run.network, settings.learning_rate, settings.decay),
        steps=run.step,
        batch=BATCH,
    )
