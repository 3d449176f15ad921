"""Model checkpoints: the model's file, written while it trains."""

from __future__ import annotations

import os
import string
from pathlib import Path
from typing import Any

from feedforward.lookup import did_you_mean
from feedforward.nn.config import Range, check_bool, check_number
from feedforward.training.callbacks.callback import Logs, batches_between, check_verbose, float_of
from feedforward.training.callbacks.monitor import Monitor
from feedforward.training.objectives import names_of

__all__ = ["ModelCheckpoint"]


class ModelCheckpoint(Monitor):
    """Saves the model while it trains: after each epoch, each so many batches, or whenever it is the best so far.

    Parameters
    ----------
    filepath : path
        The file; ``{epoch}``, counted from 1, ``{batch}``, and the numbers in the logs, ``{val_loss:.2f}``, are filled
        in as `str.format` does it. Its folder exists. By convention it ends in ``.ff``.
    monitor, mode
        As for `Monitor`; looked at if `save_best_only`.
    verbose : {0, 1}
        1 prints a line for each file.
    save_best_only : bool
        Whether to save only what is better than all before.
    save_freq : "epoch" or int
        When: after each epoch; or after each so many batches of an epoch and its last, by the means over it so far.
    initial_value_threshold : float, optional
        What the first file must be better than.

    Attributes
    ----------
    best : float or None
        The best number so far.

    Raises
    ------
    ValueError, TypeError
        If an argument is none of these; by `fit`, if `filepath` has a name that no number has.
    FileNotFoundError
        By `fit`, if the folder is not there.
    FormatError, OSError
        By `fit`, as for `Model.save`. A file of before is then as it was.

    Notes
    -----
    A file is written whole or not at all. It holds the optimizer's state: what `feedforward.load` returns trains on. To
    go on with the history, within an epoch, and with callbacks use `BackupAndRestore`.

    As in Keras 3, which also has `save_weights_only`.

    Examples
    --------
    >>> import os, tempfile
    >>> import feedforward as ff
    >>> model = ff.Sequential([ff.Input((1,)), ff.layers.Dense(1, kernel_initializer="zeros")])
    >>> model.compile(ff.optimizers.SGD(0.25), "mean_squared_error")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     keep = ModelCheckpoint(os.path.join(folder, "{epoch:02d}-{loss:.2f}.ff"), "loss", save_best_only=True)
    ...     _ = model.fit([[-1], [1]], [-2, 2], epochs=3, verbose=0, callbacks=[keep])
    ...     print(sorted(os.listdir(folder)))
    ['01-4.00.ff', '02-1.00.ff', '03-0.25.ff']
    """

    filepath: str
    verbose: int
    save_best_only: bool
    save_freq: str | int
    initial_value_threshold: float | None
    best: float | None

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        super().__init__(monitor, mode)
        if not isinstance(filepath, str | os.PathLike) or not str(filepath):
            raise TypeError(f"ModelCheckpoint(filepath={filepath!r}): expected the name of a file.")
        check_verbose("ModelCheckpoint", verbose)
        check_bool("ModelCheckpoint", "save_best_only", save_best_only)
        self.every = batches_between("ModelCheckpoint", "save_freq", save_freq)
        if initial_value_threshold is not None:
            check_number("ModelCheckpoint", "initial_value_threshold", initial_value_threshold, Range())
            if not save_best_only:
                raise ValueError(
                    f"ModelCheckpoint(initial_value_threshold={initial_value_threshold!r}): all are saved, whatever "
                    f"their numbers. Give save_best_only=True, too."
                )
        self.filepath = os.fspath(filepath)
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_freq = save_freq
        self.initial_value_threshold = None if initial_value_threshold is None else float(initial_value_threshold)
        self.best = self.initial_value_threshold
        self._epoch = 0

    def get_state(self) -> dict[str, Any]:
        """Return the best number."""
        return {"best": self.best}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from it."""
        self.best = float_of(state, "best")
        self._epoch = self.plan.initial_epoch

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Forget an earlier training, and check the name as far as it is known."""
        self.best, self._epoch = self.initial_value_threshold, self.plan.initial_epoch
        numbers = names_of(self.model.wanted("ModelCheckpoint"))
        known = ["epoch", "batch", *numbers, *(f"val_{name}" for name in numbers)]
        try:
            fields = [field for _, field, _, _ in string.Formatter().parse(self.filepath) if field is not None]
        except ValueError as error:
            raise self._misnamed(error) from None
        for field in fields:
            if field not in known or (field == "batch" and self.save_freq == "epoch"):
                raise ValueError(
                    f"ModelCheckpoint(filepath={self.filepath!r}): nothing is called {field!r} there. "
                    f"{did_you_mean(field, [name for name in known if name != field])}"
                )
        watched = [self.monitor] if self.save_best_only else []
        late = [name for name in (*watched, *fields) if name.startswith("val_")]
        if late and self.save_freq != "epoch":
            raise ValueError(
                f"ModelCheckpoint(save_freq={self.save_freq!r}): {late[0]} is measured after epochs, and files are "
                f"written within them. Give save_freq='epoch', or a number without val_."
            )
        folder = Path(self.filepath).parent
        if "{" not in str(folder) and not folder.is_dir():
            raise FileNotFoundError(f"ModelCheckpoint: there is no folder {folder}. Make it first.")

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Remember which epoch is under way."""
        self._epoch = epoch

    def on_chunk_end(self, step: int, logs: Logs) -> None:
        """Save the model within an epoch."""
        self._save(logs, {"batch": step})

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Save the model after an epoch."""
        if self.save_freq == "epoch":
            self._save(logs, {})

    def _save(self, logs: Logs, place: dict[str, int]) -> None:
        if self.save_best_only:
            current = self.current(logs)
            if not self.is_better(current, self.best):
                return
            self.best = current
        try:
            path = self.filepath.format(**{"epoch": self._epoch + 1} | place | logs)
        except KeyError as error:
            hint = " Give fit() validation_data or validation_split." if str(error).startswith("'val_") else ""
            raise ValueError(
                f"ModelCheckpoint(filepath={self.filepath!r}): training has no number called {error}.{hint}"
            ) from None
        except (ValueError, TypeError, IndexError, AttributeError) as error:
            raise self._misnamed(error) from None
        try:
            self.model.save(path)
        except OSError as error:
            if error.errno is None:  # it says already what to do
                raise
            raise type(error)(
                f"ModelCheckpoint: {path} cannot be written: {error.strerror}. Make room, or give another file."
            ) from error
        if self.verbose:
            print(f"epoch {self._epoch + 1}: the model was saved to {path}")

    def _misnamed(self, error: Exception) -> ValueError:
        return ValueError(f"ModelCheckpoint(filepath={self.filepath!r}): {error}. Write {{epoch:02d}}.")
