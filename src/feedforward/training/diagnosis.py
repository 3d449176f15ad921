"""The diagnosis of a model: what one training step does to each layer, and what in it looks ill.

Here: the step run once without keeping anything, numbers of each layer, and the rules that make findings of them. Not
here: how well the model does its work (``report/``), and numbers that are not finite, which stop `fit` by themselves.

References: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010
(saturation, gradients over depth); LeCun, Bottou, Orr and Müller, "Efficient BackProp", 1998, section 4.3 (inputs of
one sign); Goodfellow, Bengio and Courville, "Deep Learning", 2016, sections 6.3.1 and 8.2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from feedforward import ops, random
from feedforward.execution import backend
from feedforward.graph.dimension import unknown
from feedforward.graph.gradient import gradient, zeros_like
from feedforward.nn.activations import logits_of
from feedforward.nn.config import check_int, snake_case
from feedforward.nn.layer import Layer, WatchedCall, watch_calls
from feedforward.notebook import text_html
from feedforward.tensor import Tensor, Variable, symbolic
from feedforward.tracing import trace
from feedforward.training.data import check_data, check_finite
from feedforward.training.described import Described
from feedforward.training.network import Network
from feedforward.training.step import Task, train_step
from feedforward.training.summary import counted

if TYPE_CHECKING:
    from feedforward.training.model import Model

__all__ = ["Diagnosis", "Finding", "LayerHealth", "diagnose"]

Floats: TypeAlias = NDArray[np.float64]

MOST_DEAD = 0.5
"""The share of a layer's units that may be 0 for all samples; nets that train well have some."""

MOST_SATURATED = 0.5
"""The share of a layer's outputs that may be where the activation's slope is below a hundredth of its largest."""

FADED = 1e-3
"""The gradient at the first layer has vanished below this part of that at the last; it explodes above 1 / FADED."""

LARGEST_UPDATE, SMALLEST_UPDATE = 0.1, 1e-7
"""Between which a step's change of a kernel should be, beside the kernel; float32 resolves 6e-8."""

ONE_SIGN, MOST_ONE_SIGN = 0.98, 0.9
"""A unit's gradient has one sign where |sum| is that part of the sum of sizes; the share of units that may be so."""

_SLOPES: dict[str, Callable[[Floats], Floats]] = {
    "sigmoid": lambda y: 4 * y * (1 - y),
    "tanh": lambda y: 1 - y * y,
    "softsign": lambda y: (1 - np.abs(y)) ** 2,
    "hard_sigmoid": lambda y: ((y > 0) & (y < 1)).astype(float),
    "hard_tanh": lambda y: (np.abs(y) < 1).astype(float),
}
"""The slope of activations that saturate, from their output, as a part of the largest."""

_CUT_OFF = ("relu", "relu6", "re_lu")
"""Activations whose output is 0, and their slope too, for all negative numbers."""


@dataclass(frozen=True)
class Finding:
    """Something that looks ill.

    Parameters
    ----------
    kind : str
        What it is: ``"dead units"``, ``"saturated units"``, ``"vanishing gradient"``, ``"exploding gradient"``,
        ``"large updates"``, ``"no updates"`` or ``"gradients of one sign"``.
    layers : tuple of str
        Where.
    sentence : str
        What was found, what it means, and what helps; the worst of these layers is named.
    """

    kind: str
    layers: tuple[str, ...]
    sentence: str

    def __str__(self) -> str:
        names = ", ".join(self.layers[:4]) + (f" and {len(self.layers) - 4} more" if len(self.layers) > 4 else "")
        return f"{self.kind} in {names}: {self.sentence}"


