"""The model: a network with what it takes to train, measure, use and keep it.

`compile` settles optimizer, loss and metrics; `fit` traces one training step as an ordinary function on tensors,
compiles it once, and runs it over all batches. Argument names and meanings are those of Keras 3.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Iterable, Sequence
from copy import copy
from functools import partial
from typing import Any, Literal, TypeAlias, overload

import numpy as np

from feedforward import random
from feedforward.execution import backend
from feedforward.graph.node import Array
from feedforward.graph.program import Program
from feedforward.nn.config import check_int, resolve
from feedforward.nn.layer import Layer, as_tensor, set_weights
from feedforward.nn.losses import Loss
from feedforward.nn.metrics import Metric
from feedforward.nn.optimizers import OPTIMIZERS, Optimizer
from feedforward.tensor import Tensor, Variable, store
from feedforward.training.callbacks import Callback, History, Plan
from feedforward.training.data import (
    as_data,
    as_list,
    check_batch_size,
    check_data,
    check_inputs,
    check_rows,
    check_verbose,
    split_off,
    weigh_classes,
)
from feedforward.training.feed import (
    ArrayFeed,
    BatchFeed,
    Feed,
    as_columns,
    check_steps,
    check_unused,
    first_batches,
    has_places,
    yields_batches,
)
from feedforward.training.loop import Loop
from feedforward.training.network import Network
from feedforward.training.objectives import Objectives
from feedforward.training.step import Mode, Step, make_step
from feedforward.training.summary import counted, summary_html, summary_text
from feedforward.training.trainer import Trainer
from feedforward.undo import all_or_nothing, on_error, remember

__all__ = ["Numbers", "Outputs", "Tensors", "Model"]

Numbers: TypeAlias = list[float] | Any
Outputs: TypeAlias = Array | Any
Tensors: TypeAlias = Tensor | Any
"""What `evaluate`, `predict` and a call return, for a type checker: the usual case by name, and the rare one as Any.

