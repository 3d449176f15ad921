"""The model: a network with what it takes to train, measure, use and keep it.

`compile` settles optimizer, loss and metrics; `fit` traces one training step as an ordinary function on tensors,
compiles it once, and runs it over all batches. Argument names and meanings are those of Keras 3.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Iterable, Sequence
from copy import copy, deepcopy
from functools import partial
from typing import Any, Literal, Self, overload

import numpy as np

from feedforward import random
from feedforward.arrays import Origin
from feedforward.errors import ModelWarning, warn
from feedforward.execution import backend
from feedforward.graph.node import Array
from feedforward.graph.program import Program
from feedforward.nn.config import check_bool, check_int, resolve
from feedforward.nn.layer import is_loading
from feedforward.nn.optimizers import OPTIMIZERS, Optimizer
from feedforward.nn.outputs import doubt, kind_of
from feedforward.tensor import Tensor, Variable, store
from feedforward.training.callbacks import Callback, History, Plan
from feedforward.training.callbacks.backup_and_restore import backup_among
from feedforward.training.callbacks.callback import check_callbacks, tell
from feedforward.training.checkpoint import save
from feedforward.training.copying import copied, reduced, set_state
from feedforward.training.data import (
    Samples,
    as_inputs,
    check_batch_size,
    check_data,
    check_fed,
    check_finite,
    check_inputs,
    check_rows,
    check_verbose,
    split_place,
    weighed,
)
from feedforward.training.feed import (
    ArrayFeed,
    BatchFeed,
    Feed,
    as_columns,
    check_steps,
    check_unused,
    has_places,
    rows_of,
    yields_batches,
)
from feedforward.training.loop import Loop
from feedforward.training.network import MODELS, Network
from feedforward.training.objectives import Objective, Objectives, logs
from feedforward.training.on_batch import Numbers, OnBatch, Outputs, as_numbers
from feedforward.training.phases import phases
from feedforward.training.sampling import chosen, looks_at_model, order_of
from feedforward.training.step import Mode, Step, Task, make_step
from feedforward.training.trainer import Trainer
from feedforward.undo import all_or_nothing, on_error, remember

__all__ = ["Model"]

_NOT_CALLED = ("train_step", "test_step", "predict_step", "compute_loss", "make_train_function")
"""Methods by which subclasses of Keras' models change how they are trained; here they would be passed over."""