@dataclass(frozen=True)
class LayerHealth:
    """Numbers of one layer in one training step; None where one has no meaning for it.

    Parameters
    ----------
    layer : str
        Its name, after the names of the networks that hold it: ``"encoder/dense"``.
    activation : str
        What its output went through; ``""`` for none, and for one of which no rule says anything.
    dead : float or None
        Of a rectifier: the share of units that are 0 for all samples.
    saturated : float or None
        Of an activation with flat ends, unless it makes the network's output, which may well be near 0 and 1: the share
        of outputs whose slope is below a hundredth of the largest.
    gradient : float
        Root mean square of the gradient of a sample's loss by the layer's outputs; in front of a softmax or sigmoid
        that makes the network's output.
    update : float or None
        Root mean square of what the step adds to its kernel, beside that of the kernel.
    one_sign : float or None
        The share of units whose kernel's gradient has one sign (98 % of its size).
    """

    layer: str
    activation: str
    dead: float | None
    saturated: float | None
    gradient: float
    update: float | None
    one_sign: float | None


@dataclass(frozen=True)
class Diagnosis:
    """What `Model.diagnose` found; prints as a table of the layers and a sentence for each finding.

    Parameters
    ----------
    samples : int
        How many samples were looked at.
    loss : float
        Their mean loss.
    layers : tuple of LayerHealth
        Each call of a layer whose output is computed with floats, in their order.
    """

    samples: int
    loss: float
    layers: tuple[LayerHealth, ...]

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What looks ill; empty for a net that learns as it should."""
        return tuple(_found(self.layers))

    def __str__(self) -> str:
        titles = ("Layer", "Dead", "Saturated", "Gradient", "Update", "One sign")
        rows = [titles, *(_cells(layer) for layer in self.layers)]
        widths = [max(len(row[column]) for row in rows) for column in range(len(titles))]
        lines = ["  ".join([f"{row[0]:<{widths[0]}}", *map(str.rjust, row[1:], widths[1:])]).rstrip() for row in rows]
        head = f"Diagnosis on {counted(self.samples, 'sample')}, mean loss {self.loss:.4g}"
        found = [f"- {finding}" for finding in self.findings] or ["Nothing looks ill."]
        return "\n".join([head, *lines, *found])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return text_html(str(self))


def diagnose(model: Model, x: Any, y: Any, samples: int) -> Diagnosis:
    """Run one training step on some samples, keep nothing of it, and judge it; see `Model.diagnose`."""
    check_int("diagnose", "samples", samples, 1)
    optimizer, _ = model.ready("diagnose")
    optimizer.check_single_steps("diagnose")
    data = check_finite(model, check_data(model, x, y, None, "diagnose"), "diagnose")
    rows = np.sort(random.order(data.rows, model.seed, 0)[:samples])
    arrays = [array[rows] for array in data.arrays]
    optimizer.build([weight for weight in model.weights if weight.trainable])
    task = Task(model, model.network, model.wanted("diagnose"), optimizer, model.seed)
    ends, calls = _ends(model.network), list[WatchedCall]()

    def watched_step(*tensors: Tensor) -> list[Tensor]:
        seen = watch_calls()
        totals = train_step(task, *tensors)
        calls.extend(call for call in seen if _is_judged(call))
        return [totals[0], *(_signal(call, call.layer in ends) for call in calls)]

    batch = unknown("batch")
    nodes = [ops.placeholder((batch, *array.shape[1:]), array.dtype, f"input_{n}") for n, array in enumerate(arrays)]
    traced = trace(watched_step, [symbolic(node) for node in nodes])
    total, *outputs = traced.program.outputs
    leaves = dict(zip(traced.variables, traced.program.variables, strict=True))
    after = dict(traced.program.updates)
    kernels = [weight for call in calls for weight in _kernels(call.layer) if leaves.get(weight) in after]
    sources = [*outputs, *(leaves[kernel] for kernel in kernels)]
    slopes = [
        zeros_like(node) if slope is None else slope
        for node, slope in zip(sources, gradient(total, sources), strict=True)
    ]
    asked = (total, *outputs, *slopes, *(after[leaves[kernel]] for kernel in kernels))
    program = replace(traced.program, outputs=asked, updates=(), max_elements=model.network.max_elements)
    computed = backend().compile(program).run(arrays, [variable.numpy() for variable in traced.variables])[0]
    loss, *numbers = [np.asarray(value, np.float64) for value in computed]
    count, rest = len(calls), numbers[2 * len(calls) :]
    of_kernel = {
        kernel: (slope, value, new - value)
        for kernel, value, slope, new in zip(
            kernels, [kernel.numpy() for kernel in kernels], rest[: len(kernels)], rest[len(kernels) :], strict=True
        )
    }
    layers = [
        _health(
            call.layer,
            call.layer in ends,
            output,
            signal,
            [of_kernel[kernel] for kernel in _kernels(call.layer) if kernel in of_kernel],
        )
        for call, output, signal in zip(calls, numbers[:count], numbers[count : 2 * count], strict=True)
    ]
    return Diagnosis(len(rows), float(loss) / len(rows), tuple(layers))


def _is_judged(call: WatchedCall) -> bool:
    """Return whether a call is of a layer with a kernel, or with an activation that a rule knows."""
    is_float = call.results[0].dtype.kind == "f"
    return is_float and not call.layer.is_network and bool(_kernels(call.layer) or _activation(call.layer))


def _ends(network: Network) -> list[Layer]:
    """Return the layers that make a network's outputs, inside of networks in it, too."""
    layers = [network.calls[node].call.layer for node in network.outputs if node in network.calls]
    inner = [layer.network for layer in layers if isinstance(layer, Described) and not layer.has_own_call]
    return [*layers, *(layer for each in inner for layer in _ends(each))]


