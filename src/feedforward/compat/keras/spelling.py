"""How Keras spelled arguments over the years: what Keras 1 called a setting, and what Keras 2 and we call it.

The pairs are those of ``keras/legacy/interfaces.py`` in Keras 2.2.4. Not here: what a setting means.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from feedforward.compat.version import written_for
from feedforward.lookup import did_you_mean

__all__ = ["by_name", "has_new_optimizers", "is_alone", "is_keras_1", "is_tensorflow_2", "keeps_names"]

_WORDS = {
    "output_dim": ("units",),
    "init": ("kernel_initializer", "embeddings_initializer", "alpha_initializer"),
    "W_regularizer": ("kernel_regularizer", "embeddings_regularizer"),
    "b_regularizer": ("bias_regularizer",),
    "W_constraint": ("kernel_constraint", "embeddings_constraint"),
    "b_constraint": ("bias_constraint",),
    "bias": ("use_bias",),
    "p": ("rate",),
    "nb_filter": ("filters",),
    "filter_length": ("kernel_size",),
    "subsample": ("strides",),
    "subsample_length": ("strides",),
    "border_mode": ("padding",),
    "dim_ordering": ("data_format",),
    "atrous_rate": ("dilation_rate",),
    "pool_length": ("pool_size",),
    "stride": ("strides",),
    "length": ("size",),
    "sigma": ("stddev",),
    "beta_init": ("beta_initializer",),
    "gamma_init": ("gamma_initializer",),
    "input_dtype": ("dtype",),
    "m": ("max_value",),
    "low": ("min_value",),
    "high": ("max_value",),
    "lr": ("learning_rate",),
    "nb_epoch": ("epochs",),
    "nb_classes": ("num_classes",),
    "input": ("inputs",),
    "output": ("outputs",),
    "samples_per_epoch": ("steps_per_epoch",),
    "nb_val_samples": ("validation_steps",),
    "val_samples": ("steps",),
    "nb_worker": ("workers",),
    "max_q_size": ("max_queue_size",),
    "pickle_safe": ("use_multiprocessing",),
}
"""What Keras 1 called a setting, and what Keras 2 calls it: of several the one that the thing has."""


def is_keras_1() -> bool:
    """Return whether the program was written for Keras 1."""
    return written_for().keras < (2, 0)


def is_alone() -> bool:
    """Return whether the program's Keras is the package of its own, and not the one in TensorFlow.

    From 1.13 on the one in TensorFlow went ways of its own: names, losses, statistics.
    """
    return written_for().name.startswith("keras") or written_for().tensorflow < (1, 13)


def is_tensorflow_2() -> bool:
    """Return whether the program was written for the Keras in TensorFlow 2."""
    return not is_alone() and written_for().tensorflow >= (2, 0)


def has_new_optimizers() -> bool:
    """Return whether optimizers are those that the Keras in TensorFlow has had since 1.14, with other defaults."""
    return not is_alone() and written_for().tensorflow >= (1, 14)


def keeps_names() -> bool:
    """Return whether metrics are called as the program calls them, ``accuracy`` and not ``acc``: since 2.3."""
    return written_for().keras >= (2, 3)


def by_name(
    owner: str, known: Collection[str], names: Sequence[str], args: Sequence[Any], settings: dict[str, Any]
) -> dict[str, Any]:
    """Return the arguments of a call by the names of Keras 2.

    Parameters
    ----------
    owner : str
        What messages call the thing.
    known : collection of str
        What it takes, in Keras 2's names.
    names : sequence of str
        What arguments by position are, in either's names.
    args, settings : sequence, dict
        The arguments of the call.

    Raises
    ------
    TypeError
        If there are too many, one is given twice, or it has no such argument.
    """
    if len(args) > len(names):
        raise TypeError(f"{owner}: got {len(args)} arguments by position. Expected at most {', '.join(names)}.")
    found: dict[str, Any] = {}
    for name, value in [*zip(names, args, strict=False), *settings.items()]:
        word = name if name in known else next((each for each in _WORDS.get(name, ()) if each in known), None)
        if word is None:
            raise TypeError(f"{owner}({name}={value!r:.60}): there is no such argument. {did_you_mean(name, [*known])}")
        if word in found:
            raise TypeError(f"{owner}({name}={value!r:.60}): {word} was given another value, too. Give it once.")
        found[word] = value
    return found
