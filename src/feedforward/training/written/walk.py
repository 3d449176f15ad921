"""The walk through a network that writes it out: forward call by call, the loss, and back.

Each step adds to the derivatives by its inputs and weights; what no trained weight stands behind is not differentiated.
Not here: what a layer or a loss computes, and how a page becomes a text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from feedforward.graph.node import Node, Shape
from feedforward.nn.activating import as_name
from feedforward.nn.activation_layers import ActivationLayer
from feedforward.nn.layers import Activation, Dense
from feedforward.nn.losses import SparseCategoricalCrossentropy
from feedforward.tensor import Variable
from feedforward.training.objectives import Objective
from feedforward.training.written.activations import KNOWN, activation_rule
from feedforward.training.written.layers import Call, Unwritten, layer_rule
from feedforward.training.written.losses import Wanted, known_losses, loss_rule, regularizer_formulas, takes_logits
from feedforward.training.written.rules import Formula, Line, Names, Rule, Symbol, Value, shape_of

if TYPE_CHECKING:
    from feedforward.training.model import Model

__all__ = ["Page", "Row", "Weight", "cannot"]

_LOSS = Symbol("loss", "L")


@dataclass(frozen=True)
class Row:
    """A line of a page in both languages, with the shape of what it computes and a note; or a heading.

    Parameters
    ----------
    numpy, latex : str
        The line; of a heading what it says, and ``""``.
    shape : Shape, optional
        Of what it computes.
    note : str
        What is to be said besides.
    """

    numpy: str
    latex: str
    shape: Shape | None = None
    note: str = ""

    @property
    def is_heading(self) -> bool:
        """Whether it is one."""
        return not self.latex

    @property
    def is_name(self) -> bool:
        """Whether it only says what something is called: a weight, or what is given."""
        return " = " not in self.latex and "arrow" not in self.latex


@dataclass(frozen=True)
class Weight:
    """A weight of a network under the name that a page has for it."""

    symbol: Symbol
    path: str
    variable: Variable
    regularizer: Any
    is_trained: bool


@dataclass(frozen=True)
class _Step:
    """A rule with the names that stand for its own on the page."""

    title: str
    rule: Rule
    inputs: Sequence[Value]
    output: Value
    weights: Mapping[str, Weight]
    owner: str
    names: dict[str, Symbol | Formula]

    def wanted(self) -> Iterator[tuple[Symbol, Shape, Formula]]:
        """Yield the derivatives that training needs: what each is called, its shape and its formula."""
        inputs = {"x": self.inputs[0], **{f"x{place}": value for place, value in enumerate(self.inputs, 1)}}
        for local, formula in self.rule.slopes.items():
            weight = self.weights.get(local)
            if weight is not None and weight.is_trained:
                yield weight.symbol.slope, weight.variable.leaf.shape, formula
            elif weight is None and inputs[local].is_trained:
                yield inputs[local].symbol.slope, inputs[local].shape, formula


class Page:
    """What is written of a model.

    Parameters
    ----------
    model : Model
        The model.
    objective : Objective, optional
        What is wanted of its output; without one, it predicts.

    Attributes
    ----------
    rows : list of Row
        The lines.
    inputs, outputs : list of Value
        What the network is fed, and what it gives.
    weights : dict of Symbol to Weight
        Its weights.
    masks : list of str
        What layers need a mask.
    averages : list of Weight
        What a step changes besides what it trains.

    Raises
    ------
    ValueError
        If a part of it has no rule; names the first.
    """

    def __init__(self, model: Model, objective: Objective | None) -> None:
        self.rows: list[Row] = []
        self.weights: dict[Symbol, Weight] = {}
        self.masks: list[str] = []
        self.averages: list[Weight] = []
        self._names = Names()
        self._paths = {weight: path for path, weight in model.weights_by_path()}
        self._trained = set(model.trainable_weights)
        self._owners: dict[str, str] = {}
        self._steps: list[_Step] = []
        self._logits: dict[Symbol, tuple[str, Value]] = {}
        self._begun: set[Symbol] = set()
        self._is_training = objective is not None
        values = self._fed(model)
        self.inputs = list(values.values())
        for node in model.network.nodes:
            if node not in values:
                values[node] = self._call(model, node, values)
        self.outputs = [values[node] for node in model.network.outputs]
        if objective is not None:
            self._loss(objective, self.outputs[0])
            self._back()
            self._regularize()
            self._average()

    @property
    def slopes(self) -> list[Weight]:
        """The weights by which the loss was differentiated."""
        return [weight for weight in self.weights.values() if weight.symbol.slope in self._begun]

    def _fed(self, model: Model) -> dict[Node, Value]:
        """Return the inputs under names of their own; a single one is x."""
        given = model.network.inputs
        symbols = [Symbol("x", "x")]
        if len(given) > 1:
            symbols = [Names.symbol("x", self._names.owner(str(node.attrs["name"]))) for node in given]
        return {node: Value(symbol, node.shape, False) for node, symbol in zip(given, symbols, strict=True)}

    def _call(self, model: Model, node: Node, values: Mapping[Node, Value]) -> Value:
        """Write what a call of a layer computes, and return what it gives."""
        output = model.network.calls.get(node)
        if output is None:
            what = "a constant" if node.value is not None else f"the operation {node.op.name}"
            raise cannot(f"{what} between layers", "a layer for each step, such as Add or Rescaling")
        layer: Any = output.call.layer
        mode = self._is_training if output.call.training is None else output.call.training
        inputs = [values[source] for source in output.call.inputs]
        if not all(isinstance(size, int) for size in node.shape[1:]):
            what = f"layer {layer.name!r}, whose output {shape_of(node.shape)} has a size that is not known,"
            raise cannot(what, "an Input of a shape that is known but for the batch")
        owner = self._names.owner(str(layer.name))
        call = Call(layer, tuple(value.shape for value in inputs), node.shape, mode)
        for number, (rule, part, shape) in enumerate(_rules(call)):
            step = self._step(rule, part, inputs, shape, owner, part is layer)
            if number == 0:
                self.rows.append(Row(step.title, ""))
            self._forward(step)
            if rule.origin:
                self._logits[step.output.symbol] = rule.origin, inputs[0]
            inputs = [step.output]
        return inputs[0]

    def _step(self, rule: Rule, part: Any, inputs: Sequence[Value], shape: Shape, owner: str, is_own: bool) -> _Step:
        weights = {}
        for local, attribute in rule.weights.items():
            variable = getattr(part, attribute)
            path = self._paths[variable]
            layer = path.rpartition("/")[0]
            if layer not in self._owners:  # of a layer that is called again, the first call names the weights
                self._owners[layer] = owner if is_own else self._names.owner(layer)
            symbol = Names.symbol(local, self._owners[layer])
            regularizer = getattr(part, f"{attribute}_regularizer", None)
            weights[local] = Weight(symbol, path, variable, regularizer, variable in self._trained)
        is_trained = any(value.is_trained for value in inputs) or any(weight.is_trained for weight in weights.values())
        output = Value(Names.symbol(rule.name, owner), shape, is_trained)
        names: dict[str, Symbol | Formula] = {"n": Symbol("n", "n"), "y": output.symbol, "g": output.symbol.slope}
        names |= {"x": inputs[0].symbol, **{f"x{place}": value.symbol for place, value in enumerate(inputs, 1)}}
        names |= {local: weight.symbol for local, weight in weights.items()}
        return _Step(
            f"{owner}: {type(part).__name__}", rule, inputs, output, weights, owner, names | dict(rule.settings)
        )

    def _forward(self, step: _Step) -> None:
        for weight in step.weights.values():
            if weight.symbol not in self.weights:
                self.weights[weight.symbol] = weight
                read = f"{weight.symbol.numpy} = weights[{json.dumps(weight.path)}]"
                self.rows.append(Row(read, weight.symbol.latex, weight.variable.leaf.shape))
        if step.rule.has_mask:
            self.masks.append(step.owner)
            mask = step.names["mask"] = Names.symbol("mask", step.owner)
            self.rows.append(
                Row(f'{mask.numpy} = masks["{step.owner}"]', mask.latex, step.output.shape, "1 where kept, else 0")
            )
        self._lines(step, step.rule.before)
        self._line(step, step.output.symbol, step.rule.forward, step.output.shape)
        self._steps.append(step)

    def _lines(self, step: _Step, lines: Sequence[Line]) -> None:
        for line in lines:
            symbol = step.names[line.name] = Names.symbol(line.name, step.owner)
            self._line(step, symbol, line.formula, line.shape)

    def _line(self, step: _Step, symbol: Symbol, formula: Formula, shape: Shape | None, equals: str = "=") -> None:
        found = formula.fill(step.names)
        self.rows.append(Row(f"{symbol.numpy} = {found.numpy}", f"{symbol.latex} {equals} {found.latex}", shape))

    def _loss(self, objective: Objective, output: Value) -> None:
        """Write the loss of the network's output, from the logits where the loss goes by them."""
        loss: Any = objective.loss
        kind, logits = self._logits.get(output.symbol, ("", output))
        is_behind = takes_logits(loss, kind)
        wanted = Wanted(loss, output.shape, is_behind or getattr(loss, "from_logits", False))
        rule = loss_rule(wanted)
        if rule is None:
            raise cannot(f"the loss {type(loss).__name__}", ", ".join(known_losses()))
        prediction = logits if is_behind else output
        self.rows.append(Row(f"the loss: {type(loss).__name__}", ""))
        target = Symbol("y", "y")
        shape = output.shape[:-1] if isinstance(loss, SparseCategoricalCrossentropy) else output.shape
        if shape != output.shape or shape[-1] == 1:  # a column of targets or a row of them are the same
            sizes = ", ".join(["n", *map(str, shape[1:])])
            self.rows.append(Row(f"y = np.reshape(y, {f'({sizes})' if len(shape) > 1 else sizes})", "y", shape))
        names: dict[str, Symbol | Formula] = {"n": Symbol("n", "n"), "x": prediction.symbol, "t": target}
        step = _Step("", rule, [prediction], Value(_LOSS, (), True), {}, "", names | dict(rule.settings))
        self._forward(step)
        factor = objective.weight
        if factor is not None and factor != 1:
            raise cannot(f"a loss that counts {factor}", "loss_weights of 1")
        self._begun.add(_LOSS)

    def _back(self) -> None:
        """Write the way back: of each step, from the last, what it adds to the derivatives by what it was made of."""
        title = ""
        for step in reversed(self._steps):
            begun = _LOSS if step.output.symbol == _LOSS else step.output.symbol.slope
            wanted = list(step.wanted())
            if begun not in self._begun or not wanted:
                continue
            heading = f"back through {step.title or 'the loss'}"
            if heading != title:
                title = heading
                self.rows.append(Row(title, ""))
            self._lines(step, _needed(step.rule.back, [formula for _, _, formula in wanted]))
            for symbol, shape, formula in wanted:
                self._add(symbol, formula, shape, step.names)

    def _add(self, symbol: Symbol, formula: Formula, shape: Shape, names: Mapping[str, Symbol | Formula]) -> None:
        """Write a derivative, or what is added to it where there is a part of it already."""
        found = formula.fill(names)
        # Not in place: it may be one array with the derivative that it was taken over from.
        before = f"{symbol.numpy} + " if symbol in self._begun else ""
        equals = rf"\leftarrow {symbol.latex} +" if symbol in self._begun else "="
        self._begun.add(symbol)
        self.rows.append(
            Row(f"{symbol.numpy} = {before}{found.numpy}", f"{symbol.latex} {equals} {found.latex}", shape)
        )

    def _regularize(self) -> None:
        """Write what weights cost."""
        costly = [w for w in self.weights.values() if w.regularizer is not None and w.is_trained]
        if costly:
            self.rows.append(Row("what weights cost", ""))
        for weight in costly:
            terms = regularizer_formulas(weight.regularizer)
            if terms is None:
                raise cannot(f"the regularizer {type(weight.regularizer).__name__} of {weight.path}", "L1, L2, L1L2")
            for cost, slope in terms:
                self._add(_LOSS, cost, (), {"w": weight.symbol})
                self._add(weight.symbol.slope, slope, weight.variable.leaf.shape, {"w": weight.symbol})

    def _average(self) -> None:
        """Write what a step changes besides what it trains."""
        steps = [step for step in self._steps if step.rule.averages]
        if steps:
            self.rows.append(Row("running means, for use after training", ""))
        for step in steps:
            for local, formula in step.rule.averages.items():
                weight = step.weights[local]
                self._line(step, weight.symbol, formula, weight.variable.leaf.shape, r"\leftarrow")
                self.averages.append(weight)