def _signal(call: WatchedCall, is_end: bool) -> Tensor:
    """Return what a call gave; of an output's softmax or sigmoid what it was applied to, where its loss begins."""
    origin = logits_of(call.results[0]) if is_end else None
    return call.results[0] if origin is None else origin[1]


def _kernels(layer: Layer) -> list[Variable]:
    """Return the matrices among the layer's own weights that are trained."""
    inner = {weight for part in layer.all_layers()[1:] for weight in part.weights}
    return [weight for weight in layer.trainable_weights if weight not in inner and len(weight.shape) > 1]


def _activation(layer: Layer) -> str:
    """Return the activation of a layer, if a rule knows it; ``""`` otherwise."""
    setting = getattr(layer, "activation", None)
    named = setting if isinstance(setting, str) else getattr(setting, "__name__", snake_case(type(setting).__name__))
    found = next((name for name in (named, snake_case(type(layer).__name__)) if name in {*_SLOPES, *_CUT_OFF}), "")
    return "relu" if found == "re_lu" else found


def _health(
    layer: Layer, is_end: bool, output: Floats, signal: Floats, kernels: Sequence[tuple[Floats, Floats, Floats]]
) -> LayerHealth:
    """Return the numbers of a layer; of each of its kernels given are gradient, value and step."""
    activation = _activation(layer)
    slope_of = None if is_end else _SLOPES.get(activation)
    # A unit of a convolution is a channel: it is dead where it is 0 at all places of all samples.
    unit = 1 if getattr(layer, "data_format", None) == "channels_first" else -1
    by_unit = np.moveaxis(output, unit, -1).reshape(-1, output.shape[unit])
    value, step = (_size([parts[place] for parts in kernels]) for place in (1, 2))
    return LayerHealth(
        layer=layer.path,
        activation=activation,
        dead=float((by_unit == 0).all(0).mean()) if activation in _CUT_OFF else None,
        saturated=None if slope_of is None else float((slope_of(output) < 0.01).mean()),
        gradient=_size([signal]),
        update=step / value if kernels and value else None,
        one_sign=_one_signed(kernels[0][0]) if len(kernels) == 1 else None,
    )


def _size(arrays: Sequence[Floats]) -> float:
    """Return the root mean square of all elements, 0 of none."""
    count = sum(array.size for array in arrays)
    return float(np.sqrt(sum(float((array * array).sum()) for array in arrays) / count)) if count else 0.0


def _one_signed(slope: Floats) -> float | None:
    """Return the share of units the gradient of whose incoming weights has one sign; None where there are few."""
    columns = slope.reshape(-1, slope.shape[-1])
    size = np.abs(columns).sum(0)
    if len(columns) < 8 or not size.any():
        return None
    return float((np.abs(columns.sum(0)) >= ONE_SIGN * size)[size > 0].mean())