class Model(OnBatch):
    """A network made of what leads from inputs to outputs; a layer of other networks, too.

    Parameters
    ----------
    inputs : tensor or list of tensors
        What `Input` returned. Left out by a subclass that has a `call` of its own.
    outputs : tensor or list of tensors
        What was made of them by layers and operations.
    name : str, optional
        What messages and summaries call it; by default ``model``, or that and a number.

    Attributes
    ----------
    optimizer, loss, metrics
        What `compile` was given.
    trainable : bool
        Whether training changes any layer; to set it is to set that of all layers, for the next `fit`.
    metadata : dict
        What its owner wants kept in the file beside it, as JSON can hold it.
    stop_training : bool
        Set to True by a callback, or another thread, to end training after the batch under way.
    history : History or None
        The record of the last `fit`, also while it runs.

    Notes
    -----
    `copy.deepcopy`, `copy.copy` and `pickle` go by the bytes of the file that `save` writes: the copy has weights and a
    state of training of its own, and goes on with the same bits. A model with a layer that is not registered cannot be
    copied.

    Examples
    --------
    >>> import feedforward as ff
    >>> x = ff.Input((4,))
    >>> hidden = ff.layers.Dense(8, activation="relu")(x)
    >>> model = Model(x, ff.layers.Dense(3)(hidden))
    >>> model.predict(np.zeros((2, 4)), verbose=0).shape
    (2, 3)
    """

    metadata: dict[str, Any]
    stop_training: bool
    history: History | None
    seed: int

    @all_or_nothing
    def __init__(
        self,
        inputs: Tensor | Sequence[Tensor] | None = None,
        outputs: Tensor | Sequence[Tensor] | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name)
        if inputs is not None or outputs is not None or not self.has_own_call:
            self._set_network(inputs, outputs)

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, random.check_seed(value) if name == "seed" else value)

    def _take(self, network: Network) -> None:
        super()._take(network)
        self._compiled.clear()
        self._is_examined = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self.metadata = {}
        self.stop_training = False
        self.history = None
        self._optimizer: Optimizer | None = None
        self._objectives: Objectives | None = None
        self._missing: dict[str, str] = {}
        self._is_examined = False
        self._known: tuple[Objectives, Network, list[Objective]] | None = None
        self.seed = random.new_seed()
        self._epochs_done = 0
        self._compiled: dict[Hashable, Step] = {}

    @property
    def optimizer(self) -> Optimizer | None:
        """What changes the weights, as given to `compile`."""
        return self._optimizer

    @property
    def loss(self) -> Any:
        """What is made small, as given to `compile`."""
        return None if self._objectives is None or "loss" in self._missing else self._objectives.loss

    @property
    def metrics(self) -> Any:
        """What is measured besides, as given to `compile`."""
        return [] if self._objectives is None else self._objectives.metrics

    @property
    def weighted_metrics(self) -> Any:
        """What is measured with weights, as given to `compile`."""
        return [] if self._objectives is None else self._objectives.weighted_metrics

    @property
    def parameters(self) -> list[Variable]:
        """The variables that training changes unless their layer is frozen: those an optimizer keeps state for."""
        return [weight for weight in self.weights if weight.trainable]

    @all_or_nothing
    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        metrics: Sequence[Any] | dict[str, Any] | None = None,
        loss_weights: Sequence[float] | dict[str, float] | None = None,
        weighted_metrics: Sequence[Any] | dict[str, Any] | None = None,
    ) -> None:
        """Settle how the model is trained.

        Parameters
        ----------
        optimizer : str or Optimizer
            What changes the weights.
        loss : str, Loss, or function
            What is made small. A function takes targets and predictions, as tensors of one dtype, and returns a number
            for each sample, or several of which the mean counts; a file does not hold it, see `save`.
        metrics : list of str, Metric, Loss or function
            What is measured besides; ``"accuracy"`` means the one that fits the loss, the name of a loss its mean. A
            function takes targets and predictions, and returns numbers for each sample, of which the mean counts.
        loss_weights : list or dict of float, optional
            What the losses of several outputs count in their sum; 1 each by default.
        weighted_metrics : list of str, Metric, Loss or function
            What is measured with the weights of samples and classes, too; a name that `metrics` has gets ``weighted_``
            before it.

        Raises
        ------
        ValueError, TypeError
            If one of them is unknown, or they do not fit the outputs.

        Warns
        -----
        ModelWarning
            If the outputs are not what the loss takes them for: probabilities given as logits, or the reverse, a
            softmax of one unit, sigmoid where one class is right. While the input's shape is not known, by the first
            `fit` or `evaluate`.

        Notes
        -----
        With several outputs, `loss` is one for all of them, a list with one for each, or a dict by their names, see
        `output_names`; an output whose loss is None, or left out, is not trained. `metrics` is a list with a list for
        each output, or a dict by their names. Logs then hold ``loss``, the weighted sum; ``<output>_loss``; and
        ``<output>_<metric>``.
        """
        for method in _NOT_CALLED:
            if hasattr(self, method):
                raise TypeError(
                    f"compile: nobody calls {type(self).__name__}.{method}. Give compile a loss of your own, or train "
                    f"with a GradientTape and optimizer.apply_gradients."
                )
        new_optimizer = resolve(OPTIMIZERS, optimizer)
        objectives = Objectives.chosen(loss, metrics, loss_weights, weighted_metrics)
        if self._network is not None:
            self._wanted(objectives)
        remember(self)
        self._missing = {}
        self._optimizer, self._objectives = new_optimizer, objectives
        self._compiled.clear()
        self._is_examined = is_loading()  # who made the file was told
        self._examine()

    def _examine(self) -> None:
        """Warn, once, if the loss takes the outputs for what they are not."""
        if self._is_examined or self._network is None:
            return
        for node, objective in zip(self._network.outputs, self.wanted("compile"), strict=True):
            reason = None if objective.loss is None else doubt(kind_of(node), objective.loss)
            if reason is not None:
                warn(f"compile: {reason}", ModelWarning)
        self._is_examined = True

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: str | int = "auto",
        callbacks: Sequence[Callback] | None = None,
        validation_split: float = 0.0,
        validation_data: tuple[Any, ...] | None = None,
        shuffle: bool = True,
        class_weight: dict[Any, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        sampler: Any = None,
    ) -> History:
        """Train the model.

        Parameters
        ----------
        x : array, shape (n, ...), a list or a dict of them by the inputs' names, or what yields batches
            The samples, also a frame of pandas or polars, an Arrow table or a tensor of PyTorch; integers are kept as
            they are and cast batch by batch. Where an input takes one number, shape (n,) will do for (n, 1). A file
            mapped by ``np.load(path, mmap_mode="r")`` is never held in memory. Batches, ``(x, y)`` or ``(x, y,
            sample_weight)``, are yielded by a generator; a function that returns one, for each epoch anew; an iterable
            such as a DataLoader; or something with a length and places, such as a Keras Sequence.
        y : array, shape (n, ...), or a list or dict of them
            The targets; with several outputs one for each, or a dict by their names.
        batch_size : int, optional
            Samples in a batch; 32 by default. The last batch of an epoch may be smaller.
        epochs : int
            The epoch to stop before, counted from 0.
        verbose : {"auto", 0, 1, 2}
            0 silent, 1 a progress bar, 2 a line an epoch; "auto" is 1.
        callbacks : list of Callback, optional
            Who is told, and may stop it.
        validation_split : float
            The share of the samples, from the end, that is not trained on but measured after each epoch.
        validation_data : (x, y) or (x, y, sample_weight), or what yields batches; optional
            What is measured after each epoch instead.
        shuffle : bool
            Whether each epoch has an order of its own: of the samples, or of the batches that have places.
        class_weight : dict of int to float, optional
            What the samples of each class weigh in training, 1 by default; what is measured is not weighed by it.
        sample_weight : array, shape (n,) or (n, 1), optional
            What each sample weighs, at least 0; with several outputs in the loss of each.
        initial_epoch : int
            The epoch to begin with.
        steps_per_epoch : int, optional
            Batches in an epoch, which then begins where the last one ended; by default all there are.
        validation_steps : int, optional
            Batches that are measured after each epoch, from the first on; by default all there are.
        sampler : str or Sampler, optional
            In which order samples are taken, and how often: "interleaved", "hardest_first", ``sampling.Weighted(...)``;
            by default "shuffled".

        Returns
        -------
        History
            ``history.history["loss"]`` and so on: one number an epoch.

        Raises
        ------
        ValueError, TypeError
            If the model is not compiled, or an argument is out of range, or data do not fit the network. What a
            generator raises comes through as it is.
        DataError
            If a sample is not finite, and what the network makes of it is not: before training, by row and column.
        NotFiniteError
            If the loss or a weight becomes NaN or infinite; the weights are then those before that batch.

        Notes
        -----
        The loss of an epoch is the mean over its samples, each taken when its batch was trained on.

        After Ctrl-C, or another exception, weights and optimizer are those after the same number of batches: all that
        were done. An epoch counts from its last batch on. So the next fit goes on with the order of the following
        epoch, or, where some batches were missing, goes once more through all of this one, in its order. A `History`
        holds the epochs whose validation was finished, too.

        Where no callback, validation, generator or sampler of yours can look at the model between two epochs, short
        ones follow each other without a stop: another thread then finds weights of up to 0.05 s ago.

        Examples
        --------
        >>> import feedforward as ff
        >>> model = ff.Sequential([ff.Input((1,)), ff.layers.Dense(1, kernel_initializer="zeros")])
        >>> model.compile(ff.optimizers.SGD(0.25), "mean_squared_error")
        >>> history = model.fit([[-1], [1]], [-2, 2], epochs=3, verbose=0)
        >>> history.history["loss"]
        [4.0, 1.0, 0.25]
        """
        self.ready("fit")
        for name, number, least in (("epochs", epochs, 1), ("initial_epoch", initial_epoch, 0)):
            check_int("fit", name, number, least)
        check_bool("fit", "shuffle", bool(shuffle) if isinstance(shuffle, int | np.bool_) else shuffle)
        if validation_split and validation_data is not None:
            raise ValueError(
                f"fit: validation_split={validation_split!r} and validation_data were both given. Give one of them."
            )
        progress = self._progress(verbose)
        told = check_callbacks(callbacks, "fit")
        step, feed, origins, measure = self._prepare(
            x,
            y,
            batch_size,
            validation_split,
            validation_data,
            shuffle,
            class_weight,
            sample_weight,
            check_steps("fit", "steps_per_epoch", steps_per_epoch),
            check_steps("fit", "validation_steps", validation_steps),
            told,
            epochs,
            sampler,
        )
        history, backup = History(), backup_among(told)
        self.history = copy(history)  # shares the numbers, not the model, which would then hold itself in memory
        listeners = [history, *progress, *phases(self, feed, origins), *told]
        begin = initial_epoch if backup is None else backup.begin_with(initial_epoch)
        plan = Plan(epochs, begin, feed.steps, feed.samples)
        for listener in listeners:
            listener.model, listener.plan = self, plan
        self.stop_training = False
        Trainer(
            step,
            feed,
            origins,
            plan,
            listeners,
            epochs_done=lambda: self._epochs_done,
            keep=partial(self._keep, step),
            logs=partial(logs, self.wanted("fit")),
            measure=measure,
            is_stopped=lambda: self.stop_training,
        ).train()
        return history

    @all_or_nothing
    def _prepare(
        self,
        x: Any,
        y: Any,
        batch_size: int | None,
        validation_split: float,
        validation_data: Any,
        shuffle: bool,
        class_weight: dict[Any, float] | None,
        sample_weight: Any,
        steps: int | None,
        validation_steps: int | None,
        told: Sequence[Callback],
        epochs: int,
        sampler: Any,
    ) -> tuple[Step, Feed, Sequence[Origin], Callable[[], dict[str, float]] | None]:
        """Return the compiled step of `fit`, what brings its batches, and what measures the model after each epoch."""
        backup = backup_among(told)
        if backup is not None:
            backup.open(self, epochs)
        feed: Feed
        test: tuple[Step, Feed, Sequence[Origin]] | None = None
        held_out: Samples | None = None
        if yields_batches(x):
            split = validation_split or None
            unused = {"y": y, "sample_weight": sample_weight, "batch_size": batch_size, "sampler": sampler}
            check_unused("fit", **unused, validation_split=split)
            order = partial(self._order, len(x), shuffle) if has_places(x) else None
            first = self._epochs_done if backup is None else backup.first_turn
            feed = batches = BatchFeed(x, partial(self._read, "fit", class_weight), "fit", steps, order, first)
            data, origins = batches.begin(self._epochs_done), []
        else:
            batch_size, sampled = check_batch_size(batch_size, "fit"), chosen(sampler, shuffle, steps)
            samples = training = check_finite(self, check_data(self, x, y, sample_weight, "fit"), "fit")
            if class_weight is not None:
                training = weighed(samples, class_weight, self.wanted("fit"))
            if validation_data is None and validation_split:
                cut = split_place(samples.rows, validation_split)
                held_out = samples.part(cut, samples.rows)  # which no class weighs
                training = training.part(0, cut)
            data, origins = training.arrays, training.origins
            by = order_of(sampled, training, samples.rows, self)
            is_measured = sampled is not None and sampled.is_measured
            feed = ArrayFeed(data, batch_size, by, steps, is_measured, looks_at_model(sampled))
        measure = None
        if validation_steps is not None and held_out is None and validation_data is None:
            raise ValueError(
                f"fit: validation_steps={validation_steps} was given without validation. Give validation_data, too."
            )
        if held_out is not None:
            if validation_steps is not None:
                size = check_batch_size(batch_size, "fit")
                held_out = held_out.part(0, rows_of(validation_steps, held_out.rows, size, "fit: validation"))
            test = self._samples_feed(held_out, check_batch_size(batch_size, "fit"))
            measure = partial(self._measure, *test, told, "the validation")
        elif validation_data is not None:
            measured = (validation_data, None, None)
            if not yields_batches(validation_data):
                if not isinstance(validation_data, list | tuple) or len(validation_data) not in (2, 3):
                    raise ValueError("fit: validation_data is no pair. Give (x, y) or (x, y, sample_weight).")
                measured = (*validation_data, None)[:3]
            test = self._test_feed("fit: validation", *measured, batch_size, validation_steps)
            measure = partial(self._measure, *test, told, "the validation")
        step = self._step_of("train", data)
        if backup is not None:
            backup.compare(self, step, feed, None if test is None else test[1], told)
        return step, feed, origins, measure

    def _read(self, caller: str, class_weight: dict[Any, float] | None, batch: Any) -> list[Array]:
        """Return the arrays of a batch that something yielded."""
        samples = check_data(self, *as_columns(batch, caller), caller)
        if class_weight is not None:
            samples = weighed(samples, class_weight, self.wanted(caller), is_whole=False)
        return samples.arrays

    @overload
    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: str | int = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        *,
        return_dict: Literal[True],
        callbacks: Sequence[Callback] | None = None,
    ) -> dict[str, float]: ...

    @overload
    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: str | int = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        return_dict: bool = False,
        callbacks: Sequence[Callback] | None = None,
    ) -> Numbers: ...

    @all_or_nothing
    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: str | int = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        return_dict: bool = False,
        callbacks: Sequence[Callback] | None = None,
    ) -> dict[str, float] | Numbers:
        """Return the loss and the metrics on data, means over the samples.

        Parameters
        ----------
        x, y, batch_size, sample_weight
            As for `fit`.
        verbose : {"auto", 0, 1, 2}
            0 silent, otherwise one line.
        steps : int, optional
            How many batches to measure; all there are by default.
        return_dict : bool
            Whether to return a dict by name.
        callbacks : list of Callback, optional
            Who is told of begin and end.

        Returns
        -------
        float, list of float, or dict
            The loss alone when there is nothing else, else ``[loss, metric, ...]`` in the order of the logs.

        Raises
        ------
        ValueError, TypeError
            As for `fit`.
        NotFiniteError
            If the loss is NaN or infinite; names the data, or the operation and its layer.
        """
        self.ready("evaluate")
        check_verbose(verbose)
        told = self._told(callbacks, "evaluate")
        steps = check_steps("evaluate", "steps", steps)
        measured = self._measure(
            *self._test_feed("evaluate", x, y, sample_weight, batch_size, steps), told, "the evaluation"
        )
        if verbose in ("auto", 1, 2):
            print(" - ".join(f"{key}: {value:.4f}" for key, value in measured.items()))
        return measured if return_dict else as_numbers(measured)

    @all_or_nothing
    def _test_feed(
        self, caller: str, x: Any, y: Any, sample_weight: Any, batch_size: int | None, steps: int | None
    ) -> tuple[Step, Feed, Sequence[Origin]]:
        """Return the step that measures, what brings it the batches, and what messages call their cells."""
        if yields_batches(x):
            if caller == "evaluate":
                check_unused(caller, y=y, sample_weight=sample_weight, batch_size=batch_size)
            feed = BatchFeed(x, partial(self._read, caller, None), caller, steps)
            return self._step_of("test", feed.begin(0)), feed, []
        batch_size = check_batch_size(batch_size, caller)
        samples = check_finite(self, check_data(self, x, y, sample_weight, caller), caller)
        count = samples.rows if steps is None else rows_of(steps, samples.rows, batch_size, caller)
        return self._samples_feed(samples.part(0, count), batch_size)

    def _samples_feed(self, samples: Samples, batch_size: int) -> tuple[Step, Feed, Sequence[Origin]]:
        """Return the same for samples."""
        feed = ArrayFeed(samples.arrays, batch_size, lambda turn: np.arange(samples.rows))
        return self._step_of("test", samples.arrays), feed, samples.origins

    def _measure(
        self, step: Step, feed: Feed, origins: Sequence[Origin], told: Sequence[Callback], whole: str
    ) -> dict[str, float]:
        """Return the means of loss and metrics; `whole` is what messages call the samples."""
        loop = Loop(step.executable, step.traced.program, step.values(), origins)
        tell(told, "on_test_begin")
        totals = loop.run(feed.pieces(0), whole=whole)
        measured = logs(self.wanted("evaluate"), totals, loop.samples)
        tell(told, "on_test_end", measured)
        return measured

    @all_or_nothing
    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: str | int = "auto",
        steps: int | None = None,
        callbacks: Sequence[Callback] | None = None,
    ) -> Outputs:
        """Return the outputs for data.

        Parameters
        ----------
        x : array, shape (n, ...), a list or a dict of them by the inputs' names, or what yields batches
            The samples; of a batch ``(x, y)``, as `fit` takes it, only x.
        batch_size : int, optional
            Samples computed at a time; 1,024 by default.
        verbose
            Taken for the sake of Keras programs; nothing is printed.
        steps : int, optional
            How many batches to predict; all there are by default.
        callbacks : list of Callback, optional
            Who is told of begin and end.

        Returns
        -------
        array, shape (n, ...), or a list of them
            What the network's outputs are for each sample.
        """
        check_verbose(verbose)
        told, steps = self._told(callbacks, "predict"), check_steps("predict", "steps", steps)
        batches: Iterable[Sequence[Array]]
        if yields_batches(x):
            check_unused("predict", batch_size=batch_size)
            feed = BatchFeed(x, self._read_inputs, "predict", steps)
            arrays = feed.begin(0)
            batches = (piece.arrays for piece in feed.pieces(0))
        else:
            size = 1024 if batch_size is None else check_batch_size(batch_size, "predict")
            arrays = self._checked_inputs(x, "predict")
            if steps is not None:
                count = rows_of(steps, len(arrays[0]), size, "predict")
                arrays = [array[:count] for array in arrays]
            batches = (
                [array[start : start + size] for array in arrays] for start in range(0, len(arrays[0]) or 1, size)
            )
        tell(told, "on_predict_begin")
        outputs = self._predicted(arrays, batches)
        tell(told, "on_predict_end")
        return outputs

    def _predicted(self, arrays: Sequence[Array], batches: Iterable[Sequence[Array]]) -> Outputs:
        """Return the outputs for batches of arrays such as these."""
        step = self._step("predict", arrays, False)
        values = step.values()
        parts = [step.executable.run(batch, values)[0] for batch in batches]
        outputs = [part[0] if len(part) == 1 else np.concatenate(part) for part in zip(*parts, strict=True)]
        return outputs if self.has_many_outputs else outputs[0]

    def outputs_for(self, arrays: Sequence[Array]) -> list[Array]:
        """Return each output for samples that fit the network already, computed as `predict` does."""
        batches = ([array[start : start + 1024] for array in arrays] for start in range(0, len(arrays[0]), 1024))
        outputs: Any = self._predicted(arrays, batches)
        return list(outputs) if self.has_many_outputs else [outputs]

    def losses_for(self, samples: Samples) -> Array:
        """Return the loss of each sample, shape (n,) in float64, as `evaluate` has it; no sample weighs more."""
        arrays = [*samples.inputs, *samples.targets.values()]
        step = self._step("losses", arrays, False)
        values, starts = step.values(), range(0, max(samples.rows, 1), 1024)
        parts = [step.executable.run([array[k : k + 1024] for array in arrays], values)[0][0] for k in starts]
        return np.concatenate(parts).astype(np.float64)

    def _read_inputs(self, batch: Any) -> list[Array]:
        """Return the arrays to predict of a batch that something yielded."""
        x = as_columns(batch, "predict")[0] if isinstance(batch, tuple | list) else batch
        return self._checked_inputs(x, "predict")

    def _checked_inputs(self, x: Any, caller: str) -> list[Array]:
        """Return samples to predict as arrays that fit the network."""
        given = as_inputs(self, x, caller)
        if not self.is_described:
            self.build_for(list(given.values()))
            given = as_inputs(self, x, caller)  # in the dtype that is known now
        self.network.check_outputs(caller)
        arrays = check_inputs(list(given.values()), self.network.inputs, caller)
        check_fed(self, arrays, x, caller)
        if len(arrays) > 1 and len(arrays[0]):
            check_rows(dict(zip(given, arrays, strict=True)), caller)
        return arrays

    def traced(self, mode: Mode, arrays: Sequence[Array]) -> Program:
        """Return the program of a step (``"train"``, ``"test"``, ``"predict"``) for data of these shapes and dtypes."""
        return self._step(mode, arrays, False).traced.program

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model to one file: its network, weights, and what it was compiled with, state of training included.

        Parameters
        ----------
        path : path
            The file; by convention its name ends in ``.ff``. It is replaced all at once or not at all.

        Raises
        ------
        FormatError
            If something in the network cannot be kept in a file, such as a layer that is not registered.

        Notes
        -----
        A loss that is a function, and any loss, metric or optimizer whose class is not registered, is left out, with a
        warning. The model that is loaded predicts; compile it again before `fit` or `evaluate`:
        ``model.compile(model.optimizer, my_loss)`` goes on where training stopped.
        """
        save(self, path)

    def __copy__(self) -> Self:
        """Return what `copy.deepcopy` does: two models that share weights would train each other."""
        return deepcopy(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Return a model of its own, which goes on with the same bits."""
        return copied(self, memo)

    def __reduce__(self) -> tuple[Any, ...]:
        """Let pickles hold the bytes of its file, and what no file holds."""
        return reduced(self)

    def __setstate__(self, state: dict[str, Any]) -> None:
        set_state(self, state)

    def wanted(self, caller: str) -> list[Objective]:
        """Return what is wanted of each output; ValueError, which names `caller`, when the model is not compiled."""
        objectives = self.ready(caller)[1]
        if self._known is None or self._known[0] is not objectives or self._known[1] is not self.network:
            self._known = (objectives, self.network, self._wanted(objectives))
        return self._known[2]

    def _wanted(self, objectives: Objectives) -> list[Objective]:
        return objectives.of(self.output_names, [node.shape for node in self.network.outputs])

    def ready(self, caller: str) -> tuple[Optimizer, Objectives]:
        """Return optimizer and objectives; ValueError, which names `caller`, when the model is not compiled."""
        if self._missing:
            what = ", ".join(f"{name} ({thing})" for name, thing in self._missing.items())
            again = ", ".join(f"{name}=..." for name in self._missing)
            parts = ["optimizer", "loss", "metrics", *(["weighted_metrics"] if self.weighted_metrics else [])]
            kept = [f"{name}=model.{name}" for name in parts if name not in self._missing]
            raise ValueError(
                f"{caller}: the model was saved without its {what}. Compile it again with {again}"
                f"{', and with ' if kept else ''}{', '.join(kept)} to go on as before."
            )
        if self._optimizer is None or self._objectives is None:
            raise ValueError(f"{caller}: the model is not compiled. Call compile(optimizer, loss, metrics) first.")
        return self._optimizer, self._objectives

    @property
    def is_compiled(self) -> bool:
        """Whether it has all that `fit` and `evaluate` need; a model from a file may lack a part."""
        return self.optimizer is not None and self.loss is not None and not self._missing

    @all_or_nothing
    def _keep(self, step: Step, values: Sequence[Array], epochs_done: int) -> None:
        """Let the variables of a step hold what they are at a cut, and count the epochs that are done with it."""
        on_error(partial(setattr, self, "_epochs_done", self._epochs_done))
        # Not those that a step only reads: another thread, a slider's, may have set the learning rate meanwhile.
        updated = len(step.traced.program.updates)
        store(step.traced.variables[:updated], values[:updated])
        self._epochs_done = epochs_done

    def _order(self, count: int, shuffle: bool, turn: int) -> Array:
        """Return the order in which so many samples, or batches, are gone through after so many epochs."""
        return random.order(count, self.seed, turn) if shuffle else np.arange(count)

    def _told(self, callbacks: Any, caller: str) -> list[Callback]:
        """Return the callbacks that a user gave, which know the model."""
        told = check_callbacks(callbacks, caller)
        for callback in told:
            callback.model = self
        return told

    def _progress(self, verbose: str | int) -> list[Callback]:
        check_verbose(verbose)
        if verbose == 0:
            return []
        from feedforward.training.progress import Progress

        return [Progress(verbose)]

    def _step_of(self, mode: Mode, data: Sequence[Array]) -> Step:
        """Return the compiled step for inputs, targets and, if there are any, weights of the samples."""
        count = len(self.network.inputs) + sum(objective.has_targets for objective in self.wanted(mode))
        return self._step(mode, data[:count], len(data) > count)

    def _step(self, mode: Mode, arrays: Sequence[Array], has_weights: bool) -> Step:
        """Return the compiled step of a mode for data of these dtypes, traced when it is first needed."""
        trained: tuple[Hashable, ...] = ()
        if mode == "train":  # what is frozen computes otherwise, see `BatchNormalization`, whatever weights it has
            trained = (*map(id, self.trainable_weights), *(layer.trainable for layer in self.all_layers()))
        data = tuple([(array.dtype, array.shape[1:]) for array in arrays])
        key = (mode, has_weights, data, trained, self.seed, type(backend()))
        if key not in self._compiled:
            if mode != "predict":
                self._examine()
            on_error(partial(self._compiled.pop, key, None))  # it holds weights that may be undone
            wanted = () if mode == "predict" else self.wanted(mode)
            task = Task(self, self.network, wanted, self.optimizer, self.seed)
            self._compiled[key] = make_step(task, mode, arrays, has_weights)
        return self._compiled[key]


MODELS.register("Model")(Model)  # no decorator: a type checker would take the class for anything
