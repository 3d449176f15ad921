"""What a rule is: how a layer, an activation or a loss is written out, in NumPy and as a formula side by side.

Formulas hold names behind a dollar sign. In a rule they are local: ``$x`` is the input (``$x1``, ``$x2`` where there
are several), ``$y`` the output, ``$g`` the derivative of the loss by the output, ``$n`` the number of samples; others
are the rule's own lines, weights and settings. `Names` makes them names of the whole program: ``z_hidden`` in NumPy,
and z with the layer's name above it in a formula.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from string import Template

from feedforward.graph.node import Shape

__all__ = ["Formula", "Line", "Names", "Rule", "Symbol", "Value", "number", "shape_of"]

_GREEK = {"alpha", "beta", "delta", "gamma", "mu", "sigma"}
_SIGNS = {
    "dhat": r"\hat{g}",
    "d_windows": "G",
    "inside": "I",
    "log_p": r"\log p",
    "mask": "M",
    "moving_mean": r"\bar{\mu}",
    "moving_variance": r"\bar{v}",
    "padded": r"\bar{x}",
    "share": "S",
    "sign": r"y_{\pm}",
    "targets": "T",
    "total": "s",
    "windows": "X",
    "xhat": r"\hat{x}",
}
"""How local names look in formulas, beside Greek letters and names of one letter."""


@dataclass(frozen=True)
class Formula:
    """The same expression in both languages."""

    numpy: str
    latex: str

    def fill(self, names: Mapping[str, Symbol | Formula]) -> Formula:
        """Return it with the names of the whole program in place of local ones."""
        numpy = Template(self.numpy).substitute({name: each.numpy for name, each in names.items()})
        return Formula(numpy, Template(self.latex).substitute({name: each.latex for name, each in names.items()}))


@dataclass(frozen=True)
class Line:
    """A name that a rule gives to something it computes on the way, and the shape of that, where it is worth saying."""

    name: str
    formula: Formula
    shape: Shape | None = None


@dataclass(frozen=True)
class Rule:
    """How one step of a network is written out.

    Parameters
    ----------
    name : str
        What the output is called: ``"z"`` for the sums that an activation is applied to, ``"a"`` for anything else. The
        derivative by z is called delta, as in the books.
    forward : Formula
        The output.
    slopes : dict of str to Formula
        The derivative of the loss by each input and weight, from ``$g``, that by the output.
    before : sequence of Line
        What is computed ahead of the output.
    back : sequence of Line
        What is computed ahead of the slopes.
    weights : dict of str to str
        The attributes of the layer that hold its weights, by their local names.
    settings : dict of str to Formula
        Further local names: numbers, mostly.
    averages : dict of str to Formula
        What weights become in the step that no gradient changes.
    has_mask : bool
        Whether there is a ``$mask``, which whoever calls the program gives.
    origin : str
        ``"softmax"`` or ``"sigmoid"`` where the outputs are such probabilities, whose logits a loss may go by.
    """

    name: str
    forward: Formula
    slopes: Mapping[str, Formula]
    before: Sequence[Line] = ()
    back: Sequence[Line] = ()
    weights: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Formula] = field(default_factory=dict)
    averages: Mapping[str, Formula] = field(default_factory=dict)
    has_mask: bool = False
    origin: str = ""


@dataclass(frozen=True)
class Symbol:
    """A name of the whole program in both languages."""

    numpy: str
    latex: str

    @property
    def slope(self) -> Symbol:
        """What the derivative of the loss by it is called."""
        if self.numpy.startswith("z_"):
            return Symbol(f"delta_{self.numpy[2:]}", r"\delta" + self.latex[1:])
        return Symbol(f"d{self.numpy}", rf"\frac{{\partial L}}{{\partial {self.latex}}}")


@dataclass(frozen=True)
class Value:
    """What a step of the network gives.

    Parameters
    ----------
    symbol : Symbol
        Its name.
    shape : Shape
        Its shape, the batch first.
    is_trained : bool
        Whether it depends on a weight that is trained, so that the loss has to be differentiated by it.
    """

    symbol: Symbol
    shape: Shape
    is_trained: bool


class Names:
    """The names that a program has given away."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def owner(self, layer: str) -> str:
        """Return what a layer is called in a program: its name, with a number where another call or layer has that.

        A name may come from a file, and the program be run: of it is left only what may stand in Python's names.
        """
        # Python takes letters that look alike for one, and so must whoever keeps names apart.
        folded = unicodedata.normalize("NFKC", layer)
        plain = "".join(letter if f"_{letter}".isidentifier() else "_" for letter in folded)
        name, count = plain, 1
        while name in self._taken:
            count += 1
            name = f"{plain}_{count}"
        self._taken.add(name)
        return name

    @staticmethod
    def symbol(local: str, owner: str) -> Symbol:
        """Return the name of a layer's own thing; that of the loss, which is nobody's, stands alone."""
        sign = rf"\{local}" if local in _GREEK else _SIGNS.get(local, local)
        if not owner:
            return Symbol(local, sign)
        above = owner.replace("_", r"\_")
        return Symbol(f"{local}_{owner}", rf"{sign}^{{[\mathrm{{{above}}}]}}")


def number(value: float) -> Formula:
    """Return a number in both languages, as short as it can be.

    Examples
    --------
    >>> number(0.5), number(1e-7)
    (Formula(numpy='0.5', latex='0.5'), Formula(numpy='1e-07', latex='10^{-7}'))
    """
    text = repr(int(value) if float(value).is_integer() and abs(value) < 1e15 else float(value))
    digits, _, power = text.partition("e")
    latex = digits if not power else ("" if digits == "1" else rf"{digits} \cdot ") + f"10^{{{int(power)}}}"
    return Formula(text, latex)


def shape_of(shape: Shape) -> str:
    """Return a shape as a program's reader has it, n samples first.

    Examples
    --------
    >>> from feedforward.graph.dimension import unknown
    >>> shape_of((unknown("batch"), 3)), shape_of((4,))
    ('(n, 3)', '(4,)')
    """
    sizes = ["n" if str(size) == "batch" else str(size) for size in shape]
    return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"
