"""scikit-learn's MLPClassifier, an epoch a call of ``partial_fit``, which keeps Adam's moments."""

from __future__ import annotations

import numpy as np
import sklearn
from sklearn.neural_network import MLPClassifier

from benchmarks.networks import BETA_1, BETA_2, EPSILON, LEARNING_RATE, Array, Network


class ScikitLearnTrainer:
    """The network and its data; see `Trainer`."""

    def __init__(self, network: Network, x: Array, y: Array) -> None:
        self.x, self.y = x, y
        self.model = MLPClassifier(
            hidden_layer_sizes=network.units[1:-1],
            activation="relu",
            solver="adam",
            alpha=0.0,
            batch_size=network.batch_size,
            learning_rate_init=LEARNING_RATE,
            beta_1=BETA_1,
            beta_2=BETA_2,
            epsilon=EPSILON,
            random_state=0,
        )
        self._begin(network)

    def _begin(self, network: Network) -> None:
        """Give it the same weights as the other peers, and new moments; it has weights only after a first step."""
        self.model.partial_fit(
            self.x[: network.batch_size], self.y[: network.batch_size], classes=np.arange(network.units[-1])
        )
        for kernel, bias, value in zip(self.model.coefs_, self.model.intercepts_, network.kernels(), strict=True):
            # Of two classes it computes one logit: the difference.
            kernel[...] = value if value.shape == kernel.shape else value[:, 1:] - value[:, :1]
            bias[...] = 0
        del self.model._optimizer

    def train(self, epochs: int) -> None:
        """Train so many epochs."""
        for _ in range(epochs):
            self.model.partial_fit(self.x, self.y)

    def predict(self, x: Array) -> Array:
        """Return logarithms of probabilities."""
        return np.asarray(self.model.predict_log_proba(x))


def prepare(network: Network, x: Array, y: Array) -> ScikitLearnTrainer:
    """Return the network, ready to be trained."""
    return ScikitLearnTrainer(network, x, y)


def versions() -> dict[str, str]:
    """Return the versions that matter."""
    return {"scikit-learn": sklearn.__version__}
