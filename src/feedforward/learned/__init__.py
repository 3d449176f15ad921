"""Learning to learn: update rules that are trained, the tasks they are trained on, and what became of them.

Here: tasks, runs of optimizers on them, two ways to train a rule, and the comparison with other optimizers. Not here:
the rules and the optimizer that goes by one, which networks need (``nn/update_rules/``).
"""

from typing import TYPE_CHECKING

from feedforward.learned.comparison import RATES, TUNED, Comparison, compare
from feedforward.learned.evolution import EvolvedTraining
from feedforward.learned.runs import losses_of
from feedforward.learned.tasks import Network, Quadratics, Scaled, Squares, Task, Together
from feedforward.learned.unrolled import UnrolledTraining
from feedforward.lookup import namespace
from feedforward.nn.update_rules import (
    CoordinatewiseLSTM,
    PerceptronRule,
    RNNprop,
    UpdateRule,
    load_rule,
    save_rule,
    shipped_rules,
)

__all__ = [
    "CoordinatewiseLSTM",
    "PerceptronRule",
    "RNNprop",
    "UpdateRule",
    "load_rule",
    "save_rule",
    "shipped_rules",
    "Task",
    "Network",
    "Quadratics",
    "Squares",
    "Scaled",
    "Together",
    "EvolvedTraining",
    "UnrolledTraining",
    "losses_of",
    "compare",
    "Comparison",
    "TUNED",
    "RATES",
]

if not TYPE_CHECKING:
    __getattr__, __dir__ = namespace("feedforward.learned", __all__)
