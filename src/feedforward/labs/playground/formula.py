"""A formula of x1 and x2 as a feature: computed by NumPy, and shown as a NumPy expression. It is never run as code."""

from __future__ import annotations

import operator
from dataclasses import dataclass

import numpy as np

from feedforward.labs.errors import LabError
from feedforward.labs.formulas import Expression, evaluate, functions_of, parse, written

__all__ = ["LARGEST", "Formula", "read_formula"]

LARGEST = 1e6
"""The largest size that a feature may have: beyond it a network computes nothing of use."""

_ARITHMETIC = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "power": operator.pow,
    "negate": operator.neg,
}
_NUMPY = {
    **{name: f"np.{name}" for name in ("sin", "cos", "tan", "exp", "log", "sqrt", "abs", "tanh", "sign")},
    "max": "np.maximum",
    "min": "np.minimum",
}
"""What a script calls each function."""

_COMPUTED = _ARITHMETIC | {name: getattr(np, path.removeprefix("np.")) for name, path in _NUMPY.items()}
_VARIABLES = {"x1": "x1", "x2": "x2", "x": "x1", "y": "x2"}


@dataclass(frozen=True)
class Formula:
    """A formula that was read.

    Parameters
    ----------
    expression : Expression
        Its tree.
    """

    expression: Expression

    @property
    def text(self) -> str:
        """A NumPy expression of ``x1`` and ``x2``, which has the same bits."""
        return written(self.expression, _VARIABLES | _NUMPY)

    @property
    def is_constant(self) -> bool:
        """Whether it is the same number everywhere."""
        return not any(name in self.text for name in ("x1", "x2"))

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """Return its values.

        Parameters
        ----------
        points : float64 array, shape (n, 2)
            x1 and x2.

        Raises
        ------
        LabError
            If a value is no number, or larger than `LARGEST`.
        """
        x1, x2 = points.T
        try:
            with np.errstate(all="ignore"):
                found = evaluate(self.expression, {"x1": x1, "x2": x2, "x": x1, "y": x2}, _COMPUTED)
        except ArithmeticError:  # 1 / 0 of numbers that stand in it
            found = np.nan
        if np.iscomplexobj(found):  # the root of a negative number that stands in it
            found = np.nan
        values = np.broadcast_to(np.asarray(found), len(points))
        bad = np.flatnonzero(~(np.abs(values) <= LARGEST))
        if bad.size:
            where = [round(float(x), 3) for x in points[bad[0]]]
            raise LabError("formula_value", x1=where[0], x2=where[1], most=f"{LARGEST:g}")
        return values.astype(float)


def read_formula(text: str) -> Formula:
    """Return what a text says.

    Raises
    ------
    LabError
        If it says nothing that can be computed; the message says where.
    """
    expression = parse(text, _VARIABLES)
    for name in sorted(functions_of(expression) - set(_COMPUTED)):
        raise LabError("formula_function_here", word=name, functions=", ".join(sorted(_NUMPY)))
    return Formula(expression)
