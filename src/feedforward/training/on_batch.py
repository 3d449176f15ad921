"""One batch at a time, or some in one call: what a program calls that has a loop of its own and leaves the step to us.

The steps are those of `fit`, `evaluate` and `predict`, with the same bits. Not here: epochs, callbacks and progress.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, overload

import numpy as np

from feedforward.graph.node import Array
from feedforward.nn.config import check_int
from feedforward.training.data import Samples, check_data, check_order, weighed
from feedforward.training.examined import Examined
from feedforward.training.feed import Piece
from feedforward.training.loop import Loop
from feedforward.training.objectives import logs
from feedforward.training.step import Mode, Step
from feedforward.undo import all_or_nothing

if TYPE_CHECKING:
    from feedforward.nn.optimizer import Optimizer
    from feedforward.training.objectives import Objective, Objectives

__all__ = ["Numbers", "OnBatch", "Outputs", "as_numbers"]

Numbers: TypeAlias = list[float] | Any
Outputs: TypeAlias = Array | Any
"""What `evaluate` and `predict` return, for a type checker: the usual case by name, and the rare one as Any.

A number alone without metrics, a list of arrays with several outputs. A plain union of the two would have it refuse
``loss, accuracy = model.evaluate(x, y)`` and ``model.predict(x).argmax(-1)``.
"""


def as_numbers(measured: dict[str, float]) -> Numbers:
    """Return the loss alone when there is nothing else, else a list of all numbers."""
    values = list(measured.values())
    return values if len(values) > 1 else values[0]


class OnBatch(Examined):
    """A network that trains, measures and predicts one batch at a time; see `Model`."""

    _epochs_done: int

    if TYPE_CHECKING:  # what a Model has

        def wanted(self, caller: str) -> list[Objective]:
            """See `Model`."""

        def ready(self, caller: str) -> tuple[Optimizer, Objectives]:
            """See `Model`."""

        def _step(self, mode: Mode, arrays: Sequence[Array], has_weights: bool) -> Step: ...

        def _step_of(self, mode: Mode, data: Sequence[Array]) -> Step: ...

        def _keep(self, step: Step, values: Sequence[Array], epochs_done: int) -> None: ...

        def _checked_inputs(self, x: Any, caller: str) -> list[Array]: ...

        def outputs_for(self, arrays: Sequence[Array]) -> list[Array]:
            """See `Model`."""

        def _predicted(self, arrays: Sequence[Array], batches: Any) -> Outputs: ...

    @overload
    def train_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, class_weight: Any = None, *, return_dict: Literal[True]
    ) -> dict[str, float]: ...

    @overload
    def train_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, class_weight: Any = None, return_dict: bool = False
    ) -> Numbers: ...

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: dict[Any, float] | None = None,
        return_dict: bool = False,
    ) -> dict[str, float] | Numbers:
        """Make one training step on some samples, and return their loss and metrics of before it.

        Parameters
        ----------
        x, y, sample_weight, class_weight
            As for `fit`; all samples are one batch. A class that none of them has is no error.
        return_dict : bool
            Whether to return a dict by name.

        Returns
        -------
        float, list of float, or dict
            The loss alone when there is nothing else, else ``[loss, metric, ...]`` in the order of the logs.

        Raises
        ------
        ValueError, TypeError
            As for `fit`; if the optimizer is one that takes snapshots, see `SVRG`.
        NotFiniteError
            If the loss or a weight becomes NaN or infinite; the weights are then those of before.

        Notes
        -----
        Weights and optimizer are changed as by the step of `fit` for this batch, to the bit. It counts in the
        optimizer's `iterations`, and in no epoch. The numbers are those of this batch; in Keras 3 they are means over
        all batches since ``reset_metrics``.

        Examples
        --------
        >>> import feedforward as ff
        >>> model = ff.Sequential([ff.Input((1,)), ff.layers.Dense(1, kernel_initializer="zeros")])
        >>> model.compile(ff.optimizers.SGD(0.25), "mean_squared_error")
        >>> [model.train_on_batch([[-1], [1]], [-2, 2]) for _ in range(3)]
        [4.0, 1.0, 0.25]
        """
        optimizer, _ = self.ready("train_on_batch")
        optimizer.check_single_steps("train_on_batch")
        step, samples = self._batch("train", "train_on_batch", x, y, sample_weight, class_weight)
        loop, measured = self._gone_over("train_on_batch", step, samples)
        self._keep(step, loop.variables, self._epochs_done)
        return measured if return_dict else as_numbers(measured)

    def train_on_batches(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: dict[Any, float] | None = None,
        *,
        order: Any,
        batch_size: int = 32,
    ) -> dict[str, float]:
        """Make one training step for each batch of some samples, and return loss and metrics over all of them.

        The same as `train_on_batch` for ``x[order[:batch_size]]``, then for the next so many rows, and so on, to the
        bit; but the loop over the batches is machine code, too, which makes small steps many times as quick.

        Parameters
        ----------
        x, y, sample_weight, class_weight
            As for `fit`.
        order : int array, shape (m,)
            The rows in the order of their use, at least one. A row may come several times: the orders of several
            epochs, one after another, are one call.
        batch_size : int
            Rows in a batch. The last batch may be smaller.

        Returns
        -------
        dict of str to float
            The loss, and what is measured besides, by name: over the m samples, each taken when its batch was trained
            on, as the logs of an epoch.

        Raises
        ------
        ValueError, TypeError
            As for `fit`; if `order` holds no ints, has not one axis, is empty or names a row that is not there; if
            `batch_size` is no int >= 1; if the optimizer is one that takes snapshots, see `SVRG`.
        NotFiniteError
            If the loss of a batch, or a weight after it, is NaN or infinite. The weights are then those before that
            batch; `NotFiniteError.batches_done` says how many came before it.

        Notes
        -----
        After Ctrl-C weights and optimizer are those after all batches that were done. A call takes some 0.15 ms beside
        its steps. The first one with another batch size compiles a step for it, in about 0.1 s, and so does a smaller
        batch at the end; settings that are numbers, such as the learning rate, compile nothing.

        Examples
        --------
        >>> import feedforward as ff
        >>> model = ff.Sequential([ff.Input((1,)), ff.layers.Dense(1, kernel_initializer="zeros")])
        >>> model.compile(ff.optimizers.SGD(0.25), "mean_squared_error")
        >>> model.train_on_batches([[-1], [1]], [-2, 2], order=[0, 1, 0, 1, 0, 1], batch_size=2)  # of 4, 1 and 0.25
        {'loss': 1.75}
        """
        optimizer, _ = self.ready("train_on_batches")
        optimizer.check_single_steps("train_on_batches")
        check_int("train_on_batches", "batch_size", batch_size, 1)
        step, samples = self._batch("train", "train_on_batches", x, y, sample_weight, class_weight, is_whole=True)
        rows = check_order(order, samples.rows, "train_on_batches")
        loop = Loop(step.executable, step.traced.program, step.values(), samples.origins)
        try:
            totals = loop.run([Piece(samples.arrays, rows, int(batch_size))], whole="train_on_batches")
        finally:  # also what was done before a number that is not finite, or Ctrl-C
            self._keep(step, loop.finished()[0], self._epochs_done)
        return logs(self.wanted("train_on_batches"), totals, len(rows))

    @overload
    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, *, return_dict: Literal[True]
    ) -> dict[str, float]: ...

    @overload
    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Numbers: ...

    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False
    ) -> dict[str, float] | Numbers:
        """Return the loss and the metrics on some samples, computed as one batch; see `evaluate`.

        Parameters
        ----------
        x, y, sample_weight
            As for `fit`.
        return_dict : bool
            Whether to return a dict by name.

        Returns
        -------
        float, list of float, or dict
            As `train_on_batch`, of these samples alone.
        """
        batch = self._batch("test", "test_on_batch", x, y, sample_weight, None)
        measured = self._gone_over("test_on_batch", *batch)[1]
        return measured if return_dict else as_numbers(measured)

    def predict_on_batch(self, x: Any) -> Outputs:
        """Return the outputs for samples computed as one batch: the quick way for a few of them; see `predict`.

        Parameters
        ----------
        x : array, shape (n, ...), or a list of them, or a dict of them by the inputs' names
            The samples.

        Returns
        -------
        array, shape (n, ...), or a list of them
            What the network's outputs are for each sample.
        """
        network = self._network
        if (
            type(x) is np.ndarray  # not a masked one
            and network is not None
            and len(network.inputs) == 1
            and x.dtype == network.inputs[0].dtype
            and not network.is_checked
            and x.shape[1:] == network.inputs[0].shape[1:]
            and len(x)
        ):  # nothing to check and to cast
            step = self._step("predict", [x], False)
            outputs = step.executable.run([x], step.values())[0]
            return outputs if self.has_many_outputs else outputs[0]
        arrays = self._checked_inputs(x, "predict_on_batch")
        return self._predicted(arrays, [arrays])

    @all_or_nothing
    def _batch(
        self,
        mode: Mode,
        caller: str,
        x: Any,
        y: Any,
        sample_weight: Any,
        class_weight: dict[Any, float] | None,
        is_whole: bool = False,
    ) -> tuple[Step, Samples]:
        """Return the step for some samples, and these as arrays that fit it; `is_whole`: see `weigh_classes`."""
        self.ready(caller)
        samples = check_data(self, x, y, sample_weight, caller)
        if class_weight is not None:
            samples = weighed(samples, class_weight, self.wanted(caller), is_whole, caller)
        return self._step_of(mode, samples.arrays), samples

    def _gone_over(self, caller: str, step: Step, samples: Samples) -> tuple[Loop, dict[str, float]]:
        """Run a step once, and return the loop that did, with the loss and the metrics."""
        rows = samples.rows
        loop = Loop(step.executable, step.traced.program, step.values(), samples.origins)
        # A batch that is smaller than its size has code of its own only if it is one of the first: see `NativeLoop`.
        totals = loop.run([Piece(samples.arrays, np.arange(rows), rows + 1)], whole=caller)
        return loop, logs(self.wanted(caller), totals, rows)
