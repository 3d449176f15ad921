"""The optimizer whose formula was learned."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from feedforward.attributes import is_ours
from feedforward.functions import cast
from feedforward.graph.node import known
from feedforward.nn.config import Range, from_config, number_setting, registered
from feedforward.nn.optimizer import OPTIMIZERS, Optimizer, Rate
from feedforward.nn.update_rules.files import load_rule
from feedforward.nn.update_rules.update_rule import UPDATE_RULES, UpdateRule
from feedforward.random import drawing_from
from feedforward.tensor import Tensor, Variable

__all__ = ["Learned"]


@registered(OPTIMIZERS)
@dataclass(eq=False)
class Learned(Optimizer):
    """Steps by an update rule that was learned: w := w + r m(g, h), where m is a small network and h what it remembers.

    Parameters
    ----------
    rule : str, path or UpdateRule
        The name of a rule that comes with the package, see `feedforward.learned.shipped_rules`; a file that
        `feedforward.learned.save_rule` wrote; or a rule. It is kept, with its weights, in the file of a model.
    learning_rate : float, Variable or LearningRateSchedule
        r: 1 makes the steps that the rule was trained to make.

    Notes
    -----
    A rule does well on what is like its training: `feedforward.learned.compare` shows it beside other optimizers on a
    task of yours. It remembers from four to some eighty numbers for each weight, and a step takes several times as long
    as Adam's. Its weights are not trained by `fit`.

    References
    ----------
    Andrychowicz et al., "Learning to learn by gradient descent by gradient descent", 2016.

    Examples
    --------
    >>> from feedforward import learned
    >>> Learned(learned.RNNprop(units=4)).rule
    RNNprop(units=4, layers=2, scale=0.1, decay=0.95)
    """

    rule: Any = "small-tables"
    learning_rate: Rate = number_setting(Range(0), 1.0, kw_only=True)

    def _checked(self, name: str, value: Any) -> Any:
        if name != "rule":
            return super()._checked(name, value)
        if isinstance(value, str | os.PathLike):
            return load_rule(value)
        if isinstance(value, dict):  # of a file, which has the weights, too: those are in nobody's sequence
            rule = from_config(UPDATE_RULES, value)
            with drawing_from(0, 0):
                rule.weights.values()
            return rule
        if not isinstance(value, UpdateRule):
            raise TypeError(
                f"Learned(rule={value!r}): expected a name, a path or an update rule. Got a {type(value).__name__}."
            )
        value.weights.values()  # if nobody has asked for them they are drawn now: within a trace it would be too late
        return value

    def slots(self, parameter: Variable) -> dict[str, Any]:
        """Return what the rule remembers of a parameter."""
        return dict(self.rule.state(known(parameter.leaf.shape)))

    def update(
        self, parameter: Tensor, gradient: Tensor, step_size: Tensor, slots: dict[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the parameter after the rule's change, times the learning rate."""
        weights = {name: cast(weight.value(), parameter.dtype) for name, weight in self.rule.weights.items()}
        change, new = self.rule.change(parameter, gradient, slots, weights)
        return parameter + change * step_size, new

    @property
    def _repeats(self) -> bool:
        return super()._repeats and is_ours(type(self.rule)) and "change" not in vars(self.rule)

    @property
    def variables(self) -> list[Variable]:
        """Those of every optimizer, then the rule's weights."""
        return [*super().variables, *self.rule.weights.values()] if self._is_built else []

    def state(self, paths: Mapping[Variable, str]) -> dict[str, Variable]:
        """Return `variables` by their names in files; the rule's weights, also before `build`, begin with ``rule/``."""
        return super().state(paths) | {f"rule/{name}": weight for name, weight in self.rule.weights.items()}
