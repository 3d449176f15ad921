"""The history: the numbers of each epoch, as `fit` returns them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from feedforward.errors import FormatError
from feedforward.figures import new_figure, new_frame
from feedforward.training.callbacks.callback import Callback, Logs, without_model
from feedforward.training.summary import counted, history_html, history_text, number_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["History"]


class History(Callback):
    """The record of training that `fit` returns.

    Attributes
    ----------
    history : dict of str to list of float
        For the loss and each metric, one number an epoch; nats per sample for a cross-entropy.
    epoch : list of int
        The epochs, counted from 0.

    Examples
    --------
    >>> history = History()
    >>> history.on_epoch_end(0, {"loss": 2.0})
    >>> history.on_epoch_end(1, {"loss": 0.5})
    >>> print(history)
    epoch    loss
        1  2.0000
        2  0.5000
    """

    history: dict[str, list[float]]
    epoch: list[int]

    def __init__(self) -> None:
        self.history = {}
        self.epoch = []

    def __getstate__(self) -> dict[str, object]:
        """Let copies and pickles hold the numbers, without the model."""
        return {"history": self.history, "epoch": self.epoch}

    def __str__(self) -> str:
        """Return a table with a row for each epoch."""
        return history_text(self.epoch, self.history)

    def __repr__(self) -> str:
        last = (f"{name} {number_text(values[-1])}" for name, values in self.history.items() if values)
        numbers = ", ".join(last)
        return f"<History: {counted(len(self.epoch), 'epoch')}{f', at the end {numbers}' if numbers else ''}>"

    def _repr_html_(self) -> str:
        """Return the table for a notebook."""
        return history_html(self.epoch, self.history)

    def to_frame(self) -> Any:
        """Return the numbers as a data frame, with a row for each epoch.

        Returns
        -------
        pandas.DataFrame or polars.DataFrame
            The columns ``epoch``, counted from 0, and those of `history`. Of pandas, or if that is not installed, of
            polars.

        Raises
        ------
        ImportError
            If neither is installed.
        """
        return new_frame("to_frame", {"epoch": self.epoch, **self.history})

    def plot(self) -> Figure:
        """Return a figure with a curve for each number over the epochs, counted from 1.

        Returns
        -------
        matplotlib.figure.Figure
            With axes for the loss and for each metric; those of the validation data are dashed.

        Raises
        ------
        ImportError
            If Matplotlib is missing.
        ValueError
            If there is no epoch.

        Notes
        -----
        ``history.plot().savefig("curves.png")`` keeps it; in a notebook it is shown; elsewhere
        ``matplotlib.pyplot.show()`` shows it.
        """
        if not self.epoch:
            raise ValueError("plot: the history has no epoch yet. Train first.")
        names = list(dict.fromkeys(name.removeprefix("val_") for name in self.history))
        figure, all_axes = new_figure("plot", 1, len(names), (4.5 * len(names), 3.5))
        epochs = [epoch + 1 for epoch in self.epoch]
        for name, axes in zip(names, all_axes[0], strict=True):
            for shown, style, label in ((name, "-", "training"), (f"val_{name}", "--", "validation")):
                if shown in self.history:
                    axes.plot(epochs, self.history[shown], style, marker="." if len(epochs) == 1 else "", label=label)
            axes.set(xlabel="epoch", title=name)
            axes.legend()
        return figure  # type: ignore[no-any-return]

    def get_state(self) -> dict[str, Any]:
        """Return all numbers, as arrays."""
        numbers = {f"of/{name}": np.array(values, np.float64) for name, values in self.history.items()}
        return {"epoch": np.array(self.epoch, np.int64), **numbers}

    def set_state(self, state: dict[str, Any]) -> None:
        """Take the numbers over."""
        for name, values in state.items():
            dtype = np.dtype(np.int64 if name == "epoch" else np.float64)
            if not isinstance(values, np.ndarray) or values.ndim != 1 or values.dtype != dtype:
                raise FormatError(f"{name!r} of the history is no list of numbers")
        self.epoch[:] = state["epoch"].tolist()
        self.history.clear()  # not another dict: the model has this one, too
        self.history.update({name[3:]: values.tolist() for name, values in state.items() if name != "epoch"})

    @without_model
    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Add the epoch's numbers, all or, whenever Ctrl-C comes, none."""
        before = {key: len(values) for key, values in self.history.items()}
        epochs = len(self.epoch)
        try:
            for key, value in logs.items():
                self.history.setdefault(key, []).append(value)
            self.epoch.append(epoch)
        except BaseException:
            del self.epoch[epochs:]
            for key in [*self.history]:
                del self.history[key][before.get(key, 0) :]
                if key not in before:
                    del self.history[key]
            raise