A number alone without metrics, a list of arrays or tensors with several outputs. A plain union of the two would have it
refuse ``loss, accuracy = model.evaluate(x, y)`` and ``model.predict(x).argmax(-1)``.
"""


class Model:
    """A network made of what leads from inputs to outputs.

    Parameters
    ----------
    inputs : tensor or list of tensors
        What `Input` returned.
    outputs : tensor or list of tensors
        What was made of them by layers and operations.
    name : str
        What messages and summaries call it.

    Attributes
    ----------
    layers : list of Layer
        Its layers, in the order of their calls.
    optimizer, loss, metrics
        What `compile` was given.
    metadata : dict
        What its owner wants kept in the file beside it, as JSON can hold it.
    stop_training : bool
        Set to True by a callback, or another thread, to end training after the batch under way.
    history : History or None
        The record of the last `fit`, also while it runs.

    Examples
    --------
    >>> import feedforward as ff
    >>> x = ff.Input((4,))
    >>> hidden = ff.layers.Dense(8, activation="relu")(x)
    >>> model = Model(x, ff.layers.Dense(3)(hidden))
    >>> model.predict(np.zeros((2, 4)), verbose=0).shape
    (2, 3)
    """

    @all_or_nothing
    def __init__(
        self, inputs: Tensor | Sequence[Tensor], outputs: Tensor | Sequence[Tensor], name: str = "model"
    ) -> None:
        self._set_up(name)
        self._set_network(inputs, outputs)

    def _set_up(self, name: str) -> None:
        self.name = name
        self.metadata: dict[str, Any] = {}
        self.stop_training = False
        self.history: History | None = None
        self.optimizer: Optimizer | None = None
        self.objectives: Objectives | None = None
        self._network: Network | None = None
        self._has_many_outputs = False
        self.seed = random.new_seed()
        self._epochs_done = 0
        self._compiled: dict[Hashable, Step] = {}

    def _set_network(self, inputs: Any, outputs: Any) -> None:
        for word, value in (("inputs", inputs), ("outputs", outputs)):
            for tensor in value if isinstance(value, list | tuple) else [value]:
                if not isinstance(tensor, Tensor) or not tensor.is_symbolic:
                    raise TypeError(f"Model({word}={tensor!r}): give what Input() or a layer called on it returned.")
        self._has_many_outputs = isinstance(outputs, list | tuple)
        self._network = Network(as_list(inputs), as_list(outputs))
        self._compiled.clear()

    @property
    def network(self) -> Network:
        """The description of the network.

        Raises
        ------
        ValueError
            If it is not known yet what the input's shape is.
        """
        if self._network is None:
            raise ValueError(
                f"{self.name} has no layers, or does not know its input's shape yet. Begin it with Input(shape), then "
                f"layers; or fit it."
            )
        return self._network

    @property
    def layers(self) -> list[Layer]:
        """The layers, in the order of their calls."""
        return list(self.network.layers)

    @property
    def weights(self) -> list[Variable]:
        """The variables of all layers."""
        return list(dict.fromkeys(weight for layer in self.layers for weight in layer.weights))

    @property
    def trainable_weights(self) -> list[Variable]:
        """The variables that training changes."""
        return list(dict.fromkeys(weight for layer in self.layers for weight in layer.trainable_weights))

    @property
    def parameters(self) -> list[Variable]:
        """The variables that training changes unless their layer is frozen: those an optimizer keeps state for."""
        return [weight for weight in self.weights if weight.trainable]

    def get_weights(self) -> list[Array]:
        """Return copies of the values of `weights`."""
        return [np.array(weight.numpy()) for weight in self.weights]

    def set_weights(self, values: Sequence[Any]) -> None:
        """Give `weights` new values; see `Layer.set_weights`."""
        set_weights(self.name, self.weights, values)

    def count_params(self) -> int:
        """Return the number of elements of all weights."""
        return sum(weight.size for weight in self.weights)

    def get_layer(self, name: str) -> Layer:
        """Return the layer called `name`.

        Raises
        ------
        ValueError
            If there is none.
        """
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise ValueError(f"no layer {name!r}. The layers are {', '.join(str(layer.name) for layer in self.layers)}.")

    def summary(self, print_fn: Callable[[str], object] = print) -> None:
        """Print a table of the layers, their output shapes and numbers of parameters.

        Parameters
        ----------
        print_fn : callable
            What to print with.
        """
        print_fn(summary_text(self.name, self.network))

    def __str__(self) -> str:
        """Return the summary; before the input's shape is known, what `repr` says."""
        return repr(self) if self._network is None else summary_text(self.name, self._network)

    def __repr__(self) -> str:
        size = "input shape not known yet" if self._network is None else counted(self.count_params(), "parameter")
        return f"<{type(self).__name__} {self.name!r}: {counted(len(self.layers), 'layer')}, {size}>"

    def _repr_html_(self) -> str | None:
        """Return the summary for a notebook; None lets it show the text."""
        return None if self._network is None else summary_html(self.name, self._network)

    def __call__(self, x: Any, training: bool = False) -> Tensors:
        """Return the outputs for tensors, to compute with; `predict` is for data.

        Parameters
        ----------
        x : tensor or array, shape (n, ...), or a list of them
            The samples.
        training : bool
            Whether layers such as `Dropout` are to act as in training.
        """
        tensors = [as_tensor(one) for one in as_list(x)]
        self.network.check_count(tensors)
        # Integers become what the Input takes, as in `predict`; floats stay, so that a gradient can be taken.
        numbers = zip(tensors, self.network.cast(tensors), strict=True)
        outputs = self.network.apply([one if one.dtype.kind == "f" else other for one, other in numbers], training)
        return outputs if self._has_many_outputs else outputs[0]

    @all_or_nothing
    def compile(self, optimizer: Any = "rmsprop", loss: Any = None, metrics: Sequence[Any] | None = None) -> None:
        """Settle how the model is trained.

        Parameters
        ----------
        optimizer : str or Optimizer
            What changes the weights.
        loss : str, Loss, or function
            What is made small. A function takes targets and predictions, as tensors of one dtype, and returns a number
            for each sample, or several of which the mean counts; it cannot be saved.
        metrics : list of str or Metric
            What is measured besides; ``"accuracy"`` means the one that fits the loss.

        Raises
        ------
        ValueError, TypeError
            If one of them is unknown.
        """
        new_optimizer, objectives = resolve(OPTIMIZERS, optimizer), Objectives.chosen(loss, metrics)
        remember(self)
        self.optimizer, self.objectives = new_optimizer, objectives
        self._compiled.clear()

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
    ) -> History:
        """Train the model.

        Parameters
        ----------
        x : array, shape (n, ...), a list of them, or what yields batches
            The samples; integers are kept as they are and cast batch by batch. An array that is mapped from a file, as
            ``np.load(path, mmap_mode="r")`` returns it, is never read as a whole. Batches, ``(x, y)`` or ``(x, y,
            sample_weight)``, are yielded by a generator; a function that returns one, for each epoch anew; an iterable
            such as a DataLoader; or something with a length and places, such as a Keras Sequence.
        y : array, shape (n, ...)
            The targets.
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
            What each sample weighs, at least 0.
        initial_epoch : int
            The epoch to begin with.
        steps_per_epoch : int, optional
            Batches in an epoch, which then begins where the last one ended; by default all there are.
        validation_steps : int, optional
            Batches that are measured after each epoch, from the first on; by default all there are.

        Returns
        -------
        History
            ``history.history["loss"]`` and so on: one number an epoch.

        Raises
        ------
        ValueError, TypeError
            If the model is not compiled, or an argument is out of range, or data do not fit the network. What a
            generator raises comes through as it is.
        NotFiniteError
            If the loss or a weight becomes NaN or infinite; the weights are then those before that batch.

        Notes
        -----
        The loss of an epoch is the mean over its samples, each taken when its batch was trained on.

        After Ctrl-C, or another exception, weights and optimizer are those after the same number of batches: all that
        were done. An epoch counts from its last batch on. So the next fit
        goes on with the order of the following epoch, or, where some batches were missing, goes once more through all
        of this one, in its order. A `History` holds the epochs whose validation was finished, too.

        Examples
        --------
        >>> import feedforward as ff
        >>> model = ff.Sequential([ff.Input((1,)), ff.layers.Dense(1, kernel_initializer="zeros")])
        >>> model.compile(ff.optimizers.SGD(0.25), "mean_squared_error")
        >>> history = model.fit([[-1], [1]], [-2, 2], epochs=3, verbose=0)
        >>> history.history["loss"]
        [4.0, 1.0, 0.25]
        """
        optimizer, _ = self.ready("fit")
        for name, number, least in (("epochs", epochs, 1), ("initial_epoch", initial_epoch, 0)):
            check_int("fit", name, number, least)
        progress = self._progress(verbose)
        if not isinstance(callbacks, list | tuple | None) or any(not isinstance(c, Callback) for c in callbacks or []):
            raise TypeError(f"fit: callbacks={callbacks!r}: expected a list of Callback objects. Write [MyCallback()].")
        step, feed, measure = self._prepare(
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
        )
        history = History()
        self.history = copy(history)  # shares the numbers, not the model, which would then hold itself in memory
        listeners = [history, *progress, *(callbacks or [])]
        plan = Plan(epochs, initial_epoch, feed.steps, feed.samples)
        for listener in listeners:
            listener.model, listener.plan = self, plan
        self.stop_training = False
        Trainer(
            step,
            optimizer,
            feed,
            plan,
            listeners,
            epochs_done=lambda: self._epochs_done,
            keep=partial(self._keep, step),
            logs=self._logs,
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
    ) -> tuple[Step, Feed, Callable[[], dict[str, float]] | None]:
        """Return the compiled step of `fit`, what brings its batches, and what measures the model after each epoch."""
        feed: Feed
        held_out = validation_data
        if yields_batches(x):
            split = validation_split or None
            check_unused("fit", y=y, sample_weight=sample_weight, batch_size=batch_size, validation_split=split)
            order = partial(self._order, len(x), shuffle) if has_places(x) else None
            feed = batches = BatchFeed(x, partial(self._read, "fit", class_weight), "fit", steps, order)
            data = batches.begin(self._epochs_done)
        else:
            batch_size = check_batch_size(batch_size, "fit")
            arrays, targets, weights = check_data(self, x, y, sample_weight, "fit")
            own_weights = weights
            if class_weight is not None:
                weights = weigh_classes(class_weight, targets, weights)
            if validation_data is None and validation_split:
                arrays, targets, _, held_out = split_off(arrays, targets, own_weights, validation_split)
                weights = None if weights is None else weights[: len(targets)]
            data = [*arrays, targets, *([] if weights is None else [weights])]
            feed = ArrayFeed(data, batch_size, partial(self._order, len(targets), shuffle), steps)
        measure = None
        if held_out is not None:
            if not yields_batches(held_out):
                if not isinstance(held_out, list | tuple) or len(held_out) not in (2, 3):
                    raise ValueError("fit: validation_data is no pair. Give (x, y) or (x, y, sample_weight).")
                held_out, *rest = held_out
            else:
                rest = []
            target, weight = (*rest, None, None)[:2]
            test = self._test_feed("fit: validation", held_out, target, weight, batch_size, validation_steps)
            measure = partial(self._measure, *test)
        return self._step_of("train", data), feed, measure

    def _read(self, caller: str, class_weight: dict[int, float] | None, batch: Any) -> list[Array]:
        """Return the arrays of a batch that something yielded."""
        x, y, sample_weight = as_columns(batch, caller)
        arrays, targets, weights = check_data(self, x, y, sample_weight, caller)
        if class_weight is not None:
            weights = weigh_classes(class_weight, targets, weights, is_whole=False)
        return [*arrays, targets, *([] if weights is None else [weights])]

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

        Returns
        -------
        float, list of float, or dict
            The loss alone when there are no metrics, else ``[loss, metric, ...]``.

        Raises
        ------
        ValueError, TypeError
            As for `fit`.
        NotFiniteError
            If the loss is NaN or infinite; names the data, or the operation and its layer.
        """
        self.ready("evaluate")
        check_verbose(verbose)
        steps = check_steps("evaluate", "steps", steps)
        logs = self._measure(*self._test_feed("evaluate", x, y, sample_weight, batch_size, steps))
        if verbose in ("auto", 1, 2):
            print(" - ".join(f"{key}: {value:.4f}" for key, value in logs.items()))
        if return_dict:
            return logs
        values = list(logs.values())
        return values if len(values) > 1 else values[0]

    @all_or_nothing
    def _test_feed(
        self, caller: str, x: Any, y: Any, sample_weight: Any, batch_size: int | None, steps: int | None
    ) -> tuple[Step, Feed]:
        """Return the step that measures, and what brings it the batches."""
        feed: Feed
        if yields_batches(x):
            if caller == "evaluate":
                check_unused(caller, y=y, sample_weight=sample_weight, batch_size=batch_size)
            feed = batches = BatchFeed(x, partial(self._read, caller, None), caller, steps)
            return self._step_of("test", batches.begin(0)), feed
        batch_size = check_batch_size(batch_size, caller)
        arrays, targets, weights = check_data(self, x, y, sample_weight, caller)
        data = [*arrays, targets, *([] if weights is None else [weights])]
        data = first_batches(data, steps, batch_size, caller)
        feed = ArrayFeed(data, batch_size, lambda turn: np.arange(len(data[0])))
        return self._step_of("test", data), feed

    def _measure(self, step: Step, feed: Feed) -> dict[str, float]:
        """Return the means of loss and metrics."""
        loop = Loop(step.executable, step.traced.program, step.values())
        totals = loop.run(feed.pieces(0), whole="the evaluation")
        return self._logs(totals, loop.samples)

    @all_or_nothing
    def predict(
        self, x: Any, batch_size: int | None = None, verbose: str | int = "auto", steps: int | None = None
    ) -> Outputs:
        """Return the outputs for data.

        Parameters
        ----------
        x : array, shape (n, ...), a list of them, or what yields batches
            The samples; of a batch ``(x, y)``, as `fit` takes it, only x.
        batch_size : int, optional
            Samples computed at a time; 1,024 by default.
        verbose
            Taken for the sake of Keras programs; nothing is printed.
        steps : int, optional
            How many batches to predict; all there are by default.

        Returns
        -------
        array, shape (n, ...), or a list of them
            What the network's outputs are for each sample.
        """
        steps = check_steps("predict", "steps", steps)
        batches: Iterable[Sequence[Array]]
        if yields_batches(x):
            check_unused("predict", batch_size=batch_size)
            feed = BatchFeed(x, self._read_inputs, "predict", steps)
            arrays = feed.begin(0)
            batches = (piece.arrays for piece in feed.pieces(0))
        else:
            size = 1024 if batch_size is None else check_batch_size(batch_size, "predict")
            arrays = first_batches(self._checked_inputs(x), steps, size, "predict")
            batches = (
                [array[start : start + size] for array in arrays] for start in range(0, len(arrays[0]) or 1, size)
            )
        step = self._step("predict", arrays, False)
        values = step.values()
        parts = [step.executable.run(batch, values)[0] for batch in batches]
        outputs = [part[0] if len(part) == 1 else np.concatenate(part) for part in zip(*parts, strict=True)]
        return outputs if self._has_many_outputs else outputs[0]

    def _read_inputs(self, batch: Any) -> list[Array]:
        """Return the arrays to predict of a batch that something yielded."""
        return self._checked_inputs(as_columns(batch, "predict")[0] if isinstance(batch, tuple | list) else batch)

    def _checked_inputs(self, x: Any) -> list[Array]:
        """Return samples to predict as arrays that fit the network."""
        arrays = [as_data(one, "predict: x") for one in as_list(x)]
        self.build_for(arrays)
        self.network.check_outputs("predict")
        arrays = check_inputs(arrays, self.network.inputs, "predict")
        if len(arrays[0]):
            check_rows({f"input {place}": array for place, array in enumerate(arrays)}, "predict")
        return arrays

    def predict_on(self, x: Any) -> Outputs:
        """Return the outputs for samples computed as one batch: the quick way for a few of them; see `predict`.

        Parameters
        ----------
        x : array, shape (n, ...), or a list of them
            The samples.

        Returns
        -------
        array, shape (n, ...), or a list of them
            What the network's outputs are for each sample.
        """
        network = self._network
        if (
            isinstance(x, np.ndarray)
            and network is not None
            and len(network.inputs) == 1
            and x.dtype == network.inputs[0].dtype
            and x.shape[1:] == network.inputs[0].shape[1:]
            and len(x)
        ):  # nothing to check and to cast
            step = self._step("predict", [x], False)
            outputs = step.executable.run([x], step.values())[0]
            return outputs if self._has_many_outputs else outputs[0]
        first = as_list(x)[0]
        return self.predict(x, batch_size=max(np.shape(first)[0] if np.ndim(first) else 1, 1))

    def explain(self, stage: str = "loops", batch_size: int = 32) -> str:
        """Return what the training step, or without `compile` the prediction, becomes on the way to machine code.

        Parameters
        ----------
        stage : {"graph", "gradient", "kernels", "loops", "llvm", "asm"}
            How far on the way: the network and its loss, the whole step, what is computed together, the loops, LLVM's
            form, the machine's.
        batch_size : int
            Samples in a batch.
        """
        from feedforward.training.explain import explain  # the compiler is loaded only when it is looked at

        return explain(self, stage, batch_size)

    def report(self, x: Any, y: Any, path: str | os.PathLike[str], class_names: Sequence[str] | None = None) -> None:
        """Measure the model and write what it gets right and wrong to one HTML page, complete in itself.

        Parameters
        ----------
        x, y
            The samples to measure on and their targets, as for `evaluate`. Arrays of shape (n, height, width), or with
            1 or 3 channels last, are shown as pictures, others as rows; a data frame gives the names of its columns.
        path : path
            The page, such as ``"page.html"``. It is replaced all at once or not at all.
        class_names : sequence of str, optional
            What the classes are called; their numbers by default.

        Raises
        ------
        ShapeError
            If the network predicts more than one class, or one number, for each sample.
        ValueError
            If the names are not as many as the classes.
        ValueError, TypeError, OSError
            As for `evaluate` and `save`.

        Notes
        -----
        Cross-entropies are shown as a classification, other losses as a regression. The curves are those of the last
        `fit`; a model from a file has none.

        Examples
        --------
        >>> import pathlib, tempfile
        >>> import feedforward as ff
        >>> model = ff.Sequential([ff.Input((1,)), ff.layers.Dense(1)])
        >>> model.compile("sgd", "mean_squared_error")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "page.html")
        ...     model.report([[1.0], [2.0]], [2.0, 4.0], path)
        ...     print(path.read_text(encoding="utf-8").splitlines()[0])
        <!DOCTYPE html>
        """
        from feedforward.report.of_model import write_report  # it stands above, and is loaded only when asked for

        write_report(self, x, y, path, class_names)

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
            If something in it cannot be kept in a file, such as a function that is not registered.
        """
        from feedforward.training.checkpoint import save  # it makes models, so it cannot come first

        save(self, path)

    def __reduce__(self) -> Any:
        raise TypeError(f"{self.name}: a model cannot be copied or pickled. Use save() and feedforward.load().")

    @property
    def loss(self) -> Loss | None:
        """The loss that `compile` was given."""
        return None if self.objectives is None else self.objectives.loss

    @property
    def metrics(self) -> list[Any]:
        """The metrics that `compile` was given."""
        return [] if self.objectives is None else list(self.objectives.metrics)

    def ready(self, caller: str) -> tuple[Optimizer, Objectives]:
        """Return optimizer and objectives; ValueError, which names `caller`, when the model is not compiled."""
        if self.optimizer is None or self.objectives is None:
            raise ValueError(f"{caller}: the model is not compiled. Call compile(optimizer, loss, metrics) first.")
        return self.optimizer, self.objectives

    def build_for(self, arrays: Sequence[Array]) -> None:
        """Learn the input's shape from data; a model described in full knows it."""

    def resolved_metrics(self) -> list[Metric]:
        """Return the metrics, names resolved for the output's shape."""
        return self.ready("metrics")[1].resolved_metrics(self.network.outputs[0].shape)

    @all_or_nothing
    def _keep(self, step: Step, values: Sequence[Array], epochs_done: int) -> None:
        """Let the variables of a step hold what they are after a chunk, and count the epochs that are done with it."""
        on_error(partial(setattr, self, "_epochs_done", self._epochs_done))
        store(step.traced.variables, values)
        self._epochs_done = epochs_done

    def _logs(self, totals: Sequence[Array], samples: int) -> dict[str, float]:
        """Return loss and metrics by name from what a step added up."""
        return self.ready("logs")[1].logs(totals, samples, self.network.outputs[0].shape)

    def _order(self, count: int, shuffle: bool, turn: int) -> Array:
        """Return the order in which so many samples, or batches, are gone through after so many epochs."""
        return random.order(count, self.seed, turn) if shuffle else np.arange(count)

    def _progress(self, verbose: str | int) -> list[Callback]:
        check_verbose(verbose)
        if verbose == 0:
            return []
        from feedforward.training.progress import Progress

        return [Progress(verbose)]

    def _step_of(self, mode: Mode, data: Sequence[Array]) -> Step:
        """Return the compiled step for inputs, targets and, if there are any, weights of the samples."""
        count = len(self.network.inputs) + 1
        return self._step(mode, data[:count], len(data) > count)

    def _step(self, mode: Mode, arrays: Sequence[Array], has_weights: bool) -> Step:
        """Return the compiled step of a mode for data of these dtypes, traced when it is first needed."""
        trained = tuple(weight.name for weight in self.trainable_weights) if mode == "train" else ()
        data = tuple([(array.dtype, array.shape[1:]) for array in arrays])
        key = (mode, has_weights, data, trained, type(backend()))
        if key not in self._compiled:
            on_error(partial(self._compiled.pop, key, None))  # it holds weights that may be undone
            self._compiled[key] = make_step(self, mode, arrays, has_weights)
        return self._compiled[key]
