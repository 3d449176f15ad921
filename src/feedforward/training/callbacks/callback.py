"""The callback: what `fit` tells, and to whom.

Nothing that a callback defines is passed over in silence: `check_callbacks` refuses what nobody would call.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ParamSpec, TypeAlias

from feedforward.attributes import check_attribute
from feedforward.errors import FormatError
from feedforward.lookup import did_you_mean
from feedforward.nn.config import is_int

__all__ = [
    "HOOKS",
    "Callback",
    "Logs",
    "Plan",
    "batches_between",
    "check_callbacks",
    "check_verbose",
    "float_of",
    "has_own",
    "looks_at_model",
    "number_of",
    "tell",
    "without_model",
]

if TYPE_CHECKING:
    from feedforward.training.model import Model

P = ParamSpec("P")
Logs: TypeAlias = dict[str, float]

_INSTEAD = {"set_model": "on_train_begin, where self.model is the model", "set_params": "self.plan"}
"""Methods that Keras calls and nobody here, and what to use instead."""

AT_THE_END = 2**62
"""As `Callback.every`: not within an epoch; its end is told by `on_epoch_end`."""


@dataclass(frozen=True)
class Plan:
    """What a call of `fit` is going to do.

    Parameters
    ----------
    epochs : int
        The epoch to stop before.
    initial_epoch : int
        The epoch to begin with, counted from 0; of training that goes on from a backup the one that was under way.
    steps : int or None
        Batches in an epoch; None where it is not known before its end.
    samples : int or None
        Samples in an epoch, if that is known.
    """

    epochs: int
    initial_epoch: int
    steps: int | None
    samples: int | None


class Callback:
    """Base of all callbacks: override what you need.

    Attributes
    ----------
    model : Model
        The model that trains. Setting its `stop_training` to True ends training after the batch under way.
    plan : Plan
        What `fit` is going to do.
    every : int or None
        After how many batches of an epoch `on_chunk_end` is called: each time after so many, and after the last. None
        cuts an epoch into at most fifty chunks, or where its batches are not counted yet, after each fiftieth.

    Notes
    -----
    Names and meanings are those of Keras. `logs` hold the loss and the metrics, means over this epoch so far; what
    begins has none. Epochs and batches are counted from 0. `evaluate`, also that of validation data, and `predict` tell
    of their begin and end alone.

    Chunks are counted in batches, not in seconds: who sets weights or the learning rate in `on_chunk_end` gets the same
    bits on every machine. Where they are cut changes no bit by itself. A callback with a method for batches makes each
    batch a chunk, some tenths of a millisecond slower than otherwise.
    """

    model: Model
    plan: Plan
    every: int | None = None
    _is_last = False
    """Whether it is told after all others."""

    def get_state(self) -> dict[str, Any]:
        """Return what this callback has to know when training goes on in another process; see `BackupAndRestore`.

        Returns
        -------
        dict of str to value
            Values that JSON holds as they are, or arrays. Asked for after all callbacks were told of a batch or epoch.
        """
        return {}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from what `get_state` returned in a process that was stopped; called after `on_train_begin`.

        Its values come from a file: look at their types before you use them.
        """
        if state:
            raise FormatError(f"the backup has a state for {type(self).__name__}, which has no set_state. Define it.")

    def __setattr__(self, name: str, value: Any) -> None:
        """Refuse what is no attribute of a callback made here; a user's may have more."""
        check_attribute(self, name)
        object.__setattr__(self, name, value)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Do something before the first epoch."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Do something before an epoch."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Do something before a batch, counted from 0 in each epoch."""

    def on_train_batch_end(self, batch: int, logs: Logs) -> None:
        """Do something after a batch: as `on_chunk_end` where `every` is 1."""

    def on_chunk_end(self, step: int, logs: Logs) -> None:
        """Do something after some batches; see `every`. The model is up to date, and may be changed.

        Parameters
        ----------
        step : int
            Batches done in this epoch.
        logs : dict
            The loss and the metrics, means over this epoch so far.
        """

    def on_look(self, step: int, logs: Logs) -> None:
        """Show something about ten times a second, by the clock: numbers as in `on_chunk_end`, but no model.

        Its weights are those of before, and must not be set: they are on their way.
        """

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Do something after an epoch; `logs` holds the means over it, those of the validation data as ``val_...``."""

    def on_train_end(self, logs: Logs) -> None:
        """Do something after the last epoch; `logs` are those of that epoch."""

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Do something before data are measured."""

    def on_test_end(self, logs: Logs) -> None:
        """Do something after data were measured."""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Do something before a prediction."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Do something after a prediction."""


HOOKS = {name: hook for name, hook in vars(Callback).items() if name.startswith("on_")}
"""What callbacks are told, by the method of `Callback`."""


def tell(callbacks: Sequence[Callback], hook: str, *what: Any) -> None:
    """Call a method of all callbacks, in their order."""
    for callback in callbacks:
        getattr(callback, hook)(*what)


