"""Settings: what the user gave, and values that fit the data for what was not.

Not here: the options themselves and messages about them (``options``, ``train``), what is made of settings
(``experiment``, ``realmlp``).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from feedforward.data import Training, find
from feedforward.data.columns import Roles
from feedforward.data.sheet import Dialect
from feedforward.report.examples import VALIDATION_SPLIT, Examples

__all__ = ["MODELS", "TABLE_TEST_SPLIT", "Settings", "Options", "settings_for"]

MODELS = ("mlp", "realmlp", "linear")
"""What a table can be learnt with: a plain network; one whose settings were tuned on many tables, which takes longer;
no hidden layers, and a solver that knows how far it is from the best."""

TABLE_TEST_SPLIT = 0.2
"""The share of a table's rows that is held out."""

_TABLE_STEPS = 2000
_PATIENCE = 20
_MOST_STEPS = 200_000  # of a table that is trained until it gets no better
_MOST_EPOCHS = 500
_UNUSED = {
    "mlp": (),
    "realmlp": ("optimizer", "patience"),
    "linear": (
        "layers",
        "activation",
        "dropout",
        "optimizer",
        "learning_rate",
        "epochs",
        "batch_size",
        "validation_split",
        "patience",
        "budget",
    ),
}
"""Of each model the settings that it has no use for."""

_REALMLP_SPLIT = 0.2  # what the tuned settings were tuned with


@dataclass(frozen=True)
class Settings:
    """How a network is made and trained.

    Parameters
    ----------
    model : str
        One of `MODELS`.
    layers : tuple of int
        Units of the hidden layers.
    activation : str
        What they compute of their sums.
    dropout : float
        The share of them left out in each step.
    optimizer : str
        What changes the weights.
    learning_rate : float
        How far a step goes.
    epochs : int
        How often every sample is learnt from.
    batch_size : int
        Samples in a step.
    seed : int
        What all random numbers come from.
    test_split, validation_split : float
        The share of a table held out, 0 for a data set with a test part, and the share of the rest to watch.
    patience : int
        How many epochs may bring no better loss on what is watched before training ends, the best weights put back;
        0: it goes on to the end.
    budget : float or None
        Seconds that the command had, if that ended training.
    folds : int
        Into how many parts the rows that are not held out are cut to measure how the score varies; 0: they are not.
    roles : Roles
        What the user says of a table's columns.
    dialect : Dialect
        What the user says of how a table's file is written.
    """

    model: str
    layers: tuple[int, ...]
    activation: str
    dropout: float
    optimizer: str
    learning_rate: float
    epochs: int
    batch_size: int
    seed: int
    test_split: float
    validation_split: float
    patience: int
    budget: float | None
    folds: int
    roles: Roles
    dialect: Dialect

    def named(self) -> dict[str, Any]:
        """Return what counts of them by name, as a model's file keeps it."""
        roles, dialect = self.roles, self.dialect
        whole: dict[str, Any] = {"model": self.model, **asdict(self), "layers": list(self.layers)}
        whole |= {"drop": list(roles.drop), "categorical": list(roles.categorical), "weights": roles.weights or ""}
        whole |= {"delimiter": dialect.delimiter or "", "encoding": dialect.encoding or ""}
        if not self.folds:
            del whole["folds"]
        unused = ("roles", "dialect", *_UNUSED[self.model])
        return {name: value for name, value in whole.items() if name not in unused and value is not None}


