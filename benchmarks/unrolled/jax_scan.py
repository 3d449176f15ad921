"""JAX: a window is one compiled function, its steps a `lax.scan`, and what it changes is donated to it."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from benchmarks.networks import Array
from benchmarks.unrolled.problems import ADAM, SCALE, SPAN, STEPS, WINDOWS, Problem


def _quadratics(parameters: dict[str, Any], instance: dict[str, Any], batch: Any) -> Any:
    return jnp.square(instance["matrix"] @ parameters["x"][:, :, None] - instance["target"]).sum()


def _network(parameters: dict[str, Any], instance: dict[str, Any], batch: Any) -> Any:
    x, y = batch
    hidden = jax.nn.sigmoid(x @ parameters["hidden/kernel"] + parameters["hidden/bias"])
    logits = hidden @ parameters["out/kernel"] + parameters["out/bias"]
    own = jnp.take_along_axis(logits, y[:, None], axis=1)[:, 0]
    return (jax.nn.logsumexp(logits, axis=1) - own).mean()


_LOSSES = {"quadratics": _quadratics, "network": _network}


def _changes(rule: dict[str, Any], slopes: Any, memory: list[Any]) -> tuple[Any, list[Any]]:
    sizes = jnp.log(jnp.maximum(jnp.abs(slopes), math.exp(-SPAN))) / SPAN
    x = jnp.stack([sizes, jnp.clip(slopes * math.exp(SPAN), -1.0, 1.0)], 1)
    new = []
    for layer in (1, 2):
        hidden, cell = memory[2 * layer - 2 : 2 * layer]
        z = jnp.concatenate([x, hidden], 1) @ rule[f"kernel_{layer}"].T + rule[f"bias_{layer}"]
        i, f, g, o = jnp.split(z, 4, 1)
        cell = jax.nn.sigmoid(f + 1.0) * cell + jax.nn.sigmoid(i) * jnp.tanh(g)
        x = jax.nn.sigmoid(o) * jnp.tanh(cell)
        new += [x, cell]
    return (x @ rule["output"].T + rule["output_bias"])[:, 0] * SCALE, new


@partial(jax.jit, static_argnums=0, donate_argnums=(1, 2))
def _window(name: str, state: Any, moving: Any, instance: Any, samples: Any, rows: Any) -> tuple[Any, Any, Any]:
    loss_of = _LOSSES[name]

    def step(rule: Any, carried: Any, batch: Any) -> tuple[Any, Any]:
        parameters, memory = carried
        loss, slopes = jax.value_and_grad(loss_of)(parameters, instance, batch)
        flat = lax.stop_gradient(jnp.concatenate([slopes[key].ravel() for key in parameters]))
        changes, memory = _changes(rule, flat, memory)
        after, start = {}, 0
        for key, value in parameters.items():
            after[key] = value + changes[start : start + value.size].reshape(value.shape)
            start += value.size
        return (after, memory), loss

    def total(rule: Any) -> tuple[Any, Any]:
        batches = tuple(array[rows] for array in samples)
        first, last = (tuple(array[part] for array in batches) for part in (slice(STEPS), STEPS))
        (parameters, memory), losses = lax.scan(partial(step, rule), moving, first, length=STEPS)
        loss = loss_of(parameters, instance, last)
        return losses.sum() + loss, ((parameters, memory), loss)

    (_, (moving, loss)), slopes = jax.value_and_grad(total, has_aux=True)(state["rule"])
    slopes = jax.tree.map(lambda slope: slope / state["functions"], slopes)
    count = state["step"] + 1
    b1, b2 = ADAM["beta_1"], ADAM["beta_2"]
    rate = ADAM["learning_rate"] * jnp.sqrt(1 - b2**count) / (1 - b1**count)
    first = jax.tree.map(lambda m, g: b1 * m + (1 - b1) * g, state["first"], slopes)
    second = jax.tree.map(lambda v, g: b2 * v + (1 - b2) * g * g, state["second"], slopes)

    def moved(w: Any, m: Any, v: Any) -> Any:
        return w - rate * m / (jnp.sqrt(v) + ADAM["epsilon"])

    rule = jax.tree.map(moved, state["rule"], first, second)
    return {**state, "rule": rule, "first": first, "second": second, "step": count}, moving, loss


class JaxTrainer:
    """See `Trainer`."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        rule = {name: jnp.array(value) for name, value in problem.weights.items()}
        self.state = {
            "rule": rule,
            "first": jax.tree.map(jnp.zeros_like, rule),
            "second": jax.tree.map(jnp.zeros_like, rule),
            "step": jnp.float32(0.0),
            "functions": jnp.float32(problem.task.functions),
        }
        self.instance = {name: jnp.array(value) for name, value in problem.instance.items()}
        self.samples = tuple(jnp.array(array) for array in problem.samples)
        self.shape = sum(value.size for value in problem.parameters.values()), problem.weights["output"].shape[1]
        self.done = 0

    def train(self, runs: int) -> float:
        """Train on so many runs."""
        for _ in range(runs):
            parameters = {name: jnp.array(value) for name, value in self.problem.parameters.items()}
            moving: Any = (parameters, [jnp.zeros(self.shape, jnp.float32) for _ in range(4)])
            for _ in range(WINDOWS):
                rows = self.problem.rows(self.done)
                self.state, moving, loss = _window(
                    self.problem.name, self.state, moving, self.instance, self.samples, rows
                )
                self.done += 1
        return float(loss) / self.problem.task.functions

    def weights(self) -> dict[str, Array]:
        """Return the rule's weights."""
        return {name: np.asarray(value) for name, value in self.state["rule"].items()}


def prepare(problem: Problem) -> JaxTrainer:
    """Return JAX's training."""
    return JaxTrainer(problem)


def versions() -> dict[str, str]:
    """Return the versions that matter."""
    import jaxlib.version

    return {"jax": jax.__version__, "jaxlib": jaxlib.version.__version__}
