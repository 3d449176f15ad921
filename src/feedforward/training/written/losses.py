"""Losses and regularizers written out, in NumPy and as formulas: the mean over a batch, and where its gradient begins.

In a loss ``$x`` is what the network says, or the logits where the loss goes by these, and ``$t`` are the targets.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from feedforward.graph.node import Shape
from feedforward.nn.loss import EPSILON, Loss
from feedforward.nn.losses import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    Hinge,
    Huber,
    Logistic,
    MeanAbsoluteError,
    MeanSquaredError,
    Perceptron,
    SparseCategoricalCrossentropy,
    SquaredHinge,
)
from feedforward.nn.regularizers import L1, L1L2, L2, Regularizer
from feedforward.training.written.rules import Formula, Line, Rule, number

__all__ = ["Wanted", "known_losses", "loss_rule", "regularizer_formulas", "takes_logits"]

_CLASSES = (CategoricalCrossentropy, SparseCategoricalCrossentropy)


@dataclass(frozen=True)
class Wanted:
    """What a loss is asked of.

    Parameters
    ----------
    loss : Loss
        The loss.
    shape : Shape
        The shape of the predictions, the batch first.
    has_logits : bool
        Whether they are logits.
    """

    loss: Any
    shape: Shape
    has_logits: bool

    @property
    def count(self) -> Formula:
        """How many numbers the mean goes over: all predictions."""
        sizes = [str(size) for size in self.shape[1:] if size != 1]
        return Formula("$x.size", r" \cdot ".join(["n", *sizes]))

    @property
    def rows(self) -> Formula:
        """How many rows of predictions it goes over."""
        sizes = [str(size) for size in self.shape[1:-1]]
        whole = " * ".join(["$n", *sizes])
        return Formula(f"({whole})" if sizes else whole, r" \cdot ".join(["n", *sizes]))


def takes_logits(loss: Loss, activation: str) -> bool:
    """Return whether a loss goes by the logits, where predictions come straight from an activation."""
    kinds = {"sigmoid": (BinaryCrossentropy,), "softmax": _CLASSES}
    return type(loss) in kinds.get(activation, ())


def loss_rule(wanted: Wanted) -> Rule | None:
    """Return how the mean of a loss over a batch is written out, None where no rule says."""
    rule = _RULES.get(type(wanted.loss))
    return None if rule is None else rule(wanted)


def _mean_of(wanted: Wanted, each: Formula, slope: Formula, before: list[Line] | None = None, **settings: Any) -> Rule:
    """Return the rule of a loss that is a mean over all predictions, from what one of them costs and its slope."""
    count = wanted.count
    return Rule(
        "loss",
        Formula(f"np.mean({each.numpy})", rf"\frac{{1}}{{{count.latex}}} \sum {each.latex}"),
        {"x": Formula(f"{slope.numpy} / {count.numpy}", rf"\frac{{1}}{{{count.latex}}}\,{slope.latex}")},
        before or [],
        settings=settings,
    )


def _squared(wanted: Wanted) -> Rule:
    return _mean_of(wanted, Formula("($x - $t) ** 2", "($x - $t)^2"), Formula("2 * ($x - $t)", r"2\,($x - $t)"))


def _absolute(wanted: Wanted) -> Rule:
    return _mean_of(
        wanted,
        Formula("np.abs($x - $t)", "|$x - $t|"),
        Formula("np.sign($x - $t)", r"\mathrm{sign}($x - $t)"),
    )


def _huber(wanted: Wanted) -> Rule:
    near = Line("near", Formula("np.clip($x - $t, -$delta, $delta)", r"\min(\max($x - $t, -$delta), $delta)"))
    each = Formula("$near * ($x - $t - $near / 2)", r"$near \odot ($x - $t - \frac{1}{2} $near)")
    return _mean_of(wanted, each, Formula("$near", "$near"), [near], delta=number(wanted.loss.delta))


def _margin(each: Formula, slope: Formula) -> Callable[[Wanted], Rule]:
    """Return the rule of a loss of the margin ``$m``, from what one costs and its slope by the margin."""

    def rule(wanted: Wanted) -> Rule:
        sign = Line("sign", Formula("np.where($t > 0, 1, -1)", r"2\,\mathbf{1}[$t > 0] - 1"))
        margin = Line("m", Formula("$sign * $x", r"$sign \odot $x"))
        by_output = Formula(f"$sign * {slope.numpy}", rf"$sign \odot {slope.latex}")
        return _mean_of(wanted, each, by_output, [sign, margin])

    return rule


def _targets(wanted: Wanted, given: Formula, classes: Any) -> list[Line]:
    """Return the line that makes targets of what is given, if they are another thing: 0 and 1, or softer than that."""
    a = wanted.loss.label_smoothing
    if a:
        kept, rest = number(1.0 - a), number(a)
        soft = f"{kept.numpy} * {given.numpy} + {rest.numpy} / {classes}"
        given = Formula(soft, rf"{kept.latex}\,{given.latex} + {rest.latex} / {classes}")
    return [] if given.numpy == "$t" else [Line("targets", given, wanted.shape)]


_KEPT = Formula(f"np.clip($x, {EPSILON}, 1 - {EPSILON})", r"\min(\max($x, 10^{-7}), 1 - 10^{-7})")


def _binary(wanted: Wanted) -> Rule:
    before = _targets(wanted, Formula("$t", "$t"), 2)
    t = "$targets" if before else "$t"
    if wanted.has_logits:
        each = Formula(f"(np.logaddexp(0, $x) - $x * {t})", rf"\left(\log(1 + e^{{$x}}) - $x \odot {t}\right)")
        return _mean_of(wanted, each, Formula(f"(sigmoid($x) - {t})", rf"(\sigma($x) - {t})"), before)
    inside = Line("inside", Formula("$p == $x", r"\mathbf{1}[$p = $x]"))
    before += [Line("p", _KEPT), inside]
    each = Formula(
        f"(-{t} * np.log($p) - (1 - {t}) * np.log(1 - $p))",
        rf"\left(-{t} \odot \log $p - (1 - {t}) \odot \log(1 - $p)\right)",
    )
    slope = Formula(
        f"$inside * ((1 - {t}) / (1 - $p) - {t} / $p)",
        rf"$inside \odot \left(\frac{{1 - {t}}}{{1 - $p}} - \frac{{{t}}}{{$p}}\right)",
    )
    return _mean_of(wanted, each, slope, before)


def _crossentropy(wanted: Wanted) -> Rule:
    classes, rows = wanted.shape[-1], wanted.rows
    is_sparse = isinstance(wanted.loss, SparseCategoricalCrossentropy)
    one_hot = Formula(f"np.eye({classes})[$t]", r"\mathrm{onehot}($t)")
    before = _targets(wanted, one_hot if is_sparse else Formula("$t", "$t"), classes)
    t = "$targets" if before else "$t"
    if wanted.has_logits:
        # A row of 0 and 1 adds up to 1; rows of a user's may add up to anything.
        before.append(Line("log_p", Formula("log_softmax($x)", r"$x - \log \sum_k (e^{$x})_k"), wanted.shape))
        p = "np.exp($log_p)" if is_sparse else f"np.exp($log_p) * {t}.sum(-1, keepdims=True)"
        sign = r"\mathrm{softmax}($x)" if is_sparse else rf"\mathrm{{softmax}}($x) \odot \sum_k ({t})_k"
        slope = Formula(f"({p} - {t}) / {rows.numpy}", rf"\frac{{1}}{{{rows.latex}}} \left({sign} - {t}\right)")
        log_p = "$log_p"
        back: list[Line] = []
    else:
        inside = Line("inside", Formula("$p == $q", r"\mathbf{1}[$p = $q]"))
        before += [
            Line("total", Formula("$x.sum(-1, keepdims=True)", r"\sum_k ($x)_k")),
            Line("q", Formula("$x / np.where(np.abs($total) > 1e-30, $total, 1)", r"\frac{$x}{$total}")),
            Line("p", Formula(_KEPT.numpy.replace("$x", "$q"), _KEPT.latex.replace("$x", "$q"))),
        ]
        log_p = "np.log($p)"
        back = [
            inside,
            Line(
                "d_q",
                Formula(
                    f"-1 * $inside * {t} / $p / {rows.numpy}",
                    rf"-\frac{{1}}{{{rows.latex}}}\,$inside \odot \frac{{{t}}}{{$p}}",
                ),
            ),
        ]
        slope = Formula(
            "($d_q - ($d_q * $q).sum(-1, keepdims=True)) / $total",
            r"\frac{1}{$total} \left($d_q - \sum_k ($d_q \odot $q)_k\right)",
        )
    log_sign = "$log_p" if wanted.has_logits else r"\log $p"
    forward = Formula(
        f"-np.sum({t} * {log_p}) / {rows.numpy}", rf"-\frac{{1}}{{{rows.latex}}} \sum {t} \odot {log_sign}"
    )
    return Rule("loss", forward, {"x": slope}, before, back)


_RULES: dict[type[Loss], Callable[[Wanted], Rule]] = {
    MeanSquaredError: _squared,
    MeanAbsoluteError: _absolute,
    Huber: _huber,
    BinaryCrossentropy: _binary,
    CategoricalCrossentropy: _crossentropy,
    SparseCategoricalCrossentropy: _crossentropy,
    Hinge: _margin(
        Formula("np.maximum(0, 1 - $m)", r"\max(0, 1 - $m)"), Formula("-1 * ($m < 1)", r"(-\mathbf{1}[$m < 1])")
    ),
    SquaredHinge: _margin(
        Formula("np.maximum(0, 1 - $m) ** 2", r"\max(0, 1 - $m)^2"),
        Formula("-2 * np.maximum(0, 1 - $m)", r"(-2 \max(0, 1 - $m))"),
    ),
    Perceptron: _margin(
        Formula("np.maximum(0, -$m)", r"\max(0, -$m)"), Formula("-1 * ($m <= 0)", r"(-\mathbf{1}[$m \leq 0])")
    ),
    Logistic: _margin(
        Formula("np.logaddexp(0, -$m) / np.log(2)", r"\frac{1}{\log 2} \log(1 + e^{-$m})"),
        Formula("-sigmoid(-$m) / np.log(2)", r"\left(-\frac{1}{\log 2}\,\sigma(-$m)\right)"),
    ),
}


def known_losses() -> list[str]:
    """Return the names of the losses that are written out."""
    return sorted(loss.__name__ for loss in _RULES)


def regularizer_formulas(regularizer: Regularizer) -> list[tuple[Formula, Formula]] | None:
    """Return what a weight ``$w`` costs, and the slope of that, a pair for each term; None where no rule says."""
    if type(regularizer) not in (L1, L2, L1L2):
        return None
    found = []
    if l1 := getattr(regularizer, "l1", 0.0):
        factor = number(l1)
        cost = Formula(f"{factor.numpy} * np.abs($w).sum()", rf"{factor.latex} \sum |$w|")
        found.append((cost, Formula(f"{factor.numpy} * np.sign($w)", rf"{factor.latex}\,\mathrm{{sign}}($w)")))
    if l2 := getattr(regularizer, "l2", 0.0):
        factor, twice = number(l2), number(2 * l2)
        cost = Formula(f"{factor.numpy} * ($w**2).sum()", rf"{factor.latex} \sum ($w)^2")
        found.append((cost, Formula(f"{twice.numpy} * $w", rf"{twice.latex}\,$w")))
    return found
