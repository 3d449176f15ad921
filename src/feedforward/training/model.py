"""The model: a network with what it takes to train, measure, use and keep it.

`compile` settles optimizer, loss and metrics; `fit` traces one training step as an ordinary function on tensors,
compiles it once, and runs it over all batches. Argument names and meanings are those of Keras 3.
"""

from __future__ import annotations

import os
from collections.abc import Hashable, Sequence
from copy import copy
from functools import partial
from typing import Any, Literal, TypeAlias, overload

import numpy as np

from feedforward import random
from feedforward.execution import backend
from feedforward.graph.node import Array
from feedforward.graph.program import Program
from feedforward.nn.config import check_int, resolve
from feedforward.nn.optimizers import OPTIMIZERS, Optimizer
from feedforward.tensor import Tensor, Variable, store
from feedforward.training.callbacks import Callback, History, Plan
from feedforward.training.checkpoint import save
from feedforward.training.data import (
    as_inputs,
    as_list,
    check_batch_size,
    check_data,
    check_inputs,
    check_rows,
    check_verbose,
    split_off,
    weigh_classes,
)
from feedforward.training.described import Described
from feedforward.training.loop import Loop
from feedforward.training.network import MODELS, Network
from feedforward.training.objectives import Objective, Objectives, logs
from feedforward.training.step import Mode, Step, Task, make_step
from feedforward.training.trainer import Trainer
from feedforward.undo import all_or_nothing, on_error, remember

__all__ = ["Numbers", "Outputs", "Model"]

Numbers: TypeAlias = list[float] | Any
Outputs: TypeAlias = Array | Any
"""What `evaluate` and `predict` return, for a type checker: the usual case by name, and the rare one as Any.

A number alone without metrics, a list of arrays with several outputs. A plain union of the two would have it refuse
``loss, accuracy = model.evaluate(x, y)`` and ``model.predict(x).argmax(-1)``.
"""


