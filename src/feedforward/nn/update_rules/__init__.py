"""Update rules: what learned optimizers compute, their files, and the optimizer that goes by one."""

from feedforward.nn.update_rules.files import load_rule, save_rule, shipped_rules
from feedforward.nn.update_rules.learned import Learned
from feedforward.nn.update_rules.perceptron import PerceptronRule
from feedforward.nn.update_rules.recurrent import CoordinatewiseLSTM, RNNprop
from feedforward.nn.update_rules.update_rule import UPDATE_RULES, UpdateRule

__all__ = [
    "UPDATE_RULES",
    "CoordinatewiseLSTM",
    "Learned",
    "PerceptronRule",
    "RNNprop",
    "UpdateRule",
    "load_rule",
    "save_rule",
    "shipped_rules",
]
