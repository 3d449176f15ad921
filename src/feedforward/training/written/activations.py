"""Activations written out, in NumPy and as formulas: each with its derivative, times what comes from above.

At kinks and ties these are the derivatives that the package takes: 0 for `relu` at 0, equal shares for `maxout`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from feedforward.graph.node import Shape
from feedforward.nn.activation_layers import ELU, LeakyReLU, Maxout, PReLU, Softmax, Swish
from feedforward.training.written.rules import Formula, Line, Rule, number

__all__ = ["KNOWN", "activation_rule"]

_BENT = "np.where($x > 0, $x, $alpha * np.expm1(np.minimum($x, 0)))"
_BENT_SIGN = r"\max($x, 0) + $alpha\,(e^{\min($x, 0)} - 1)"
_BENT_SLOPE = "np.where($x > 0, 1, $alpha * np.exp(np.minimum($x, 0)))"
_BENT_SLOPE_SIGN = r"(\mathbf{1}[$x > 0] + $alpha\,e^{$x}\,\mathbf{1}[$x \leq 0])"

# Each row: the function, in NumPy and as a formula, and its slope.
_ELEMENTWISE: dict[str, tuple[str, str, str, str]] = {
    "celu": (_BENT, _BENT_SIGN, _BENT_SLOPE, _BENT_SLOPE_SIGN),
    "elu": (_BENT, _BENT_SIGN, _BENT_SLOPE, _BENT_SLOPE_SIGN),
    "exponential": ("np.exp($x)", r"\exp($x)", "$y", "$y"),
    "gelu": (
        "$x * normal_cdf($x)",
        r"$x \odot \Phi($x)",
        "(normal_cdf($x) + $x * np.exp(-($x**2) / 2) / np.sqrt(2 * np.pi))",
        r"\left(\Phi($x) + $x \odot \phi($x)\right)",
    ),
    "hard_sigmoid": (
        "np.clip($x / 6 + 0.5, 0, 1)",
        r"\min(\max($x / 6 + 1/2, 0), 1)",
        "(np.abs($x) < 3) / 6",
        r"\frac{1}{6}\,\mathbf{1}[|$x| < 3]",
    ),
    "hard_swish": (
        "$x * np.clip($x / 6 + 0.5, 0, 1)",
        r"$x \odot \min(\max($x / 6 + 1/2, 0), 1)",
        "(np.clip($x / 6 + 0.5, 0, 1) + $x / 6 * (np.abs($x) < 3))",
        r"\left(\min(\max($x / 6 + 1/2, 0), 1) + \frac{1}{6}\,$x \odot \mathbf{1}[|$x| < 3]\right)",
    ),
    "hard_tanh": (
        "np.clip($x, -1, 1)",
        r"\min(\max($x, -1), 1)",
        "(np.abs($x) < 1)",
        r"\mathbf{1}[|$x| < 1]",
    ),
    "leaky_relu": (
        "np.where($x > 0, $x, $alpha * $x)",
        r"\max($x, 0) + $alpha \min($x, 0)",
        "np.where($x > 0, 1, $alpha)",
        r"\left(\mathbf{1}[$x > 0] + $alpha\,\mathbf{1}[$x \leq 0]\right)",
    ),
    "log_sigmoid": ("-np.logaddexp(0, -$x)", r"-\log(1 + e^{-$x})", "sigmoid(-$x)", r"\sigma(-$x)"),
    "mish": (
        "$x * np.tanh(np.logaddexp(0, $x))",
        r"$x \odot \tanh(\log(1 + e^{$x}))",
        "($t + $x * sigmoid($x) * (1 - $t**2))",
        r"\left($t + $x \odot \sigma($x) \odot (1 - ($t)^2)\right)",
    ),
    "relu": ("np.maximum($x, 0)", r"\max($x, 0)", "($x > 0)", r"\mathbf{1}[$x > 0]"),
    "relu6": ("np.clip($x, 0, 6)", r"\min(\max($x, 0), 6)", "(($x > 0) & ($x < 6))", r"\mathbf{1}[0 < $x < 6]"),
    "selu": (
        f"1.0507009873554805 * {_BENT}",
        rf"1.0507\left({_BENT_SIGN}\right)",
        f"1.0507009873554805 * {_BENT_SLOPE}",
        rf"1.0507\,{_BENT_SLOPE_SIGN}",
    ),
    "sigmoid": ("sigmoid($x)", r"\sigma($x)", "$y * (1 - $y)", r"$y \odot (1 - $y)"),
    "sign": ("np.sign($x)", r"\mathrm{sign}($x)", "0", "0"),
    "softplus": ("np.logaddexp(0, $x)", r"\log(1 + e^{$x})", "sigmoid($x)", r"\sigma($x)"),
    "softsign": (
        "$x / (1 + np.abs($x))",
        r"\frac{$x}{1 + |$x|}",
        "1 / (1 + np.abs($x)) ** 2",
        r"\frac{1}{(1 + |$x|)^2}",
    ),
    "swish": (
        "$x * sigmoid($beta * $x)",
        r"$x \odot \sigma($beta $x)",
        "($s + $beta * $x * $s * (1 - $s))",
        r"\left($s + $beta\,$x \odot $s \odot (1 - $s)\right)",
    ),
    "tanh": ("np.tanh($x)", r"\tanh($x)", "(1 - $y**2)", r"\left(1 - ($y)^2\right)"),
}
"""The functions of one number: what they are, and their slope."""

_BACK = {
    "mish": Line("t", Formula("np.tanh(np.logaddexp(0, $x))", r"\tanh(\log(1 + e^{$x}))")),
    "swish": Line("s", Formula("sigmoid($beta * $x)", r"\sigma($beta $x)")),
}
"""What slopes have more than once."""

_NUMBERS = {"celu": 1.0, "elu": 1.0, "leaky_relu": 0.2, "selu": 1.6732632423543772}
"""The alpha of the functions that have one."""


def _elementwise(name: str, alpha: float | None = None, beta: float = 1.0) -> Rule:
    function, sign, slope, slope_sign = _ELEMENTWISE[name]
    forward, back = Formula(function, sign), Formula(f"$g * {slope}", rf"$g \odot {slope_sign}")
    lines = [_BACK[name]] if name in _BACK else []
    settings = {"beta": beta} if name == "swish" else {}
    if name in _NUMBERS:
        settings["alpha"] = _NUMBERS[name] if alpha is None else alpha
    for setting in [setting for setting, value in settings.items() if value == 1]:
        forward, back = _without(forward, setting), _without(back, setting)
        lines = [replace(line, formula=_without(line.formula, setting)) for line in lines]
    return Rule(
        "a",
        forward,
        {"x": back},
        back=lines,
        settings={setting: number(value) for setting, value in settings.items()},
        origin="sigmoid" if name == "sigmoid" else "",
    )


def _without(formula: Formula, factor: str) -> Formula:
    """Return a formula without a factor that is 1, which nobody writes."""
    latex = formula.latex.replace(rf"${factor}\,", "").replace(f"${factor} ", "")
    return Formula(formula.numpy.replace(f"${factor} * ", ""), latex)


def _softmax(shape: Shape, axis: int = -1, is_negative: bool = False) -> Rule:
    minus = "-" if is_negative else ""
    axes = {"axis": number(axis)}
    return Rule(
        "a",
        Formula(f"softmax({minus}$x, $axis)", rf"\frac{{e^{{{minus}$x}}}}{{\sum_k (e^{{{minus}$x}})_k}}"),
        {
            "x": Formula(
                f"{minus}$y * ($g - ($g * $y).sum($axis, keepdims=True))",
                rf"{minus}$y \odot \left($g - \sum_k ($g \odot $y)_k\right)",
            )
        },
        settings=axes,
        origin="softmax" if axis in (-1, len(shape) - 1) and not is_negative else "",
    )


def _log_softmax() -> Rule:
    return Rule(
        "a",
        Formula("log_softmax($x)", r"$x - \log \sum_k (e^{$x})_k"),
        {"x": Formula("$g - np.exp($y) * $g.sum(-1, keepdims=True)", r"$g - e^{$y} \odot \sum_k ($g)_k")},
    )


def _maxout(pieces: int, shape: Shape) -> Rule:
    sizes = ", ".join(["n", *map(str, shape[1:-1]), str(int(str(shape[-1])) // pieces), str(pieces)])
    return Rule(
        "a",
        Formula(f"$x.reshape({sizes}).max(-1)", r"\max_{p}\,($x)_{k p}"),
        {
            "x": Formula(
                "(($share / $share.sum(-1, keepdims=True)) * $g[..., None]).reshape($x.shape)",
                r"\frac{$share}{\sum_p ($share)_{kp}} \odot $g",
            )
        },
        back=[Line("share", Formula(f"$x.reshape({sizes}) == $y[..., None]", r"\mathbf{1}[($x)_{kp} = ($y)_k]"))],
    )


def _prelu(layer: PReLU) -> Rule:
    function, sign, slope, slope_sign = _ELEMENTWISE["leaky_relu"]
    axes = (0, *(layer.shared_axes or ()))
    return Rule(
        "a",
        Formula(function, sign),
        {
            "alpha": Formula(
                f"($g * np.minimum($x, 0)).sum({axes}, keepdims=True)[0]", r"\sum_i ($g \odot \min($x, 0))_i"
            ),
            "x": Formula(f"$g * {slope}", rf"$g \odot {slope_sign}"),
        },
        weights={"alpha": "alpha"},
    )


def _swish(layer: Swish) -> Rule:
    if not layer.is_learned:
        return _elementwise("swish", beta=layer.beta)
    rule = _elementwise("swish", beta=0.5)  # any number but 1: a weight takes its name
    beta = Formula("($g * $x**2 * $s * (1 - $s)).sum()", r"\sum ($g \odot ($x)^2 \odot $s \odot (1 - $s))")
    return replace(rule, slopes={"beta": beta, **rule.slopes}, settings={}, weights={"beta": "learned_beta"})


_LAYERS: dict[type[Any], Callable[[Any, Shape], Rule]] = {
    ELU: lambda layer, shape: _elementwise("elu", layer.alpha),
    LeakyReLU: lambda layer, shape: _elementwise("leaky_relu", layer.negative_slope),
    Maxout: lambda layer, shape: _maxout(layer.pieces, shape),
    PReLU: lambda layer, shape: _prelu(layer),
    Softmax: lambda layer, shape: _softmax(shape, layer.axis),
    Swish: lambda layer, shape: _swish(layer),
}


KNOWN = sorted([*_ELEMENTWISE, "linear", "log_softmax", "maxout", "softmax", "softmin"])
"""The names of the activations that are functions."""


def activation_rule(activation: Any, shape: Shape) -> Rule | None:
    """Return how an activation is written out, None where no rule says.

    Parameters
    ----------
    activation : str, function or ActivationLayer
        What `as_name` returned, but None.
    shape : Shape
        The shape of what it is applied to, the batch first.
    """
    if type(activation) in _LAYERS:
        return _LAYERS[type(activation)](activation, shape)
    whole: dict[str, Callable[[], Rule]] = {
        "log_softmax": _log_softmax,
        "maxout": lambda: _maxout(2, shape),
        "softmax": lambda: _softmax(shape),
        "softmin": lambda: _softmax(shape, is_negative=True),
    }
    if activation in whole:
        return whole[activation]()
    return _elementwise(activation) if activation in _ELEMENTWISE else None
