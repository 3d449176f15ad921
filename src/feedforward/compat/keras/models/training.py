"""What a model of Keras 1 and 2 does over data: compile, fit, evaluate, predict, and the same one batch at a time.

Each calls ours, with the arguments of Keras translated: what is not translated is refused. Losses, metrics, their names
and the order of the samples are those of the version that the program was written for.
"""

from __future__ import annotations

import contextlib
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from feedforward.compat.explaining import tell
from feedforward.compat.keras.models.callbacks import History, Sizes, listeners
from feedforward.compat.keras.models.progress import EpochBars, full_bar
from feedforward.compat.keras.objectives.losses import as_loss, as_metric
from feedforward.compat.keras.objectives.optimizers import as_optimizer
from feedforward.compat.keras.spelling import by_name, is_alone, is_keras_1, is_tensorflow_2, keeps_names
from feedforward.compat.tensorflow.graphs.dispatch import computing
from feedforward.compat.tensorflow.loops.datasets import Dataset
from feedforward.nn.layer import Layer
from feedforward.nn.metrics.metric import Metric
from feedforward.training.data import check_data, weighed
from feedforward.training.feed import yields_batches
from feedforward.training.model import Model as OurModel
from feedforward.training.objectives import Objective, Objectives, names_of
from feedforward.training.sampling import Sampler, Turn

__all__ = ["Trained"]


@dataclass(frozen=True)
class _ShuffledByNumPy(Sampler):
    """Each sample once, in the order that Keras took: NumPy's shuffle of the order of before.

    Parameters
    ----------
    batch_size : int
        0; or of how many samples the batches are that are shuffled as wholes.
    places : list of array
        The present order.
    """

    batch_size: int = 0
    places: list[Any] = field(default_factory=list)

    def order(self, turn: Turn) -> Any:
        """Return the order of the next epoch."""
        if not self.places:
            self.places.append(np.arange(turn.rows))
        order = self.places[0]
        if not self.batch_size:
            np.random.shuffle(order)
            return order.copy()
        count = turn.rows // self.batch_size
        batches, rest = order[: count * self.batch_size].reshape(count, -1), order[count * self.batch_size :]
        np.random.shuffle(batches)
        self.places[0] = np.append(batches.ravel(), rest)
        return self.places[0].copy()


