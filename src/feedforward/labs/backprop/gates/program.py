"""The program that a reader takes away: a formula and its gradients by the package alone."""

from __future__ import annotations

import keyword
from collections.abc import Mapping

from feedforward.labs.formulas import functions_of, parse, written

__all__ = ["program"]

_CALLED = {
    "max": "ff.maximum",
    "min": "ff.minimum",
    **{name: f"ff.{name}" for name in ("sin", "cos", "exp", "log", "sqrt", "abs", "tanh", "sigmoid", "relu", "sign")},
}
_TAKEN = {*keyword.kwlist, "ff", "f", "tape", "gradients", "print", "zip", "float", "tan", "name", "gradient"}


def program(formula: str, inputs: Mapping[str, float]) -> str:
    """Return a Python program that prints a formula's value and its derivatives, ``f = ...`` and ``df/dx = ...``.

    Parameters
    ----------
    formula : str
        What `parse` reads.
    inputs : mapping
        A number for each of its names.
    """
    expression = parse(formula)
    words = {name: _free(name, inputs) for name in inputs}
    lines = ["import feedforward as ff", ""]
    if "tan" in functions_of(expression):
        lines += ["", "def tan(a):", "    return ff.sin(a) / ff.cos(a)", "", ""]
    lines += [f'{words[name]} = ff.Variable({value!r}, dtype="float64")' for name, value in inputs.items()]
    names = ", ".join(words.values())
    lines += [
        "with ff.GradientTape() as tape:",
        f"    f = {written(expression, {**_CALLED, **words})}",
        f'gradients = tape.gradient(f, [{names}], unconnected_gradients="zero")',
        'print("f =", float(f))',
        f"for name, gradient in zip({list(inputs)!r}, gradients):",
        '    print(f"df/d{name} =", float(gradient))',
    ]
    return "\n".join(lines) + "\n"


def _free(name: str, names: Mapping[str, float]) -> str:
    """Return a name that means nothing else in the program."""
    word = name
    while word in _TAKEN or (word != name and word in names):
        word += "_"
    return word
