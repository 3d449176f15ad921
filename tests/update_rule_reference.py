"""The formulas of update rules in float64 NumPy, one coordinate at a time, from the papers alone.

Andrychowicz et al. 2016, section 2.1 and appendix A; Lv, Jiang and Li 2017, section 4; the LSTM of Gers, Schmidhuber
and Cummins 2000 without peepholes, its four gates in the order input, forget, candidate, output, and 1 added to the
forget gate (Jozefowicz et al. 2015). Oracle of ``nn/test_update_rules.py``, ``nn/test_learned_optimizer.py`` and
``learned/``.
"""

import math

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def preprocessed(g, span):
    """Return what the first layer sees of a gradient: appendix A of Andrychowicz et al."""
    if span is None:
        return np.array([g])
    if abs(g) >= math.exp(-span):
        return np.array([math.log(abs(g)) / span, math.copysign(1.0, g)])
    return np.array([-1.0, math.exp(span) * g])


class Coordinate:
    """What a rule remembers of one number, and what it does to it."""

    def __init__(self, rule, weights):
        self.rule, self.w = rule, {name: np.asarray(value, np.float64) for name, value in weights.items()}
        self.h = [np.zeros(rule.units) for _ in range(rule.layers)]
        self.c = [np.zeros(rule.units) for _ in range(rule.layers)]
        self.m = self.v = 0.0
        self.t = 0

    def _number(self, x):
        """Return the number that the layers make of an input."""
        units = self.rule.units
        for layer in range(self.rule.layers):
            kernel, bias = self.w[f"kernel_{layer + 1}"], self.w[f"bias_{layer + 1}"]
            z = kernel[:, : len(x)] @ x + kernel[:, len(x) :] @ self.h[layer] + bias
            i, f, g, o = z.reshape(4, units)
            self.c[layer] = sigmoid(f + 1) * self.c[layer] + sigmoid(i) * np.tanh(g)
            self.h[layer] = x = sigmoid(o) * np.tanh(self.c[layer])
        return float(self.w["output"][0] @ x + self.w["output_bias"][0])

    def lstm(self, g):
        """Return the change of `CoordinatewiseLSTM`."""
        return self.rule.scale * self._number(preprocessed(g, self.rule.span))

    def rnnprop(self, g):
        """Return the change of `RNNprop`: equations of its section 4, with Adam's correction of both means."""
        b = self.rule.decay
        self.t += 1
        self.m = b * self.m + (1 - b) * g
        self.v = b * self.v + (1 - b) * g**2
        share = 1 - b**self.t
        root = math.sqrt(self.v / share) + 1e-8
        x = self.w["features"] @ np.array([g / root, self.m / share / root]) + self.w["features_bias"]
        return -self.rule.scale * math.tanh(self._number(np.where(x > 0, x, np.expm1(np.minimum(x, 0)))))


def coordinates(rule, weights, count):
    """Return as many `Coordinate`s, and the name of the method that is the rule's formula."""
    kind = {"CoordinatewiseLSTM": Coordinate.lstm, "RNNprop": Coordinate.rnnprop}[type(rule).__name__]
    return [Coordinate(rule, weights) for _ in range(count)], kind


def path(rule, weights, start, gradients, rate=1.0):
    """Return the parameters after each step, shape (steps, *start.shape), given the gradients of all steps."""
    w = np.array(start, np.float64)
    each, change = coordinates(rule, weights, w.size)
    steps = []
    for gradient in np.asarray(gradients, np.float64):
        changes = [change(one, float(g)) for one, g in zip(each, gradient.reshape(-1), strict=True)]
        w = w + rate * np.reshape(changes, w.shape)
        steps.append(w)
    return np.array(steps)