class _Batches:
    """The batches of a dataset, gone through eagerly whatever the mode of the program is."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset

    def __iter__(self) -> Iterator[Any]:
        with computing():
            return iter(self._dataset)


def _as_data(x: Any) -> Any:
    """Return data as `fit` of ours takes them."""
    return _Batches(x) if isinstance(x, Dataset) else x


class Trained(OurModel):
    """A model that is trained, measured and used by the words of Keras 1 and 2."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._asked: tuple[Any, Any] = (None, None)
        self._collected: list[tuple[Layer, bool]] = []  # changed in its place: setting it would make them its layers

    def compile(self, *args: Any, **settings: Any) -> None:
        """Settle how the model is trained.

        Parameters
        ----------
        optimizer, loss, metrics, loss_weights, weighted_metrics
            As in Keras 2; by name or by position.
        sample_weight_mode, target_tensors
            Refused, unless None.
        """
        names = ("optimizer", "loss", "metrics", "loss_weights", "sample_weight_mode", "weighted_metrics")
        given = by_name("compile", (*names, "target_tensors", "class_mode", "run_eagerly"), names, args, settings)
        for name in ("sample_weight_mode", "target_tensors", "class_mode"):
            if given.pop(name, None) is not None:
                raise ValueError(f"compile({name}=...): it is not provided. Leave it out.")
        if given.pop("run_eagerly", None):
            sys.stderr.write("feedforward: compile(run_eagerly=True): steps are compiled all the same\n")
        loss = given.get("loss")
        if isinstance(loss, list | tuple):
            chosen: Any = [None if each is None else as_loss(each) for each in loss]
        elif isinstance(loss, dict):
            chosen = {name: None if each is None else as_loss(each) for name, each in loss.items()}
        else:
            chosen = None if loss is None else as_loss(loss)
        self._asked = given.get("metrics"), given.get("weighted_metrics")
        super().compile(as_optimizer(given.get("optimizer", "rmsprop")), chosen, None, given.get("loss_weights"))
        self._collected[:] = [(layer, layer.trainable) for layer in self.all_layers()]
        tell("Models", self._explanation)

    def _explanation(self) -> str:
        """Return the table of the layers, for who asks what the program became."""
        if self._network is None or self.has_own_call:
            return f"Model {self.name!r} of {', '.join(str(layer.name) for layer in self.layers) or 'no layers'}"
        lines: list[str] = []
        self.summary(print_fn=lines.append)
        return "\n".join([f"Model {self.name!r}", *lines])

    def _wanted(self, objectives: Objectives) -> list[Objective]:
        """Return what is wanted of each output, its metrics resolved now that its shape is known."""
        plain = super()._wanted(objectives)
        chosen = {}
        for argument, given in zip(("metrics", "weighted_metrics"), self._asked, strict=True):
            before = "weighted_" if argument == "weighted_metrics" and not keeps_names() else ""
            chosen[argument] = {
                each.output: [
                    _named(as_metric(metric, each.loss, each.shape), before)
                    for metric in _metrics_of(given, each.output, place, len(plain))
                ]
                for place, each in enumerate(plain)
            }
        found = replace(objectives, **chosen)
        return found.of([each.output for each in plain], [node.shape for node in self.network.outputs])

    @property
    def metrics_names(self) -> list[str]:
        """What the numbers are called that `evaluate` returns."""
        return names_of(self.wanted("metrics_names"))

    @property
    def total_loss(self) -> Any:
        """What is made small, as given to `compile`."""
        return self.loss

    @contextlib.contextmanager
    def _as_compiled(self) -> Iterator[None]:
        """Let layers be trained, or not, as they were to be when the model was compiled: later changes wait for that.

        So a model inside another one can be frozen in the latter, and be trained by itself.
        """
        known = {id(layer) for layer, _ in self._collected}
        if not self._collected:
            self._collected[:] = [(layer, layer.trainable) for layer in self.all_layers()]
        else:  # those that were made since
            new = [layer for layer in self.all_layers() if id(layer) not in known]
            self._collected.extend((layer, layer.trainable) for layer in new)
        changed = [(layer, layer.trainable) for layer, was in self._collected if layer.trainable != was]
        if not changed:
            yield
            return
        present = [(layer, layer.trainable) for layer, _ in self._collected]
        try:
            for layer, was in self._collected:
                object.__setattr__(layer, "trainable", was)
            yield
        finally:
            for layer, now in present:
                object.__setattr__(layer, "trainable", now)

    def fit(self, *args: Any, **settings: Any) -> Any:
        """Train the model, and return its `History`.

        Parameters
        ----------
        x, y, batch_size, epochs, verbose, callbacks, validation_split, validation_data, shuffle, class_weight,
        sample_weight, initial_epoch, steps_per_epoch, validation_steps
            As in Keras 2, in this order; in Keras 1 epochs are called ``nb_epoch``, and there are 10 of them.
        """
        names = (
            *("x", "y", "batch_size", "epochs", "verbose", "callbacks", "validation_split", "validation_data"),
            *("shuffle", "class_weight", "sample_weight", "initial_epoch", "steps_per_epoch", "validation_steps"),
        )
        others = ("max_queue_size", "workers", "use_multiprocessing", "validation_freq")
        if "show_accuracy" in settings:
            raise TypeError("fit(show_accuracy=...): it is of Keras 0. Give compile(metrics=['accuracy']).")
        given = by_name("fit", (*names, *others), names, args, settings)
        if given.pop("validation_freq", 1) != 1:
            raise ValueError("fit(validation_freq=...): it is not provided. Validation follows each epoch.")
        for name in ("max_queue_size", "workers", "use_multiprocessing"):  # of queues that are not needed
            given.pop(name, None)
        if given.get("shuffle", True) not in (True, False, "batch"):
            raise ValueError(f"fit(shuffle={given['shuffle']!r}): expected True, False or 'batch'.")
        x, y, batch_size = _as_data(given.get("x")), given.get("y"), given.get("batch_size")
        return self._fitted(
            x,
            y,
            batch_size if batch_size is not None or yields_batches(x) else 32,
            given.get("epochs", 10 if is_keras_1() else 1),
            given.get("verbose", 1),
            given.get("callbacks"),
            given.get("validation_split") or 0.0,
            _as_data(given.get("validation_data")),
            given.get("shuffle", True),
            given.get("class_weight"),
            given.get("sample_weight"),
            given.get("initial_epoch", 0),
            given.get("steps_per_epoch"),
            given.get("validation_steps"),
        )

    def _fitted(
        self,
        x: Any,
        y: Any,
        batch_size: int | None,
        epochs: int,
        verbose: int,
        callbacks: Any,
        validation_split: float,
        validation_data: Any,
        shuffle: Any,
        class_weight: Any,
        sample_weight: Any,
        initial_epoch: int,
        steps: int | None,
        validation_steps: int | None,
        sizes: Sizes | None = None,
    ) -> Any:
        """Train the model."""
        if epochs <= initial_epoch:  # a history of nothing
            history = History()
            history.set_model(self)
            history.on_train_begin()
            return history
        _check_weights("fit", sample_weight, class_weight)
        if validation_split and class_weight is not None and not yields_batches(x):  # Keras splits the weights, too
            samples_given = check_data(self, x, y, sample_weight, "fit")
            sample_weight = weighed(samples_given, class_weight, self.wanted("fit")).weights
            class_weight = None
        rows = None if yields_batches(x) else _rows_of(x)
        held_out = 0
        if rows is not None and validation_split:
            held_out = rows - int(rows * (1.0 - validation_split))
        elif validation_data is not None and not yields_batches(validation_data):
            held_out = _rows_of(validation_data[0])
        samples = None if rows is None else rows - (held_out if validation_split else 0)
        sizes = sizes or Sizes(samples, batch_size)
        self.ready("fit")
        history = History()
        names = [*self.metrics_names] if self.is_described else ["loss"]
        params = {
            "epochs": epochs,
            "nb_epoch": epochs,
            "steps": steps,
            "samples": samples,
            "nb_sample": samples,
            "batch_size": batch_size,
            "verbose": verbose,
            "do_validation": bool(held_out or validation_data is not None),
            "metrics": [*names, *(f"val_{name}" for name in names)],
        }
        shown = []
        if verbose:
            if samples is not None and (held_out or is_tensorflow_2()):
                print(f"Train on {samples} samples" + (f", validate on {held_out} samples" if held_out else ""))
            count, each = (samples, batch_size or 1) if samples is not None else (steps, 1)
            shown.append(EpochBars(verbose, count, each, samples is None))
        order: Any = None
        if samples is not None and shuffle and is_alone():
            order = _ShuffledByNumPy(int(batch_size or 32) if shuffle == "batch" else 0)
        told = [*shown, *listeners(callbacks, params, sizes), *listeners([history], params, sizes)]
        history.validation_data = validation_data
        with self._as_compiled():
            super().fit(
                x,
                y,
                batch_size,
                epochs,
                0,
                told,
                validation_split,
                validation_data,
                bool(shuffle),
                class_weight,
                sample_weight,
                initial_epoch,
                steps,
                validation_steps,
                order,
            )
        vars(self)["history"] = history
        return history

    def evaluate(self, *args: Any, **settings: Any) -> Any:
        """Return the loss, or a list of it and the metrics, on data.

        Parameters
        ----------
        x, y, batch_size, verbose, sample_weight, steps
            As in Keras 2, in this order.
        """
        names = ("x", "y", "batch_size", "verbose", "sample_weight", "steps")
        others = ("max_queue_size", "workers", "use_multiprocessing", "callbacks", "return_dict")
        given = by_name("evaluate", (*names, *others), names, args, settings)
        _refuse_callbacks("evaluate", given)
        x, verbose = _as_data(given.get("x")), given.get("verbose", 1)
        _check_weights("evaluate", given.get("sample_weight"), None)
        batch_size = given.get("batch_size")
        start = time.perf_counter()
        numbers: Any = super().evaluate(
            x,
            given.get("y"),
            None if yields_batches(x) else 32 if batch_size is None else batch_size,
            0,
            given.get("sample_weight"),
            given.get("steps"),
            return_dict=True,
        )
        if verbose == 1:
            rows = given.get("steps") if yields_batches(x) else _rows_of(x)
            if rows:
                shown = numbers if is_tensorflow_2() else {}
                print(full_bar(int(rows), time.perf_counter() - start, shown, yields_batches(x)))
        if given.get("return_dict"):
            return numbers
        values = list(numbers.values())
        return values if len(values) > 1 else values[0]

    def predict(self, *args: Any, **settings: Any) -> Any:
        """Return the outputs for data.

        Parameters
        ----------
        x, batch_size, verbose, steps
            As in Keras 2, in this order.
        """
        names = ("x", "batch_size", "verbose", "steps")
        others = ("max_queue_size", "workers", "use_multiprocessing", "callbacks")
        given = by_name("predict", (*names, *others), names, args, settings)
        _refuse_callbacks("predict", given)
        x, batch_size, start = _as_data(given.get("x")), given.get("batch_size"), time.perf_counter()
        size = None if yields_batches(x) else 32 if batch_size is None else batch_size
        outputs = super().predict(x, size, 0, given.get("steps"))
        if given.get("verbose", 0) == 1 and not yields_batches(x):
            print(full_bar(_rows_of(x), time.perf_counter() - start, {}))
        if isinstance(outputs, list):
            return [np.array(each) for each in outputs]
        return np.array(outputs)

    predict_proba = predict

    def predict_classes(self, *args: Any, **settings: Any) -> Any:
        """Return the class of each sample: the place of the largest output; of a single one whether it is above 1/2."""
        found = self.predict(*args, **settings)
        return found.argmax(axis=-1) if found.shape[-1] > 1 else (found > 0.5).astype("int32")

    def train_on_batch(  # type: ignore[override]
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Any = None,
        reset_metrics: bool = True,
    ) -> Any:
        """Make one step on some samples, and return their loss and metrics."""
        _refuse_sums("train_on_batch", reset_metrics)
        if isinstance(sample_weight, dict):  # a Sequential of Keras takes the weights of classes first
            sample_weight, class_weight = class_weight, sample_weight
        _check_weights("train_on_batch", sample_weight, class_weight)
        with self._as_compiled():
            return super().train_on_batch(x, y, sample_weight, class_weight)

    def test_on_batch(  # type: ignore[override]
        self, x: Any, y: Any = None, sample_weight: Any = None, reset_metrics: bool = True
    ) -> Any:
        """Return the loss and the metrics on some samples."""
        _refuse_sums("test_on_batch", reset_metrics)
        return super().test_on_batch(x, y, sample_weight)

    def predict_on_batch(self, x: Any) -> Any:
        """Return the outputs for some samples."""
        return super().predict_on_batch(x)

    def fit_generator(self, *args: Any, **settings: Any) -> Any:
        """Train the model on what a generator yields.

        Parameters
        ----------
        generator, steps_per_epoch, epochs, verbose, callbacks, validation_data, validation_steps, class_weight
            As in Keras 2, in this order. In Keras 1 an epoch is given by its samples, ``samples_per_epoch``, and ends
            with the batch that reaches them; so is ``nb_val_samples``.
        shuffle
            Whether a `Sequence` gives its batches in another order in each epoch; by default it does.
        """
        names = (
            *("generator", "steps_per_epoch", "epochs", "verbose", "callbacks", "validation_data"),
            *("validation_steps", "class_weight", "max_queue_size", "workers", "use_multiprocessing"),
        )
        counts_samples = "samples_per_epoch" in settings or is_keras_1()
        given = by_name("fit_generator", (*names, "shuffle", "initial_epoch"), names, args, settings)
        source = given["generator"]
        steps, sizes = given.get("steps_per_epoch"), Sizes(None, None)
        if steps is None and hasattr(source, "__len__"):
            steps = len(source)
        if steps is None:
            raise ValueError("fit_generator(): steps_per_epoch is missing. Give the number of batches in an epoch.")
        batches = iter(_batches(source, given.get("shuffle", True)))
        if counts_samples:
            batches, steps = _in_samples(batches, int(steps))
        validation, validation_steps = given.get("validation_data"), given.get("validation_steps")
        if validation is not None and (yields_batches(validation) or hasattr(validation, "__next__")):
            found = iter(_batches(validation))
            if validation_steps is None and hasattr(validation, "__len__"):
                validation_steps = len(validation)
            if validation_steps is None:
                raise ValueError("fit_generator(): validation_steps is missing. Give the number of batches.")
            if "nb_val_samples" in settings or is_keras_1():
                found, validation_steps = _in_samples(found, int(validation_steps))
            validation = _Again(found, int(validation_steps))
            validation_steps = None
        return self._fitted(
            _noting(batches, sizes),
            None,
            None,
            given.get("epochs", 1),
            given.get("verbose", 1),
            given.get("callbacks"),
            0.0,
            validation,
            False,
            given.get("class_weight"),
            None,
            given.get("initial_epoch", 0),
            int(steps),
            validation_steps,
            sizes,
        )

    def evaluate_generator(self, *args: Any, **settings: Any) -> Any:
        """Return the loss and the metrics on what a generator yields."""
        names = ("generator", "steps", "max_queue_size", "workers", "use_multiprocessing", "verbose")
        given = by_name("evaluate_generator", names, names, args, settings)
        batches, steps = self._some(given, "val_samples" in settings or is_keras_1())
        return self.evaluate(_Again(batches, steps), verbose=0)

    def predict_generator(self, *args: Any, **settings: Any) -> Any:
        """Return the outputs for what a generator yields."""
        names = ("generator", "steps", "max_queue_size", "workers", "use_multiprocessing", "verbose")
        given = by_name("predict_generator", names, names, args, settings)
        batches, steps = self._some(given, "val_samples" in settings or is_keras_1())
        return self.predict(_Again(batches, steps))

    def _some(self, given: dict[str, Any], counts_samples: bool) -> tuple[Any, int]:
        source, steps = given["generator"], given.get("steps")
        steps = len(source) if steps is None and hasattr(source, "__len__") else steps
        if steps is None:
            raise ValueError("steps is missing. Give the number of batches.")
        batches = iter(_batches(source))
        return _in_samples(batches, int(steps)) if counts_samples else (batches, int(steps))


