"""Metrics that are exact over an epoch, one of one's own, and a loop of batches: ``python examples/metrics.py``."""

from dataclasses import dataclass
from typing import ClassVar

import feedforward as ff


@dataclass(frozen=True)
class Sureness(ff.metrics.Metric):
    """The mean of the largest probability: how sure the network is, right or wrong."""

    is_larger_better: ClassVar[bool | None] = True

    def values(self, y_true: ff.Tensor, y_pred: ff.Tensor) -> ff.Tensor:
        """Return the largest probability of each sample."""
        return ff.max(y_pred, -1)


def wrong_probability(y_true: ff.Tensor, y_pred: ff.Tensor) -> ff.Tensor:
    """Return what each sample gives to the classes that are wrong; as a metric it needs no class."""
    right = ff.take_along_axis(y_pred, ff.expand_dims(ff.cast(y_true, "int64"), -1), -1)
    return 1.0 - ff.squeeze(right, -1)


def main(epochs: int = 3) -> dict[str, float]:
    """Train a network on the digits, and return what is measured on those that it has not seen."""
    (x, y), test = ff.datasets.digits()
    ff.set_seed(1)
    model = ff.Sequential([ff.Input((8, 8)), ff.layers.Flatten(), ff.layers.Dense(10, activation="softmax")])
    model.compile(
        ff.optimizers.Adam(0.01),
        "sparse_categorical_crossentropy",
        # The names fit the loss; what they mean in full is written out for one of them.
        metrics=["accuracy", "auc", "recall", ff.metrics.F1Score(average="macro"), Sureness(), wrong_probability],
        weighted_metrics=["accuracy"],  # with what class_weight says, here of nines
    )
    stop = ff.callbacks.EarlyStopping("val_auc", patience=5)  # which asks the metric which way is better
    model.fit(x, y, epochs=epochs, class_weight={9: 3.0}, validation_split=0.2, callbacks=[stop], verbose=2)

    for start in range(0, 320, 32):  # the same steps, in a loop of one's own
        loss, *_ = model.train_on_batch(x[start : start + 32], y[start : start + 32])
    print(f"loss of the last batch: {loss:.3f}")
    return model.evaluate(*test, verbose=2, return_dict=True)


if __name__ == "__main__":
    main()
