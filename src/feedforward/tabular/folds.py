"""Cross-validation: a network or estimator trained as often as there are folds, each time without one of them.

Not here: how many models are trained together (``training/many.py``), the choice of settings (``search.py``).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from feedforward import random
from feedforward.backends.backend import Look
from feedforward.errors import DataError, FormatError, NotFiniteError, ShapeError
from feedforward.figures import new_figure
from feedforward.graph.node import Array
from feedforward.nn.config import check_bool, check_int
from feedforward.tabular.bar import Bar
from feedforward.training.beside import beside
from feedforward.training.data import check_batch_size, check_rows
from feedforward.training.many import ManyModels
from feedforward.training.model import Model
from feedforward.training.network import Network

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["CrossValidation", "cross_validate", "fold_numbers", "labels_of", "redrawn", "seeds_of"]

_ROWS = 1024
"""Rows that are measured at a time."""


@dataclass(frozen=True, eq=False)
class CrossValidation:
    """What a cross-validation found.

    Parameters
    ----------
    fold_of : int64 array, shape (n,)
        The fold of each row, from 0 to k - 1: the model of that number was not trained on it.
    scores : dict of str to float64 array, shape (k,)
        The loss and the metrics of each model, measured on its fold; of an estimator what its `score` says.
    predictions : array, shape (n, ...)
        For each row the output of the model that was not trained on it: probabilities, where an estimator has them.
    models : list of Model or estimator
        The models, k of them.
    """

    fold_of: Array
    scores: dict[str, Array]
    predictions: Array = field(repr=False)
    models: list[Any] = field(repr=False)

    @property
    def means(self) -> dict[str, float]:
        """The mean of each score over the folds."""
        return {name: float(each.mean()) for name, each in self.scores.items()}

    @property
    def spreads(self) -> dict[str, float]:
        """The standard deviation of each score between folds: sqrt(sum (s - mean)^2 / (k - 1))."""
        return {name: float(each.std(ddof=1)) for name, each in self.scores.items()}

    def __str__(self) -> str:
        """Return mean and spread of each score, a line each."""
        means, spreads, count = self.means, self.spreads, len(self.models)
        return "\n".join(f"{name} {means[name]:.4g} ± {spreads[name]:.2g} ({count} folds)" for name in self.scores)

    def plot(self) -> Figure:
        """Return a figure of each score, a point for each fold and a line at the mean.

        Raises
        ------
        ImportError
            If Matplotlib is missing.
        """
        figure, all_axes = new_figure("plot", 1, len(self.scores), (3.5 * len(self.scores), 3.0))
        for (name, each), axes in zip(self.scores.items(), all_axes[0], strict=True):
            axes.plot(range(len(each)), each, "o")
            axes.axhline(each.mean(), linestyle="--")
            axes.set(xlabel="fold", title=name, xticks=range(len(each)))
        return figure  # type: ignore[no-any-return]


def cross_validate(
    model: Any,
    x: Any,
    y: Any,
    sample_weight: Any = None,
    *,
    folds: int = 5,
    epochs: int | None = None,
    batch_size: int | None = None,
    groups: Any = None,
    is_stratified: bool = True,
    seed: int = 0,
    verbose: str | int = "auto",
) -> CrossValidation:
    """Train a network, or an estimator, without each fold of the rows, all side by side, and measure it on that fold.

    Parameters
    ----------
    model : Model, callable, or estimator of this package
        A compiled model that was not trained yet: a copy of it is made for each fold, with weights drawn anew. Or what
        makes a compiled model, given the rows that it will be trained on, int array of shape (m,): for networks with
        parts that are adapted to data, such as `Normalization`, which must not see the fold that is left out. Or an
        estimator, such as those of `feedforward.linear`: a copy is fitted for each fold, with a `random_state` of its
        own where it has none.
    x, y, sample_weight
        The samples, as for `Model.fit` or the estimator's `fit`; y is one array, shape (n, ...).
    folds : int
        k, from 2 to n.
    epochs, batch_size : int, optional
        As for `Model.fit`; an estimator has its own.
    groups : sequence, shape (n,), optional
        Rows of one group, such as those of one patient, are in one fold.
    is_stratified : bool
        Whether each fold has its part of each class, where targets are classes; not together with `groups`.
    seed : int
        What folds, weights and orders come from, at least 0.
    verbose : "auto" or int
        0 shows nothing; else there is a bar in a terminal.

    Returns
    -------
    CrossValidation

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range, or the model is none, or was trained, or cannot be made anew.
    DataError
        If there are fewer rows, or groups, than folds, or not as many targets or weights as rows.
    NotFiniteError
        If the loss of a model becomes NaN or infinite.

    Notes
    -----
    Each model has the bits of one with its weights and seed that `Model.fit` trains on the same rows. Weights and order
    of model i come from the i-th seed of `seeds_of`. Ctrl-C ends all of it; fits of estimators that are under way go
    on in the background until they are over.

    Examples
    --------
    >>> import feedforward as ff
    >>> (x, y), _ = ff.datasets.digits()
    >>> model = ff.Sequential([ff.Input((64,)), ff.layers.Dense(10, "softmax")])
    >>> model.compile(ff.optimizers.Adam(0.01), "sparse_categorical_crossentropy", ["accuracy"])
    >>> found = cross_validate(model, x.reshape(-1, 64) / 16, y, folds=3, epochs=5, verbose=0)
    >>> found.means["accuracy"] > 0.8, found.predictions.shape == (len(y), 10)
    (True, True)
    """
    caller = "cross_validate"
    check_int(caller, "folds", folds, 2)
    check_int(caller, "seed", seed, 0)
    for name, value in (("epochs", epochs), ("batch_size", batch_size)):
        if value is not None:
            check_int(caller, name, value, 1)
    check_bool(caller, "is_stratified", is_stratified)
    _check_model(model, caller)
    targets = np.asarray(y)
    if not targets.ndim:
        raise ShapeError(f"{caller}: y is {y!r:.60}. Expected one array, shape (n, ...): give a target for each row.")
    labels = labels_of(targets) if is_stratified and groups is None else None
    fold_of = fold_numbers(len(targets), folds, labels=labels, groups=groups, seed=seed)
    trained = [np.flatnonzero(fold_of != fold) for fold in range(folds)]
    held = [np.flatnonzero(fold_of == fold) for fold in range(folds)]
    if _is_estimator(model):
        if epochs is not None or batch_size is not None:
            raise TypeError(f"{caller}(epochs, batch_size): an estimator has its own. Give them to the estimator.")
        inputs = {f"x[{name!r}]": each for name, each in x.items()} if isinstance(x, dict) else {"x": x}
        check_rows(inputs | {"y": y} | ({} if sample_weight is None else {"sample_weight": sample_weight}), caller)
        return _of_estimators(model, x, y, sample_weight, fold_of, trained, held, seed, verbose)
    models = [
        redrawn(model, each, caller) if isinstance(model, Model) else _made(model, rows, each)
        for each, rows in zip(seeds_of(seed, folds), trained, strict=True)
    ]
    size, epochs = check_batch_size(batch_size, caller), epochs or 1
    many, bar = ManyModels(models), Bar(verbose)
    try:
        for epoch in range(epochs):
            orders = [rows[random.order(len(rows), one.seed, epoch)] for rows, one in zip(trained, models, strict=True)]
            logs = many.train_on_batches(x, y, sample_weight, order=orders, batch_size=size)
            bar.show((epoch + 1) / epochs, f"epoch {epoch + 1}/{epochs}  {folds} folds  loss {logs['loss'].mean():.4g}")
            if many.is_stopped.any():
                number = int(many.is_stopped.argmax())
                raise NotFiniteError(
                    f"{caller}: the loss of the model without fold {number} became NaN or infinite in epoch "
                    f"{epoch + 1}. Expected finite numbers: lower the learning rate, or look for bad values in x and y."
                )
    finally:
        bar.close()
    scores = many.evaluate(x, y, _ROWS, sample_weight, order=held)
    outputs = many.predict(x)
    predictions = outputs[fold_of, np.arange(len(fold_of))]
    return CrossValidation(fold_of, scores, predictions, [many.model(fold) for fold in range(folds)])


def fold_numbers(n: int, folds: int, *, labels: Array | None = None, groups: Any = None, seed: int = 0) -> Array:
    """Return the fold of each row, from 0 to k - 1, int64 array of shape (n,).

    Parameters
    ----------
    n, folds : int
        How many rows, and k.
    labels : array, shape (n,), optional
        The class of each row.
    groups : sequence, shape (n,), optional
        The group of each row: all rows of a group are in one fold.
    seed : int
        What draws come from.

    Raises
    ------
    DataError
        If there are fewer rows, or groups, than folds, or groups cannot be sorted.
    ShapeError
        If there is no group for each row.

    Notes
    -----
    Rows in random order are dealt out like cards, class after class: folds differ by one row at most, and so do the
    rows of each class in them. Groups, the largest first, go to the fold that has the fewest rows by then.

    Examples
    --------
    >>> fold_numbers(7, 3, groups=["a", "a", "b", "c", "c", "c", "d"]).tolist()
    [1, 1, 2, 0, 0, 0, 2]
    """
    generator = np.random.default_rng([seed, 1])
    found = np.empty(n, np.int64)
    if groups is None:
        if n < folds:
            raise DataError(f"folds: there are {n} rows for {folds} folds. Give a row for each, or fewer folds.")
        order = generator.permutation(n)
        if labels is not None:
            order = order[np.argsort(labels[order], kind="stable")]
        found[order] = np.arange(n) % folds
        return found
    given = np.asarray(groups)
    if given.shape != (n,):
        raise ShapeError(f"folds: groups have shape {given.shape}. Expected ({n},): give the group of each row.")
    try:
        names, group_of, sizes = np.unique(given, return_inverse=True, return_counts=True)
    except TypeError as error:
        raise DataError(f"folds: groups hold what has no order ({error}). Give texts, or numbers, for all.") from None
    if len(names) < folds:
        raise DataError(f"folds: there are {len(names)} groups for {folds} folds. Give fewer folds.")
    order = generator.permutation(len(names))
    fold_of_group, filled = np.empty(len(names), np.int64), np.zeros(folds, np.int64)
    for group in order[np.argsort(-sizes[order], kind="stable")]:
        fold_of_group[group] = filled.argmin()
        filled[filled.argmin()] += sizes[group]
    return fold_of_group[group_of]


def labels_of(y: Array) -> Array | None:
    """Return the class of each row, where targets are classes: integers, bools or text, or one-hot rows; else None."""
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim == 1:
        is_binary = y.dtype.kind == "f" and bool(np.isin(y, (0, 1)).all())
        return np.unique(y, return_inverse=True)[1] if y.dtype.kind in "iubUS" or is_binary else None
    is_one_hot = y.ndim == 2 and bool(np.isin(y, (0, 1)).all() and (y.sum(1) == 1).all())
    return y.argmax(1) if is_one_hot else None


def seeds_of(seed: int, count: int) -> list[int]:
    """Return so many seeds for models, from one."""
    return [int(each >> np.uint64(1)) for each in np.random.SeedSequence(seed).generate_state(count, np.uint64)]


def redrawn(model: Model, seed: int, caller: str) -> Model:
    """Return a copy of a compiled model whose weights are drawn anew, from a seed that is the copy's.

    Raises
    ------
    ValueError
        If a layer was adapted to data, or the model cannot be made anew from its layers' settings alone.
    """
    adapted = next((layer.name for layer in model.all_layers() if hasattr(layer, "adapt")), None)
    if adapted is not None:
        raise ValueError(
            f"{caller}: layer {adapted!r} was adapted to data, which may hold the rows that are left out. Give a "
            f"function that makes a compiled model, and adapts it to the rows that it is given."
        )
    try:
        with random.drawing_from(seed, 0):
            network = Network.from_config(model.network.to_config(), model.network.max_elements)
            drawn = Model.of_network(network, str(model.name), model.has_many_outputs).get_weights()
        made = copy.deepcopy(model)
    except FormatError as error:
        raise ValueError(
            f"{caller}: the model cannot be made anew from the settings of its layers ({error}). Give a function that "
            f"makes a compiled model, given the rows that it will be trained on."
        ) from error
    made.set_weights(drawn)
    made.seed = seed
    return made


def _made(make: Callable[[Array], Model], rows: Array, seed: int) -> Model:
    """Return what a user's function makes, drawing from a seed."""
    with random.drawing_from(seed, 0):
        made = make(rows)
    if not isinstance(made, Model):
        raise TypeError(f"cross_validate: the function returned {made!r:.60}. Expected a compiled Model: return one.")
    return made