def check_callbacks(callbacks: Any, caller: str) -> list[Callback]:
    """Return the callbacks that a user gave, none for None.

    Raises
    ------
    TypeError
        If they are no list of objects of `Callback`, or one has a method that looks like one of `Callback` and that
        nobody would call, or could call so.
    ValueError
        If one of them comes twice.
    """
    if not isinstance(callbacks, list | tuple | None):
        raise TypeError(
            f"{caller}: callbacks={callbacks!r}: expected a list of Callback objects. Write [MyCallback()]."
        )
    given = list(callbacks or [])
    for place, callback in enumerate(given):
        if isinstance(callback, type):
            name = callback.__name__
            raise TypeError(f"{caller}: callbacks holds the class {name}. Make an object of it: {name}().")
        if not isinstance(callback, Callback):
            raise TypeError(f"{caller}: callbacks holds {callback!r}. Give objects of classes derived from Callback.")
        if any(callback is other for other in given[:place]):
            raise ValueError(f"{caller}: callbacks holds the same {type(callback).__name__} twice. Give it once.")
        _check_hooks(callback, caller)
    return sorted(given, key=lambda callback: callback._is_last)


def _check_hooks(callback: Callback, caller: str) -> None:
    """Raise if a method of a callback is one that nobody calls, or takes other arguments than it would be given."""
    bare = {hook.replace("_", "") for hook in HOOKS}
    for name in dir(callback):
        is_meant = name.startswith("on_") or name.replace("_", "").casefold() in bare
        if is_meant and name not in HOOKS and callable(getattr(callback, name)):
            raise TypeError(
                f"{caller}: nobody calls {type(callback).__name__}.{name}. {did_you_mean(name, HOOKS)} Callbacks are"
                f" told: {', '.join(HOOKS)}. Rename a method of your own that begins with on_."
            )
        if name in _INSTEAD and callable(getattr(callback, name)):
            raise TypeError(
                f"{caller}: nobody calls {type(callback).__name__}.{name}. Use {_INSTEAD[name]}, or rename it."
            )
    if callback.every is not None and not has_own(callback, "on_chunk_end"):
        raise ValueError(
            f"{caller}: {type(callback).__name__}.every={callback.every!r} is for on_chunk_end, which it does not "
            f"define. Define it, or leave out every."
        )
    for name, hook in HOOKS.items():
        parameters = list(inspect.signature(hook).parameters.values())[1:]
        given = [parameter.name for parameter in parameters if parameter.default is parameter.empty]
        if has_own(callback, name):
            try:
                inspect.signature(getattr(callback, name)).bind(*given)
            except TypeError as error:
                is_method = name not in vars(callback)
                form = f"def {name}({', '.join(['self', *given])})" if is_method else f"lambda {', '.join(given)}: ..."
                raise TypeError(
                    f"{caller}: {type(callback).__name__}.{name} cannot be called with ({', '.join(given)}): {error}."
                    f" Write {form}."
                ) from None


def has_own(callback: Callback, hook: str) -> bool:
    """Return whether a callback overrides a method, in its class or for itself: then it is to be told."""
    return getattr(getattr(callback, hook), "__func__", None) is not HOOKS[hook]


_WITHOUT_MODEL: set[Callable[..., None]] = set()
"""Methods that look at numbers alone."""


def without_model(hook: Callable[P, None]) -> Callable[P, None]:
    """Note that a method looks at nothing but the numbers that it is given: weights need not be up to date for it."""
    _WITHOUT_MODEL.add(hook)
    return hook


def looks_at_model(callback: Callback, hook: str) -> bool:
    """Return whether a callback overrides a method, in which it may look at the model."""
    return has_own(callback, hook) and getattr(getattr(callback, hook), "__func__", None) not in _WITHOUT_MODEL


def batches_between(owner: str, name: str, freq: Any) -> int:
    """Return as `Callback.every` how often something is done, ``"epoch"`` or a number of batches.

    Raises
    ------
    ValueError
        If it is neither.
    """
    if isinstance(freq, str) and freq == "epoch":
        return AT_THE_END
    if not is_int(freq, 1):
        raise ValueError(f"{owner}({name}={freq!r}): {name} must be 'epoch' or an int >= 1. Got {freq!r}.")
    return int(freq)


def check_verbose(owner: str, verbose: Any) -> None:
    """Check whether something is to be said.

    Raises
    ------
    ValueError
        If it is neither 0 nor 1.
    """
    if verbose not in (0, 1):
        raise ValueError(f"{owner}(verbose={verbose!r}): verbose must be 0 or 1. Got {verbose!r}.")


def number_of(state: dict[str, Any], name: str) -> int:
    """Return a whole number of a state that comes from a file.

    Raises
    ------
    FormatError
        If it is none, or below 0.
    """
    value: Any = state.get(name)
    if not is_int(value, 0):
        raise FormatError(f"{name}={str(value)[:100]} of a state must be an int >= 0")
    return int(value)


def float_of(state: dict[str, Any], name: str) -> float | None:
    """Return a float, or None, of a state that comes from a file.

    Raises
    ------
    FormatError
        If it is neither.
    """
    value = state.get(name)
    if value is not None and type(value) is not float:
        raise FormatError(f"{name}={str(value)[:100]} of a state must be a float, or nothing")
    return value