def cannot(what: str, expected: str) -> ValueError:
    """Return the error that says what has no rule, and what has one."""
    return ValueError(
        f"explain: {what} has no rule that writes it out. Expected {expected}. Change it, or ask for the stage 'graph' "
        f"or 'gradient', which show everything."
    )


def _rules(call: Call) -> Iterator[tuple[Rule, Any, Shape]]:
    """Yield how a layer is written out, then its activation, each with what owns its weights and its output's shape."""
    layer = call.layer
    is_activation = type(layer) is Activation or isinstance(layer, ActivationLayer)
    activation = layer if isinstance(layer, ActivationLayer) else as_name(getattr(layer, "activation", None))
    is_linear = activation is None or activation == "linear"
    shape = call.inputs[0] if is_activation else call.output
    if not is_activation:
        if isinstance(layer, Dense):  # before an activation that makes fewer numbers of them
            shape = (*call.output[:-1], layer.units)
        try:
            rule = layer_rule(Call(layer, call.inputs, shape, call.is_training))
        except Unwritten as missing:
            raise cannot(f"layer {layer.name!r} ({missing})", missing.expected) from None
        if rule is not None:
            yield rule, layer, shape
    if not is_linear:
        found = activation_rule(activation, shape)
        if found is None:
            name = type(activation).__name__ if isinstance(activation, ActivationLayer) else f"{activation!r:.60}"
            raise cannot(f"layer {layer.name!r} (activation {name})", ", ".join(KNOWN))
        yield found, layer if activation is layer or isinstance(activation, str) else activation, call.output


def _needed(lines: Sequence[Line], formulas: Sequence[Formula]) -> list[Line]:
    """Return the lines whose names some formulas hold, also by way of other lines."""
    found: list[Line] = []
    texts = [formula.numpy for formula in formulas]
    for line in reversed(lines):
        if any(re.search(rf"\${line.name}\b", text) for text in texts):
            found.insert(0, line)
            texts.append(line.formula.numpy)
    return found
