"""Layers written out, in NumPy and as formulas: what each computes, and how the gradient goes back through it.

To have another layer written out, write one function here that returns its `Rule`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from feedforward.graph.node import Shape
from feedforward.nn.categories import Embedding
from feedforward.nn.convolution import Conv2D
from feedforward.nn.layer import Layer
from feedforward.nn.layers import Dense, Dropout, Flatten, Normalization, Rescaling, Reshape
from feedforward.nn.merging import Add, Average, Concatenate, Multiply, Subtract
from feedforward.nn.pooling import (
    AveragePooling2D,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    MaxPooling2D,
)
from feedforward.nn.sliding import settled
from feedforward.nn.statistics import BatchNormalization, LayerNormalization
from feedforward.training.written.rules import Formula, Line, Rule, number, shape_of

__all__ = ["Call", "Unwritten", "layer_rule"]

L = TypeVar("L", bound=Layer)


class Unwritten(Exception):
    """That no rule knows a layer, or a setting of it; says what that is, and what would do."""

    def __init__(self, what: str, expected: str) -> None:
        super().__init__(what)
        self.expected = expected


@dataclass(frozen=True)
class Call:
    """A layer that is called.

    Parameters
    ----------
    layer : Layer
        Which.
    inputs : tuple of Shape
        Of what shapes its inputs are, the batch first.
    output : Shape
        Of what shape its output is.
    is_training : bool
        Whether it acts as in training.
    """

    layer: Any
    inputs: tuple[Shape, ...]
    output: Shape
    is_training: bool


_RULES: dict[type[Layer], Callable[[Call], Rule | None]] = {}
"""The rule of each layer; one that returns None gives its input back."""


def _rule_of(*layers: type[Layer]) -> Callable[[Callable[[Call], Rule | None]], Callable[[Call], Rule | None]]:
    def enter(function: Callable[[Call], Rule | None]) -> Callable[[Call], Rule | None]:
        _RULES.update(dict.fromkeys(layers, function))
        return function

    return enter


def layer_rule(call: Call) -> Rule | None:
    """Return how a layer is written out, without its activation; None where it gives its input back.

    Raises
    ------
    Unwritten
        If no rule says; names what it is.
    """
    kind = type(call.layer)
    if kind not in _RULES:
        raise Unwritten(kind.__name__, ", ".join(sorted(each.__name__ for each in _RULES)))
    return _RULES[kind](call)


def _only(layer: Any, **settings: Any) -> None:
    """Raise where a layer has another setting than the one that is written out."""
    for name, value in settings.items():
        if getattr(layer, name) != value:
            raise Unwritten(f"{type(layer).__name__} with {name}={getattr(layer, name)!r}", f"{name}={value!r}")


@_rule_of(Dense)
def _dense(call: Call) -> Rule:
    # Of more than two axes all but the last count samples.
    is_flat = len(call.output) == 2
    x, g = ("$x", "$g") if is_flat else (f"$x.reshape(-1, {call.inputs[0][-1]})", f"$g.reshape(-1, {call.output[-1]})")
    bias, sign = (" + $b", " + $b") if call.layer.use_bias else ("", "")
    slopes = {"W": Formula(f"{x}.T @ {g}", r"($x)^{\top} $g")}
    if call.layer.use_bias:
        slopes["b"] = Formula(f"{g}.sum(0)", r"\sum_i ($g)_i")
    slopes["x"] = Formula("$g @ $W.T", r"$g\,($W)^{\top}")
    weights = {"W": "kernel"} | ({"b": "bias"} if call.layer.use_bias else {})
    return Rule("z", Formula(f"$x @ $W{bias}", rf"$x\,$W{sign}"), slopes, weights=weights)


@_rule_of(Flatten, Reshape)
def _reshape(call: Call) -> Rule | None:
    if isinstance(call.layer, Flatten) and len(call.inputs[0]) > 2:
        _only(call.layer, data_format="channels_last")
    if call.inputs[0] == call.output:
        return None
    sizes = [str(size) for size in call.output[1:]]
    form = r" \times ".join(["n", *sizes])
    return Rule(
        "a",
        Formula(f"$x.reshape($n, {', '.join(sizes)})", rf"\mathrm{{reshape}}_{{{form}}}($x)"),
        {"x": Formula("$g.reshape($x.shape)", r"\mathrm{reshape}($g)")},
    )


@_rule_of(Rescaling)
def _rescaling(call: Call) -> Rule:
    offset = call.layer.offset
    return Rule(
        "a",
        Formula(f"$x * $scale{' + $offset' if offset else ''}", f"$scale\\,$x{' + $offset' if offset else ''}"),
        {"x": Formula("$g * $scale", r"$scale\,$g")},
        settings={"scale": number(call.layer.scale), "offset": number(offset)},
    )


@_rule_of(Normalization)
def _normalization(call: Call) -> Rule:
    return Rule(
        "a",
        Formula("($x - $mu) / $sigma", r"\frac{$x - $mu}{$sigma}"),
        {"x": Formula("$g / $sigma", r"\frac{$g}{$sigma}")},
        before=[Line("sigma", Formula("np.where($v > 0, np.sqrt($v), 1)", r"\sqrt{$v}"), call.output[-1:])],
        weights={"mu": "_mean", "v": "_variance"},
    )


@_rule_of(Dropout)
def _dropout(call: Call) -> Rule | None:
    if not call.is_training or call.layer.rate == 0:
        return None
    if not isinstance(call.layer.rate, float):
        raise Unwritten("Dropout whose rate is a schedule", "a rate that is a number")
    return Rule(
        "a",
        Formula("$x * $mask / $kept", r"\frac{1}{$kept}\,$x \odot $mask"),
        {"x": Formula("$g * $mask / $kept", r"\frac{1}{$kept}\,$g \odot $mask")},
        settings={"kept": number(1.0 - call.layer.rate)},
        has_mask=True,
    )


def _scaled(call: Call, before: Sequence[Line], back: Sequence[Line], axes: str, **further: Any) -> Rule:
    """Return the rule of a layer that scales and shifts what has mean 0 and variance 1, ``$xhat``."""
    gamma, beta = call.layer.scale, call.layer.center
    slopes, weights = {}, dict(further.pop("weights", {}))
    if gamma:
        slopes["gamma"] = Formula(f"($g * $xhat).sum({axes})", r"\sum_i ($g \odot $xhat)_i")
        weights["gamma"] = "gamma"
    if beta:
        slopes["beta"] = Formula(f"$g.sum({axes})", r"\sum_i ($g)_i")
        weights["beta"] = "beta"
    product, sum_ = ("$gamma * ", r"$gamma \odot ") if gamma else ("", ""), " + $beta" if beta else ""
    g = Line("dhat", Formula("$g * $gamma" if gamma else "$g", r"$g \odot $gamma" if gamma else "$g"))
    slopes["x"] = further.pop("slope")
    forward = Formula(f"{product[0]}$xhat{sum_}", f"{product[1]}$xhat{sum_}")
    return Rule("a", forward, slopes, before, [g, *back], weights, **further)


_BY_MEANS = Formula("($x - $mu) / $sigma", r"\frac{$x - $mu}{$sigma}")


@_rule_of(BatchNormalization)
def _batch_normalization(call: Call) -> Rule:
    layer, shape = call.layer, call.output
    if layer.axis not in (-1, len(shape) - 1):
        _only(layer, axis=-1)
    eps, feature = number(layer.epsilon), shape[-1:]
    axes = "0" if len(shape) == 2 else str(tuple(range(len(shape) - 1)))
    xhat = Line("xhat", _BY_MEANS, shape)
    if not (call.is_training and layer.trainable):
        sigma = Line("sigma", Formula("np.sqrt($v + $eps)", r"\sqrt{$v + $eps}"), feature)
        return _scaled(
            call,
            [sigma, xhat],
            [],
            axes,
            slope=Formula("$dhat / $sigma", r"\frac{$dhat}{$sigma}"),
            weights={"mu": "moving_mean", "v": "moving_variance"},
            settings={"eps": eps},
        )
    momentum, rest = number(layer.momentum), number(round(1.0 - layer.momentum, 15))
    before = [
        Line("mu", Formula(f"$x.mean({axes})", r"\frac{1}{m} \sum_{i=1}^{m} ($x)_i"), feature),
        Line("v", Formula(f"(($x - $mu) ** 2).mean({axes})", r"\frac{1}{m} \sum_{i=1}^{m} ($x - $mu)_i^2"), feature),
        Line("sigma", Formula("np.sqrt($v + $eps)", r"\sqrt{$v + $eps}"), feature),
        xhat,
    ]
    return _scaled(
        call,
        before,
        [],
        axes,
        slope=_through_statistics(axes),
        settings={"eps": eps, "momentum": momentum, "rest": rest},
        weights={"moving_mean": "moving_mean", "moving_variance": "moving_variance"},
        averages={
            "moving_mean": Formula("$momentum * $moving_mean + $rest * $mu", r"$momentum\,$moving_mean + $rest\,$mu"),
            "moving_variance": Formula(
                "$momentum * $moving_variance + $rest * $v", r"$momentum\,$moving_variance + $rest\,$v"
            ),
        },
    )


@_rule_of(LayerNormalization)
def _layer_normalization(call: Call) -> Rule:
    layer, shape = call.layer, call.output
    if layer.axis not in (-1, len(shape) - 1):
        _only(layer, axis=-1)
    column = (*shape[:-1], 1)
    square = Formula("(($x - $mu) ** 2).mean(-1, keepdims=True)", r"\frac{1}{d} \sum_{j=1}^{d} ($x - $mu)_j^2")
    before = [
        Line("mu", Formula("$x.mean(-1, keepdims=True)", r"\frac{1}{d} \sum_{j=1}^{d} ($x)_j"), column),
        Line("v", square, column),
        Line("sigma", Formula("np.sqrt($v + $eps)", r"\sqrt{$v + $eps}"), column),
        Line("xhat", _BY_MEANS, shape),
    ]
    axes = "0" if len(shape) == 2 else str(tuple(range(len(shape) - 1)))
    slope = _through_statistics("-1, keepdims=True")
    return _scaled(call, before, [], axes, slope=slope, settings={"eps": number(layer.epsilon)})


def _through_statistics(axes: str) -> Formula:
    """Return the derivative by x of (x - mu) / sigma, where mean and deviation are those of x along some axes."""
    return Formula(
        f"($dhat - $dhat.mean({axes}) - $xhat * ($dhat * $xhat).mean({axes})) / $sigma",
        r"\frac{1}{$sigma} \left($dhat - \mathrm{mean}($dhat)"
        r" - $xhat \odot \mathrm{mean}($dhat \odot $xhat)\right)",
    )


@_rule_of(Embedding)
def _embedding(call: Call) -> Rule:
    layer = call.layer
    # As a product with rows of 0 and 1, whose gradient is a product, too: it adds up what one category gets.
    rows = f"np.eye({layer.input_dim})[$x.ravel()].T @ $g.reshape(-1, {layer.output_dim})"
    return Rule(
        "a",
        Formula("$E[$x]", r"\mathrm{onehot}($x)\,$E"),
        {"E": Formula(rows, r"\mathrm{onehot}($x)^{\top} $g")},
        weights={"E": "embeddings"},
    )


@_rule_of(Conv2D)
def _convolution(call: Call) -> Rule:
    layer = call.layer
    _only(layer, data_format="channels_last", dilation_rate=(1, 1), groups=1)
    (kh, kw), (sh, sw) = settled(layer.kernel_size), settled(layer.strides)
    (_, height, width, channels), (_, rows, columns, _) = call.inputs[0], call.output
    before, seen, back = [], "$x", "spread($d_windows, $x.shape, $strides)"
    if layer.padding == "same":
        pads = [_padding(height, kh, sh), _padding(width, kw, sw)]
        padded = Formula(f"np.pad($x, ((0, 0), {pads[0]}, {pads[1]}, (0, 0)))", r"\mathrm{pad}($x)")
        before.append(Line("padded", padded))
        (top, _), (left, _) = pads
        back = f"spread($d_windows, $padded.shape, $strides)[:, {top}:{top} + {height}, {left}:{left} + {width}]"
        seen = "$padded"
    found = Formula(f"windows({seen}, ({kh}, {kw}), $strides)", rf"\mathrm{{windows}}_{{{kh} \times {kw}}}({seen})")
    before.append(Line("windows", found, (call.output[0], rows, columns, channels, kh, kw)))
    sums = r"\sum_{abc} ($windows)_{nijcab}\,($W)_{abcf}"
    slopes = {
        "W": Formula(
            'np.einsum("nijcab,nijf->abcf", $windows, $g)',
            r"\left(\sum_{nij} ($windows)_{nijcab}\,($g)_{nijf}\right)_{abcf}",
        )
    }
    if layer.use_bias:
        slopes["b"] = Formula("$g.sum((0, 1, 2))", r"\left(\sum_{nij} ($g)_{nijf}\right)_f")
    slopes["x"] = Formula(back, r"\mathrm{windows}^{\top}($d_windows)")
    gone = Line(
        "d_windows",
        Formula('np.einsum("nijf,abcf->nijcab", $g, $W)', r"\left(\sum_f ($g)_{nijf}\,($W)_{abcf}\right)_{nijcab}"),
    )
    bias = " + $b" if layer.use_bias else ""
    return Rule(
        "z",
        Formula(f'np.einsum("nijcab,abcf->nijf", $windows, $W){bias}', rf"\left({sums}\right)_{{nijf}}{bias}"),
        slopes,
        before,
        [gone],
        {"W": "kernel"} | ({"b": "bias"} if layer.use_bias else {}),
        {"strides": Formula(f"({sh}, {sw})", f"({sh}, {sw})")},
    )


def _padding(size: Any, window: int, stride: int) -> tuple[int, int]:
    """Return how many zeros go before and after an axis, so that there are ceil(size / stride) windows."""
    total = max((math.ceil(int(size) / stride) - 1) * stride + window - int(size), 0)
    return total // 2, total - total // 2


@_rule_of(MaxPooling2D, AveragePooling2D)
def _pooling(call: Call) -> Rule:
    layer = call.layer
    _only(layer, data_format="channels_last", padding="valid")
    height, width = settled(layer.pool_size)
    found = Formula(
        f"windows($x, ({height}, {width}), $strides)", rf"\mathrm{{windows}}_{{{height} \times {width}}}($x)"
    )
    shape = (*call.output, height, width)
    settings = {"strides": Formula(*[str(settled(layer.strides))] * 2)}
    if isinstance(layer, MaxPooling2D):
        forward = Formula("$windows.max((-2, -1))", r"\max_{ab}\,($windows)_{nijcab}")
        share = Formula("$windows == $y[..., None, None]", r"\mathbf{1}[($windows)_{nijcab} = ($y)_{nijc}]")
        back = [
            Line("share", share),
            Line(
                "d_windows",
                Formula(
                    "$share / $share.sum((-2, -1), keepdims=True) * $g[..., None, None]",
                    r"\frac{$share}{\sum_{ab} ($share)_{nijcab}} \odot $g",
                ),
            ),
        ]
    else:
        area = height * width
        forward = Formula("$windows.mean((-2, -1))", rf"\frac{{1}}{{{area}}} \sum_{{ab}} ($windows)_{{nijcab}}")
        each = Formula(f"np.broadcast_to($g[..., None, None] / {area}, $windows.shape)", rf"\frac{{1}}{{{area}}}\,$g")
        back = [Line("d_windows", each)]
    slope = Formula("spread($d_windows, $x.shape, $strides)", r"\mathrm{windows}^{\top}($d_windows)")
    return Rule("a", forward, {"x": slope}, [Line("windows", found, shape)], back, settings=settings)


@_rule_of(GlobalAveragePooling1D, GlobalAveragePooling2D)
def _global_average(call: Call) -> Rule:
    _only(call.layer, data_format="channels_last", keepdims=False)
    axes = tuple(range(1, len(call.inputs[0]) - 1))
    area = math.prod(int(str(call.inputs[0][axis])) for axis in axes)
    places = ", ".join(["slice(None)", *["None"] * len(axes)])
    return Rule(
        "a",
        Formula(f"$x.mean({axes if len(axes) > 1 else 1})", rf"\frac{{1}}{{{area}}} \sum_p ($x)_{{npc}}"),
        {"x": Formula(f"np.broadcast_to($g[{places}] / {area}, $x.shape)", rf"\frac{{1}}{{{area}}}\,$g")},
    )


def _several(call: Call) -> list[str]:
    """Return the local names of inputs of one shape."""
    if len(set(call.inputs)) > 1:
        shapes = " and ".join(map(shape_of, call.inputs))
        raise Unwritten(f"{type(call.layer).__name__} of inputs of several shapes, {shapes}", "inputs of one shape")
    return [f"$x{place}" for place, _ in enumerate(call.inputs, 1)]


@_rule_of(Add)
def _add(call: Call) -> Rule:
    names = _several(call)
    slopes = {name[1:]: Formula("$g", "$g") for name in names}
    return Rule("a", Formula(" + ".join(names), " + ".join(names)), slopes)


@_rule_of(Average)
def _average(call: Call) -> Rule:
    names = _several(call)
    total, count = " + ".join(names), len(names)
    slopes = {name[1:]: Formula(f"$g / {count}", rf"\frac{{1}}{{{count}}}\,$g") for name in names}
    return Rule("a", Formula(f"({total}) / {count}", rf"\frac{{1}}{{{count}}} ({total})"), slopes)


@_rule_of(Subtract)
def _subtract(call: Call) -> Rule:
    x, y = _several(call)
    return Rule("a", Formula(f"{x} - {y}", f"{x} - {y}"), {"x1": Formula("$g", "$g"), "x2": Formula("-$g", "-$g")})


@_rule_of(Multiply)
def _multiply(call: Call) -> Rule:
    names = _several(call)
    slopes = {}
    for name in names:
        others = [other for other in names if other != name]
        slopes[name[1:]] = Formula(" * ".join(["$g", *others]), r" \odot ".join(["$g", *others]))
    return Rule("a", Formula(" * ".join(names), r" \odot ".join(names)), slopes)


@_rule_of(Concatenate)
def _concatenate(call: Call) -> Rule:
    if call.layer.axis not in (-1, len(call.output) - 1):
        _only(call.layer, axis=-1)
    names = [f"$x{place}" for place, _ in enumerate(call.inputs, 1)]
    slopes, start = {}, 0
    for name, shape in zip(names, call.inputs, strict=True):
        end = start + int(str(shape[-1]))
        slopes[name[1:]] = Formula(f"$g[..., {start}:{end}]", rf"($g)_{{j,\ {start} < j \leq {end}}}")
        start = end
    joined = ", ".join(names)
    return Rule("a", Formula(f"np.concatenate([{joined}], -1)", rf"[{joined}]"), slopes)