class _Again:
    """So many batches of a generator, each time it is gone over the next ones."""

    def __init__(self, batches: Iterator[Any], steps: int) -> None:
        self._batches, self._steps = batches, steps

    def __iter__(self) -> Iterator[Any]:
        for _ in range(self._steps):
            yield next(self._batches)


def _batches(source: Any, is_shuffled: bool = False) -> Iterator[Any]:
    """Yield the batches of a generator, or of something with places over and over."""
    if hasattr(source, "__getitem__") and hasattr(source, "__len__"):
        places = list(range(len(source)))
        while True:
            if is_shuffled:
                random.shuffle(places)  # by Python's own generator, as Keras did
            for place in places:
                yield source[place]
            getattr(source, "on_epoch_end", lambda: None)()
    yield from iter(source)


def _in_samples(batches: Iterator[Any], samples: int) -> tuple[Iterator[Any], int]:
    """Return batches and how many of them are an epoch of so many samples, by the size of the first.

    Raises
    ------
    ValueError
        If there is none.
    """
    first = next(batches, None)
    if first is None:
        raise ValueError("the generator yields nothing. Give one that goes on.")
    size = _rows_of(first[0] if isinstance(first, tuple | list) else first)

    def chained() -> Iterator[Any]:
        yield first
        yield from batches

    return chained(), -(-samples // size)


def _noting(batches: Iterator[Any], sizes: Sizes) -> Iterator[Any]:
    """Yield batches, their sizes noted."""
    for batch in batches:
        sizes.seen.append(_rows_of(batch[0] if isinstance(batch, tuple | list) else batch))
        yield tuple(batch) if isinstance(batch, list) else batch


def _named(metric: Metric, before: str) -> Metric:
    """Return a metric with something before its name."""
    return replace(metric, name=f"{before}{metric.name}") if before else metric


def _metrics_of(given: Any, output: str, place: int, count: int) -> list[Any]:
    """Return the metrics of one output."""
    if given is None:
        return []
    if isinstance(given, dict):
        found = given.get(output, [])
        return list(found) if isinstance(found, list | tuple) else [found]
    if not isinstance(given, list | tuple):
        return [given]
    if any(isinstance(each, list | tuple) for each in given):
        found = given[place] if place < len(given) else []
        return list(found) if isinstance(found, list | tuple) else [found]
    return list(given)


def _rows_of(x: Any) -> int:
    """Return how many samples there are."""
    if isinstance(x, dict):
        x = next(iter(x.values()))
    if isinstance(x, list | tuple) and x and hasattr(x[0], "shape") and np.ndim(x[0]) > 0:
        x = x[0]
    return len(x) if x is not None else 0


def _refuse_callbacks(caller: str, given: dict[str, Any]) -> None:
    if given.get("callbacks"):
        raise ValueError(f"{caller}(callbacks=...): only fit() tells callbacks. Leave them out.")


def _refuse_sums(caller: str, reset_metrics: bool) -> None:
    if not reset_metrics:
        raise ValueError(f"{caller}(reset_metrics=False): metrics are those of one batch. Use evaluate() for more.")


def _check_weights(caller: str, sample_weight: Any, class_weight: Any) -> None:
    """Refuse weights of 0 where Keras divided by how many are not, in each batch, and both kinds where it took one.

    Raises
    ------
    ValueError
        If there are some, or both are given.
    """
    if not is_alone():
        return
    if sample_weight is not None and class_weight is not None and not keeps_names():
        raise ValueError(
            f"{caller}: got sample_weight and class_weight. Keras before 2.3 passed over the weights of classes then. "
            f"Leave one of them out, or multiply them yourself."
        )
    weights = np.asarray([] if sample_weight is None else sample_weight)
    if (weights == 0).any() or 0 in (class_weight or {}).values():
        raise ValueError(
            f"{caller}: a weight is 0. Keras before TensorFlow 2 divides a batch's loss by the number of weights that "
            f"are not 0, which is not provided. Leave these samples out."
        )