@dataclass(frozen=True)
class Options:
    """What a user says of `Settings`; None: not given.

    Parameters
    ----------
    model, layers, activation, dropout, optimizer, learning_rate, epochs, batch_size, seed, test_split
        As in `Settings`.
    validation_split, patience, budget, folds, roles, dialect
        As in `Settings`.
    """

    model: str = "mlp"
    layers: tuple[int, ...] | None = None
    activation: str | None = None
    dropout: float | None = None
    optimizer: str | None = None
    learning_rate: float | None = None
    epochs: int | None = None
    batch_size: int | None = None
    seed: int = 0
    test_split: float | None = None
    validation_split: float | None = None
    patience: int | None = None
    budget: float | None = None
    folds: int = 0
    roles: Roles = field(default_factory=Roles)
    dialect: Dialect = field(default_factory=Dialect)

    def unfit(self) -> list[str]:
        """Return the options given that the model asked for has no use for."""
        return [name for name in _UNUSED[self.model] if getattr(self, name) is not None]

    @property
    def is_stopped_early(self) -> bool:
        """Whether a table is trained until it gets no better: that is so unless its epochs are given."""
        if self.model != "mlp":
            return False
        return self.epochs is None if self.patience is None else self.patience > 0

    @property
    def table_validation_split(self) -> float | None:
        """The share of a table's rows to learn from that is watched; None: the usual one, or nothing of few rows."""
        if self.model == "realmlp" and self.validation_split is None:
            return _REALMLP_SPLIT
        if self.validation_split is None:
            usual = None if self.patience is None else VALIDATION_SPLIT
            return usual if self.is_stopped_early else 0.0
        return self.validation_split


def settings_for(examples: Examples, options: Options) -> Settings:
    """Return the options given, and for the others values that fit the data.

    Parameters
    ----------
    examples : Examples
        The data. A data set's row says what fits it. A table gets two layers of 64 and batches of 32, and is trained
        until 20 epochs have brought no better loss on the rows that are watched. Where none are, it gets about 2,000
        steps: from 10 epochs to 100.
    options : Options
        What the user gave.
    """
    from feedforward.nn.optimizers import OPTIMIZERS

    given = {name: value for name, value in vars(options).items() if value is not None}
    if options.model == "realmlp":
        return Settings(**{**_of_realmlp(examples), **given})
    count = len(examples.y_train)
    watched = int(examples.is_validation.sum())
    patience = options.patience or 0
    if options.patience is None and examples.is_table and options.is_stopped_early and watched:
        patience = _PATIENCE
    usual = (
        _table_training(count - watched, options.batch_size, patience)
        if examples.is_table
        else find(examples.name).training
    )
    if options.model == "linear":
        usual = replace(usual, layers=(), dropout=0.0, epochs=0)
    optimizer = options.optimizer or "adam"
    defaults = {
        "activation": "relu",
        "optimizer": optimizer,
        "learning_rate": OPTIMIZERS[optimizer]().learning_rate,
        "test_split": TABLE_TEST_SPLIT if examples.is_table else 0.0,
        "validation_split": VALIDATION_SPLIT if watched else 0.0,
        "budget": None,
        **asdict(usual),
    }
    return Settings(**{**defaults, **given, "patience": patience})


def _of_realmlp(examples: Examples) -> dict[str, Any]:
    """Return the settings of a RealMLP that were tuned for classes or for numbers."""
    from feedforward.tabular.realmlp import RealMLP

    tuned = RealMLP() if examples.class_names else RealMLP.for_numbers()
    shared = ("activation", "dropout", "learning_rate", "epochs", "batch_size")
    return {
        **{name: getattr(tuned, name) for name in shared},
        "layers": tuned.hidden,
        "optimizer": "adam",
        "patience": 0,
        "test_split": TABLE_TEST_SPLIT,
        "validation_split": _REALMLP_SPLIT,
        "budget": None,
    }


def _table_training(count: int, batch_size: int | None, patience: int) -> Training:
    """Return how a network for a table of so many rows to learn from is trained."""
    size = batch_size or 32
    steps = -(-count // size)
    if patience:
        return Training((64, 64), 0.1, min(max(_MOST_STEPS // steps, patience + 1), _MOST_EPOCHS), size)
    return Training((64, 64), 0.1, min(max(-(-_TABLE_STEPS // steps), 10), 100), size)
