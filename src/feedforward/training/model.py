"""The model: a network with what it takes to train, measure, use and keep it.

`compile` settles optimizer, loss and metrics; `fit` traces one training step as an ordinary function on tensors,
compiles it once, and runs it over all batches. Argument names and meanings are those of Keras 3.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Hashable, Mapping, Sequence
from copy import copy
from functools import partial
from typing import Any, Literal, Self, TypeAlias, overload

import numpy as np

from feedforward import random
from feedforward.execution import backend
from feedforward.graph.node import Array, in_own_context
from feedforward.graph.program import Program
from feedforward.nn.config import check_int, resolve, snake_case
from feedforward.nn.layer import Input, Layer, Tensors, as_tensor, check_name, is_described
from feedforward.nn.optimizers import OPTIMIZERS, Optimizer
from feedforward.tensor import Tensor, Variable, stand_in, store, symbolic
from feedforward.training.callbacks import Callback, History, Plan
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
from feedforward.training.loop import Loop
from feedforward.training.network import MODELS, Network
from feedforward.training.objectives import Objective, Objectives, logs
from feedforward.training.step import Mode, Step, make_step
from feedforward.training.summary import counted, summary_html, summary_text
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
class Model(Layer):
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
        if inputs is not None or outputs is not None or not self._has_own_call:
            self._set_network(inputs, outputs)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.metadata: dict[str, Any] = {}
        self.stop_training = False
        self.history: History | None = None
        self.optimizer: Optimizer | None = None
        self.objectives: Objectives | None = None
        self._network: Network | None = None
        self.has_many_outputs = False
        self.seed = random.new_seed()
        self._epochs_done = 0
        self._compiled: dict[Hashable, Step] = {}

    def _set_network(self, inputs: Any, outputs: Any) -> None:
        for word, value in (("inputs", inputs), ("outputs", outputs)):
            for tensor in value if isinstance(value, list | tuple) else [value]:
                if not isinstance(tensor, Tensor) or not tensor.is_symbolic:
                    raise TypeError(f"Model({word}={tensor!r}): give what Input() or a layer called on it returned.")
        self.has_many_outputs = isinstance(outputs, list | tuple)
        self._take(Network(as_list(inputs), as_list(outputs)))

    def _take(self, network: Network) -> None:
        """Be what a network describes."""
        self._network = network
        if not self._has_own_call:
            object.__setattr__(self, "_layers", list(network.layers))
            self.is_built = True
        self._compiled.clear()

    @classmethod
    def of_network(cls, network: Network, name: str, has_many_outputs: bool) -> Self:
        """Return the model of a network that was read from a file."""
        model = cls.__new__(cls)
        Layer.__init__(model, name=name)
        model._take(network)
        model.has_many_outputs = has_many_outputs
        return model

    @property
    def _has_own_call(self) -> bool:
        """Whether it is of a subclass that computes its outputs itself."""
        return type(self).call is not Model.call

    def _default_name(self) -> str:
        """Return its class; a number is added when it becomes a layer of another network, beside others like it."""
        return snake_case(type(self).__name__)

    def _check_name(self, name: Any) -> None:
        """Take any text: only a model that becomes a layer has to have a layer's name."""
        if not isinstance(name, str):
            raise TypeError(f"{type(self).__name__}(name={name!r}): name must be a str. Got {name!r}.")

    def _track(self, attribute: str, part: Variable | Layer) -> None:
        """Enter what a `call` of its own may use; a network has the layers that were called to describe it."""
        if self._has_own_call:
            super()._track(attribute, part)

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
    def is_described(self) -> bool:
        """Whether it is known what its inputs are."""
        return self._network is not None

    @property
    def layers(self) -> list[Layer]:
        """Its layers in the order of their calls; of a subclass with its own `call` those that are its attributes."""
        return list(self._layers)

    @property
    def parameters(self) -> list[Variable]:
        """The variables that training changes unless their layer is frozen: those an optimizer keeps state for."""
        return [weight for weight in self.weights if weight.trainable]

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
        print_fn(summary_text(str(self.name), self._shown()))

    def _shown(self) -> Network:
        """Return the network that a summary shows: of a model with its own `call` what that does, if layers do it."""
        if self._has_own_call:
            (call,) = {output.call for output in self.network.calls.values()}
            outputs = self.run([symbolic(node) for node in call.inputs], call.has_list, training=False)
            with contextlib.suppress(ValueError):  # variables of its own stand in no description
                return Network([symbolic(node) for node in self.network.inputs], as_list(outputs))
        return self.network

    def __str__(self) -> str:
        """Return the summary; before the input's shape is known, what `repr` says."""
        return repr(self) if self._network is None else summary_text(str(self.name), self._shown())

    def __repr__(self) -> str:
        size = "input shape not known yet" if self._network is None else counted(self.count_params(), "parameter")
        return f"<{type(self).__name__} {self.name!r}: {counted(len(self.layers), 'layer')}, {size}>"

    def _repr_html_(self) -> str | None:
        """Return the summary for a notebook; None lets it show the text."""
        return None if self._network is None else summary_html(str(self.name), self._shown())

    def call(self, *inputs: Any, training: bool = False) -> Any:
        """Return the outputs for tensors, to compute with; `predict` is for data.

        A subclass may define a ``call(self, x, training=False)`` of its own, with layers that are its attributes.

        Parameters
        ----------
        *inputs : tensor, shape (n, ...)
            The samples: one tensor for each input of the network.
        training : bool
            Whether layers such as `Dropout` are to act as in training.
        """
        self.network.check_count(inputs)
        # Integers become what the Input takes, as in `predict`; floats stay, so that a gradient can be taken.
        numbers = zip(inputs, self.network.cast(inputs), strict=True)
        outputs = self.network.apply([one if one.dtype.kind == "f" else other for one, other in numbers], training)
        return outputs if self.has_many_outputs else outputs[0]

    @in_own_context
    def apply(
        self, *inputs: Any, parameters: Mapping[Variable, Any] | Sequence[Any] | None = None, training: bool = False
    ) -> Tensors:
        """Return the outputs for tensors, computed with other weights: gradients flow to whatever those come from.

        Parameters
        ----------
        *inputs : tensor or array, shape (n, ...)
            The samples, as for a call of the model.
        parameters : mapping of Variable to tensor, or list of tensors
            What is read in place of weights: of those that a mapping names, or of all of `trainable_weights`, in their
            order. The weights themselves stay as they are.
        training : bool
            Whether layers such as `Dropout` are to act as in training.

        Raises
        ------
        ValueError
            If a list has more or fewer tensors than there are weights, or a mapping names one that is none of them.
        ShapeError, DtypeError, TypeError
            If a tensor has another shape or dtype than its weight, or depends on an `Input`.

        Examples
        --------
        A step of gradient descent that can itself be differentiated:

        >>> import feedforward as ff
        >>> model = ff.Sequential([ff.Input((1,)), ff.layers.Dense(1, use_bias=False, kernel_initializer="ones")])
        >>> with ff.GradientTape() as outer:
        ...     with ff.GradientTape() as inner:
        ...         loss = (model([[2.0]]) ** 2).sum()
        ...     slope = inner.gradient(loss, model.trainable_weights)
        ...     fast = [w - 0.1 * g for w, g in zip(model.trainable_weights, slope, strict=True)]
        ...     loss = (model.apply([[2.0]], parameters=fast) ** 2).sum()
        >>> print(f"{loss:.3f} {outer.gradient(loss, model.trainable_weights)[0].item():.3f}")
        0.160 0.320
        """
        if parameters is not None:
            weights = self.trainable_weights
            if not isinstance(parameters, Mapping):
                if len(parameters) != len(weights):
                    raise ValueError(
                        f"apply: got {len(parameters)} parameters, {self.name} has {len(weights)} trainable weights. "
                        f"Give one for each, in their order."
                    )
                parameters = dict(zip(weights, parameters, strict=True))
            known = set(self.weights)
            for weight in parameters:
                if not isinstance(weight, Variable) or weight not in known:
                    raise ValueError(f"apply: {weight!r:.80} is no weight of {self.name}. Give its weights as keys.")
            stand_in({weight: as_tensor(value) for weight, value in parameters.items()})
        return self(*inputs, training=training)

    def _as_tensors(self, inputs: Sequence[Any]) -> list[Tensor]:
        if self._network is None or len(inputs) != len(self._network.inputs):
            return super()._as_tensors(inputs)
        return [as_tensor(x, node.dtype) for x, node in zip(inputs, self._network.inputs, strict=True)]

    def _apply(self, inputs: Sequence[Tensor], has_list: bool, training: bool) -> Tensors:
        if is_described(inputs) and not self._has_own_name and self._owner is None:
            self.name, self._has_own_name = super()._default_name(), True
        result = super()._apply(inputs, has_list, training)
        if is_described(inputs) and not self._has_own_call:
            check_name(type(self).__name__, self.name)
            for path, weight in self.weights_by_path():
                weight.name = f"{self.path}/{path}"  # as the network that this is a layer of knows it
        return result

    def nested_config(self) -> dict[str, Any] | None:
        """Return the configuration of the model as a layer of another network; see `Layer`."""
        if self._has_own_call:
            return None
        return {
            "model": self.kind,
            "name": self.name,
            "trainable": self.trainable,
            "network": self.network.to_config(),
            "has_many_outputs": self.has_many_outputs,
        }

    @property
    def kind(self) -> str:
        """What a file calls its class: of `MODELS` the nearest."""
        return next(name for cls in type(self).__mro__ for name in MODELS if MODELS[name] is cls)

    @property
    def max_elements(self) -> int | None:
        """How many elements a value may have where a part comes from a file; see `Layer`."""
        return super().max_elements if self._network is None or self._has_own_call else self._network.max_elements

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
            logs=self._logs,
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
        measured = self._logs(totals, len(arrays[0]))
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
    def loss(self) -> Any:
        """The loss that `compile` was given, or the losses of several outputs."""
        return None if self.objectives is None else self.objectives.loss

    @property
    def metrics(self) -> Any:
        """The metrics that `compile` was given."""
        return [] if self.objectives is None else self.objectives.metrics

    @property
    def output_names(self) -> list[str]:
        """What the outputs are called: as the layers that made them; of a model with its own `call` by their places."""
        if self._has_own_call:
            return [f"output_{place}" for place in range(1, len(self.network.outputs) + 1)]
        return self.network.output_names

    def wanted(self, caller: str) -> list[Objective]:
        """Return what is wanted of each output; ValueError, which names `caller`, when the model is not compiled."""
        return self._wanted(self.ready(caller)[1])

    def _wanted(self, objectives: Objectives) -> list[Objective]:
        return objectives.of(self.output_names, [node.shape for node in self.network.outputs])

    def ready(self, caller: str) -> tuple[Optimizer, Objectives]:
        """Return optimizer and objectives; ValueError, which names `caller`, when the model is not compiled."""
        if self.optimizer is None or self.objectives is None:
            raise ValueError(f"{caller}: the model is not compiled. Call compile(optimizer, loss, metrics) first.")
        return self.optimizer, self.objectives

    def build_for(self, arrays: Sequence[Array]) -> None:
        """Learn shape and dtype of the inputs from data; a model described in full knows them."""
        if self._network is None and self._has_own_call:
            self._describe(arrays)

    @all_or_nothing
    def _describe(self, arrays: Sequence[Array]) -> None:
        """Let the network of a model with its own `call` be a call of it, on inputs such as these."""
        remember(self)
        own = self.dtype or "float32"
        inputs = [Input(array.shape[1:], own if array.dtype.kind == "f" else array.dtype.name) for array in arrays]
        has_own_name, self._has_own_name = self._has_own_name, True  # it becomes no layer of another network here
        outputs = self(inputs) if len(inputs) > 1 else self(inputs[0])
        self._has_own_name = has_own_name
        self.has_many_outputs = isinstance(outputs, list)
        self._take(Network(inputs, as_list(outputs)))

    @all_or_nothing
    def _keep(self, step: Step, values: Sequence[Array], is_whole: bool) -> None:
        """Let the variables of a step hold what they are after a chunk, and count the epoch if that was its last."""
        on_error(partial(setattr, self, "_epochs_done", self._epochs_done))
        store(step.traced.variables, values)
        self._epochs_done += is_whole

    def _logs(self, totals: Sequence[Array], samples: int) -> dict[str, float]:
        """Return loss and metrics by name from what a step added up."""
        return logs(self.wanted("logs"), totals, samples)

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
            self._compiled[key] = make_step(self, mode, arrays, has_weights)
        return self._compiled[key]