@MODELS.register("Model")
class Model(Described):
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
    metadata : dict
        What its owner wants kept in the file beside it, as JSON can hold it.
    stop_training : bool
        Set to True by a callback to end training after the present epoch.
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
        self,
        inputs: Tensor | Sequence[Tensor] | None = None,
        outputs: Tensor | Sequence[Tensor] | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name)
        if inputs is not None or outputs is not None or not self.has_own_call:
            self._set_network(inputs, outputs)

    def _take(self, network: Network) -> None:
        super()._take(network)
        self._compiled.clear()

    def __post_init__(self) -> None:
        super().__post_init__()
        self.metadata: dict[str, Any] = {}
        self.stop_training = False
        self.history: History | None = None
        self.optimizer: Optimizer | None = None
        self.objectives: Objectives | None = None
        self._known: tuple[Objectives, Network, list[Objective]] | None = None
        self.seed = random.new_seed()
        self._epochs_done = 0
        self._compiled: dict[Hashable, Step] = {}

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
    ) -> None:
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
        loss_weights : list or dict of float, optional
            What the losses of several outputs count in their sum; 1 each by default.

        Raises
        ------
        ValueError, TypeError
            If one of them is unknown, or they do not fit the outputs.

        Notes
        -----
        With several outputs, `loss` is one for all of them, a list with one for each, or a dict by their names, see
        `output_names`; an output whose loss is None, or left out, is not trained. `metrics` is a list with a list for
        each output, or a dict by their names. Logs then hold ``loss``, the weighted sum; ``<output>_loss``; and
        ``<output>_<metric>``.
        """
        new_optimizer, objectives = resolve(OPTIMIZERS, optimizer), Objectives.chosen(loss, metrics, loss_weights)
        if self._network is not None:
            self._wanted(objectives)
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
    ) -> History:
        """Train the model.

        Parameters
        ----------
        x : array, shape (n, ...), or a list of them
            The samples; integers are kept as they are and cast batch by batch.
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
        validation_data : (x, y) or (x, y, sample_weight), optional
            What is measured after each epoch instead.
        shuffle : bool
            Whether each epoch has an order of its own.
        class_weight : dict of int to float, optional
            What the samples of each class weigh in training, 1 by default; what is measured is not weighed by it.
        sample_weight : array, shape (n,) or (n, 1), optional
            What each sample weighs, at least 0; with several outputs in the loss of each.
        initial_epoch : int
            The epoch to begin with.

        Returns
        -------
        History
            ``history.history["loss"]`` and so on: one number an epoch.

        Raises
        ------
        ValueError, TypeError
            If the model is not compiled, or an argument is out of range, or data do not fit the network.
        NotFiniteError
            If the loss or a weight becomes NaN or infinite; the weights are then those before that batch.

        Notes
        -----
        The loss of an epoch is the mean over its samples, each taken when its batch was trained on.

        After Ctrl-C, or another exception, weights and optimizer are those after the same number of batches: the last
        that callbacks were or would next have been told of. An epoch counts from its last batch on. So the next fit
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
        batch_size = check_batch_size(batch_size, "fit")
        for name, number, least in (("epochs", epochs, 1), ("initial_epoch", initial_epoch, 0)):
            check_int("fit", name, number, least)
        progress = self._progress(verbose)
        if not isinstance(callbacks, list | tuple | None) or any(not isinstance(c, Callback) for c in callbacks or []):
            raise TypeError(f"fit: callbacks={callbacks!r}: expected a list of Callback objects. Write [MyCallback()].")
        step, data, held_out = self._prepare(x, y, validation_split, validation_data, class_weight, sample_weight)
        samples = len(data[0])
        history = History()
        self.history = copy(history)  # shares the numbers, not the model, which would then hold itself in memory
        listeners = [history, *progress, *(callbacks or [])]
        plan = Plan(epochs, initial_epoch, -(-samples // batch_size), samples)
        for listener in listeners:
            listener.model, listener.plan = self, plan
        self.stop_training = False
        Trainer(
            step,
            optimizer,
            batch_size,
            plan,
            listeners,
            order=lambda: self._order(samples, shuffle),
            keep=partial(self._keep, step),
            logs=partial(logs, self.wanted("fit")),
            measure=None if held_out is None else partial(self._measure_held_out, held_out, batch_size),
            is_stopped=lambda: self.stop_training,
        ).train(data)
        return history

    @all_or_nothing
    def _prepare(
        self,
        x: Any,
        y: Any,
        validation_split: float,
        validation_data: tuple[Any, ...] | None,
        class_weight: dict[Any, float] | None,
        sample_weight: Any,
    ) -> tuple[Step, list[Array], tuple[Any, ...] | None]:
        """Return the compiled step of `fit`, what it takes, and what is measured after each epoch."""
        arrays, targets, weights = check_data(self, x, y, sample_weight, "fit")
        own_weights = weights
        if class_weight is not None:
            if len(self.network.outputs) > 1:
                raise ValueError(
                    f"fit: class_weight needs a network of one output, this has {len(self.network.outputs)}. Use "
                    f"sample_weight, or loss_weights of compile()."
                )
            weights = weigh_classes(class_weight, next(iter(targets.values())), weights)
        held_out: tuple[Any, ...] | None = validation_data
        if validation_data is None and validation_split:
            arrays, targets, _, held_out = split_off(arrays, targets, own_weights, validation_split)
            weights = None if weights is None else weights[: len(arrays[0])]
        elif validation_data is not None:
            if not isinstance(validation_data, list | tuple) or len(validation_data) not in (2, 3):
                raise ValueError("fit: validation_data is no pair. Give (x, y) or (x, y, sample_weight).")
            held_out = (*validation_data, None)[:3]
            check_data(self, held_out[0], held_out[1], held_out[2], "fit: validation")

        step = self._step("train", [*arrays, *targets.values()], weights is not None)
        data = [*arrays, *targets.values(), *([] if weights is None else [weights])]
        return step, data, held_out

    def _measure_held_out(self, held_out: tuple[Any, ...], batch_size: int) -> dict[str, float]:
        x, y, weights = held_out
        return self.evaluate(x, y, batch_size, 0, weights, return_dict=True)

    @overload
    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: str | int = "auto",
        sample_weight: Any = None,
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
        return_dict: bool = False,
    ) -> dict[str, float] | Numbers:
        """Return the loss and the metrics on data, means over the samples.

        Parameters
        ----------
        x, y, batch_size, sample_weight
            As for `fit`.
        verbose : {"auto", 0, 1, 2}
            0 silent, otherwise one line.
        return_dict : bool
            Whether to return a dict by name.

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
        batch_size = check_batch_size(batch_size, "evaluate")
        arrays, targets, weights = check_data(self, x, y, sample_weight, "evaluate")
        step = self._step("test", [*arrays, *targets.values()], weights is not None)
        data = [*arrays, *targets.values(), *([] if weights is None else [weights])]
        loop = Loop(step.executable, step.traced.program, batch_size, step.values(), step.pace)
        totals = loop.run(data, np.arange(len(arrays[0])), whole="the evaluation")
        measured = logs(self.wanted("evaluate"), totals, len(arrays[0]))
        if verbose in ("auto", 1, 2):
            print(" - ".join(f"{key}: {value:.4f}" for key, value in measured.items()))
        if return_dict:
            return measured
        values = list(measured.values())
        return values if len(values) > 1 else values[0]

    @all_or_nothing
    def predict(self, x: Any, batch_size: int | None = None, verbose: str | int = "auto") -> Outputs:
        """Return the outputs for data.

        Parameters
        ----------
        x : array, shape (n, ...), or a list of them
            The samples.
        batch_size : int, optional
            Samples computed at a time; 1,024 by default.
        verbose
            Taken for the sake of Keras programs; nothing is printed.

        Returns
        -------
        array, shape (n, ...), or a list of them
            What the network's outputs are for each sample.
        """
        batch_size = 1024 if batch_size is None else check_batch_size(batch_size, "predict")
        arrays = as_inputs(self, x, "predict")
        if not self.is_described:
            self.build_for(arrays)
            arrays = as_inputs(self, x, "predict")  # in the dtype that is known now
        self.network.check_outputs("predict")
        arrays = check_inputs(arrays, self.network.inputs, "predict")
        rows = len(arrays[0])
        if rows:
            check_rows({f"input {place}": array for place, array in enumerate(arrays)}, "predict")
        step = self._step("predict", arrays, False)
        values = step.values()
        parts = [
            step.executable.run([array[start : start + batch_size] for array in arrays], values)[0]
            for start in range(0, max(rows, 1), batch_size)
        ]
        outputs = [part[0] if len(part) == 1 else np.concatenate(part) for part in zip(*parts, strict=True)]
        return outputs if self.has_many_outputs else outputs[0]

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
            return outputs if self.has_many_outputs else outputs[0]
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

        wanted = None if self.optimizer is None else self.wanted("explain")
        return explain(self.network, wanted, self.traced, stage, batch_size)

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
        save(self, path)

    def __reduce__(self) -> Any:
        raise TypeError(f"{self.name}: a model cannot be copied or pickled. Use save() and feedforward.load().")

    @property
    def loss(self) -> Any:
        """The loss that `compile` was given, or the losses of several outputs."""
        return None if self.objectives is None else self.objectives.loss

    @property
    def metrics(self) -> Any:
        """The metrics that `compile` was given."""
        return [] if self.objectives is None else self.objectives.metrics

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
        if self.optimizer is None or self.objectives is None:
            raise ValueError(f"{caller}: the model is not compiled. Call compile(optimizer, loss, metrics) first.")
        return self.optimizer, self.objectives

    @all_or_nothing
    def _keep(self, step: Step, values: Sequence[Array], is_whole: bool) -> None:
        """Let the variables of a step hold what they are after a chunk, and count the epoch if that was its last."""
        on_error(partial(setattr, self, "_epochs_done", self._epochs_done))
        store(step.traced.variables, values)
        self._epochs_done += is_whole

    def _order(self, samples: int, shuffle: bool) -> Array:
        """Return the order of the samples in the next epoch."""
        if not shuffle:
            return np.arange(samples)
        return random.order(samples, self.seed, self._epochs_done)

    def _progress(self, verbose: str | int) -> list[Callback]:
        check_verbose(verbose)
        if verbose == 0:
            return []
        from feedforward.training.progress import Progress

        return [Progress(verbose)]

    def _step(self, mode: Mode, arrays: Sequence[Array], has_weights: bool) -> Step:
        """Return the compiled step of a mode for data of these dtypes, traced when it is first needed."""
        trained = tuple(map(id, self.trainable_weights)) if mode == "train" else ()
        data = tuple([(array.dtype, array.shape[1:]) for array in arrays])
        key = (mode, has_weights, data, trained, type(backend()))
        if key not in self._compiled:
            on_error(partial(self._compiled.pop, key, None))  # it holds weights that may be undone
            wanted = () if mode == "predict" else self.wanted(mode)
            task = Task(self, self.network, wanted, self.optimizer, self.seed)
            self._compiled[key] = make_step(task, mode, arrays, has_weights)
        return self._compiled[key]