def _check_model(model: Any, caller: str) -> None:
    if isinstance(model, Model):
        optimizer, _ = model.ready(caller)
        if int(optimizer.iterations.numpy()):
            raise ValueError(
                f"{caller}: the model was trained for {int(optimizer.iterations.numpy())} batches. Expected a new one: "
                f"make and compile it again."
            )
    elif hasattr(model, "get_params") and not _is_estimator(model):
        raise TypeError(
            f"{caller}: {type(model).__name__} is no estimator of this package. Expected one, a compiled Model, or a "
            f"function that makes one. Use sklearn.model_selection.cross_validate for others."
        )
    elif not callable(model) and not _is_estimator(model):
        raise TypeError(f"{caller}: model is {model!r:.60}. Expected a compiled Model, or a function that makes one.")


def _is_estimator(model: Any) -> bool:
    """Return whether something is an estimator of this package, or a user's subclass of one."""
    is_ours = any(one.__module__.startswith("feedforward.") for one in type(model).__mro__)
    return is_ours and not isinstance(model, Model) and hasattr(model, "fit") and hasattr(model, "score")


def _of_estimators(
    estimator: Any,
    x: Any,
    y: Any,
    sample_weight: Any,
    fold_of: Array,
    trained: Sequence[Array],
    held: Sequence[Array],
    seed: int,
    verbose: str | int,
) -> CrossValidation:
    """Fit a copy of an estimator for each fold, beside each other, and measure it."""
    bar, done = Bar(verbose), []

    def fitted(one: Any, rows: Array, other: Array, _: Look) -> tuple[float, Array]:
        def weights(chosen: Array) -> dict[str, Any]:
            return {} if sample_weight is None else {"sample_weight": _taken(sample_weight, chosen)}

        one.fit(_taken(x, rows), _taken(y, rows), **weights(rows))
        part = _taken(x, other)
        outputs = one.predict_proba(part) if hasattr(one, "predict_proba") else one.predict(part)
        done.append(one)
        bar.show(len(done) / len(held), f"{len(done)}/{len(held)} folds")
        return float(one.score(part, _taken(y, other), **weights(other))), np.asarray(outputs)

    copies = [copy.deepcopy(estimator) for _ in held]
    for one, own in zip(copies, seeds_of(seed, len(held)), strict=True):
        if getattr(one, "random_state", 0) is None:
            one.random_state = own % 2**32  # what NumPy's generators take
    try:
        tasks = [partial(fitted, *each) for each in zip(copies, trained, held, strict=True)]
        found = beside(tasks, is_left=True)
    finally:
        bar.close()
    classes = [np.asarray(getattr(one, "classes_", ())).tolist() for one in copies]
    if classes.count(classes[0]) < len(classes):
        raise DataError(
            f"cross_validate: all rows of a class are in one fold, so that models know other classes: "
            f"{str(classes)[:200]}. Give fewer folds, or leave such classes out."
        )
    predictions = np.empty((len(fold_of), *found[0][1].shape[1:]), found[0][1].dtype)
    for rows, (_, outputs) in zip(held, found, strict=True):
        predictions[rows] = outputs
    return CrossValidation(fold_of, {"score": np.array([score for score, _ in found])}, predictions, copies)


def _taken(values: Any, rows: Array) -> Any:
    """Return rows of an array, a list, a CSR matrix, a data frame or a dict of columns."""
    if isinstance(values, dict):
        return {name: _taken(each, rows) for name, each in values.items()}
    if hasattr(values, "iloc"):
        return values.iloc[rows]
    return values[rows] if hasattr(values, "shape") else np.asarray(values)[rows]