def _found(layers: Sequence[LayerHealth]) -> Iterator[Finding]:
    """Yield a finding for each kind of number that is beyond its bound in some layers."""
    for kind, number_of, is_ill, sentence in _RULES:
        ill = [(number, layer.layer) for layer in layers if (number := number_of(layer)) is not None and is_ill(number)]
        if ill:
            worst = (min if kind == "no updates" else max)(number for number, _ in ill)
            yield Finding(kind, tuple(name for _, name in ill), sentence(worst))
    # Over depth: where the gradient fades, or grows, from the last layer that has one to the first.
    last = next((layer for layer in reversed(layers) if layer.gradient), None)
    if last is None:
        return
    ratio, first = layers[0].gradient / last.gradient, layers[0].layer
    if ratio < FADED:
        yield Finding(
            "vanishing gradient",
            (first,),
            f"the gradient here is {ratio:.1g} of that at {last.layer}: from layer to layer less comes through, and "
            f"the first layers hardly learn. Use relu with he_normal, BatchNormalization, or fewer layers.",
        )
    if not ratio <= 1 / FADED:
        yield Finding(
            "exploding gradient",
            (first,),
            f"the gradient here is {ratio:.1g} times that at {last.layer}: from layer to layer it grows, and a step "
            f"that is right for one layer is wrong for another. Start with smaller weights, or clip "
            f"(global_clipnorm).",
        )


_Rule: TypeAlias = tuple[str, Callable[[LayerHealth], float | None], Callable[[float], bool], Callable[[float], str]]

_RULES: tuple[_Rule, ...] = (
    (
        "dead units",
        lambda layer: layer.dead,
        lambda share: share > MOST_DEAD,
        lambda worst: (
            f"{worst:.0%} of the units are 0 for every sample, so no gradient reaches their weights and they "
            f"stay so. Lower the learning rate, start biases at 0, or use leaky_relu or elu."
        ),
    ),
    (
        "saturated units",
        lambda layer: layer.saturated,
        lambda share: share > MOST_SATURATED,
        lambda worst: (
            f"{worst:.0%} of the outputs lie on the flat ends of the activation, where its slope is below 1 % "
            f"of the largest, so hardly any gradient comes through. Scale the inputs, start with smaller weights "
            f"(glorot_uniform), or normalize what goes in (BatchNormalization)."
        ),
    ),
    (
        "large updates",
        lambda layer: layer.update,
        lambda ratio: not ratio < LARGEST_UPDATE,
        lambda worst: (
            f"one step changes the kernel by {worst:.2g} times its size; about 0.001 is usual. Training will "
            f"jump about or diverge. Lower the learning rate."
        ),
    ),
    (
        "no updates",
        lambda layer: layer.update,
        lambda ratio: ratio < SMALLEST_UPDATE,
        lambda worst: (
            f"one step changes the kernel by {worst:.2g} times its size, which float32 hardly resolves; about "
            f"0.001 is usual. Such a layer does not learn: see what stops its gradient, or raise the learning rate."
        ),
    ),
    (
        "gradients of one sign",
        lambda layer: layer.one_sign,
        lambda share: share > MOST_ONE_SIGN,
        lambda worst: (
            f"for {worst:.0%} of the units the gradients of all incoming weights have one sign, since what "
            f"goes in is all positive and much alike: these weights can only rise or fall together, and zig-zag to "
            f"where they should be. Use tanh or relu before it in place of sigmoid, or center what goes in."
        ),
    ),
)
"""Kind, number, when it is ill, and what it means; of several layers the worst number is named."""


def _cells(layer: LayerHealth) -> tuple[str, ...]:
    """Return the row of a layer."""

    def share(value: float | None) -> str:
        return "" if value is None else f"{value:.0%}"

    name = f"{layer.layer} ({layer.activation})" if layer.activation else layer.layer
    update = "" if layer.update is None else f"{layer.update:.1e}"
    return name, share(layer.dead), share(layer.saturated), f"{layer.gradient:.1e}", update, share(layer.one_sign)
