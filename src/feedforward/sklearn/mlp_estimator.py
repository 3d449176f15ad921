"""What the classifier and the regressor share: parameters and their checks, fitting, when to stop, and pickles.

Names, meanings and messages of progress are those of scikit-learn 1.9, ``sklearn.neural_network``. Not here: what is
minimised (``mlp_goal.py``), the network (``mlp_network.py``) and its steps (``mlp_training.py``).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from feedforward.graph.node import Array
from feedforward.lookup import did_you_mean
from feedforward.nn.activating import as_name
from feedforward.nn.config import Range, check_bool, check_choice, check_int, check_number
from feedforward.nn.optimizers import OPTIMIZERS, SGD, Adam, Optimizer
from feedforward.sklearn.mlp_goal import Goal
from feedforward.sklearn.mlp_network import Architecture, dense_layers
from feedforward.sklearn.mlp_training import Descent, Rows, Surface
from feedforward.tensor import store
from feedforward.training.checkpoint import from_bytes, to_bytes
from feedforward.training.model import Model

__all__ = ["MLP", "is_stochastic"]

_NUMBERS = {
    "alpha": Range(0),
    "learning_rate_init": Range(0, has_low=False),
    "power_t": Range(0),
    "tol": Range(0),
    "momentum": Range(0, 1),
    "validation_fraction": Range(0, 1, has_high=False),
    "beta_1": Range(0, 1, has_high=False),
    "beta_2": Range(0, 1, has_high=False),
    "epsilon": Range(0, has_low=False),
}
_INTS = {"max_iter": 1, "max_fun": 1, "embedding_size": 0}
_BOOLS = ("shuffle", "warm_start", "nesterovs_momentum", "early_stopping", "batch_normalization")

_SMALLEST_RATE = 1e-6
"""A rate that adapts is not divided further from here on."""

_BLOCK = 1024
"""Rows that are predicted at a time."""


def is_stochastic(estimator: MLP) -> bool:
    """Return whether a solver goes over batches, so that there is a `partial_fit`."""
    if estimator._is("lbfgs"):
        raise AttributeError(
            f"{type(estimator).__name__}(solver='lbfgs'): partial_fit takes steps on batches, which L-BFGS does not. "
            f"Use solver='adam' or 'sgd'."
        )
    return True


@dataclass(eq=False, repr=False, kw_only=True)
class MLP(BaseEstimator):  # type: ignore[misc]  # scikit-learn carries no types
    """Base of `MLPClassifier` and `MLPRegressor`: multi-layer perceptrons with scikit-learn's parameters, and more.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int
        The units of each hidden layer.
    activation : str, callable, ActivationLayer, or a list or tuple of them
        What is applied to hidden layers: ``"identity"``, ``"logistic"``, ``"tanh"``, ``"relu"``, any of
        `feedforward.activations`, or one for each layer.
    solver : {"adam", "sgd", "lbfgs"}, another name of `feedforward.optimizers`, or an Optimizer
        What makes the loss small. Named ones have the rate `learning_rate_init`; an object keeps its own, which may be
        a schedule, and is copied.
    alpha : float
        What the squares of weights cost: alpha / 2 sum(W^2) / n is added to the mean loss of a batch of n samples, or
        of samples whose weights add up to n.
    batch_size : int or "auto"
        Samples in a batch; ``"auto"`` is 200, or all there are.
    learning_rate : {"constant", "invscaling", "adaptive"}
        Of ``"sgd"``: fixed; divided by t^power_t after t samples; or divided by 5 whenever training would have stopped.
    learning_rate_init, power_t, momentum, nesterovs_momentum : float, float, float, bool
        Settings of ``"sgd"``; the first of every named solver.
    beta_1, beta_2, epsilon : float
        Settings of ``"adam"``, see `feedforward.optimizers.Adam`.
    max_iter : int
        The most epochs, of ``"lbfgs"`` iterations.
    max_fun : int
        The most evaluations of the loss by ``"lbfgs"``.
    shuffle : bool
        Whether each epoch goes over the samples in another order.
    random_state : int, RandomState or None
        What weights, orders and the samples held out are drawn by: for an int as scikit-learn draws them, so that a
        fit gives its weights up to rounding.
    tol, n_iter_no_change : float, int or inf
        Training stops when the loss, or the validation's score, has not improved by `tol` for so many epochs.
        ``"lbfgs"``: the largest element of the gradient at which to stop.
    verbose : bool or int
        Whether the loss of each epoch is printed.
    warm_start : bool
        Whether `fit` goes on from the weights that are there.
    early_stopping : bool
        Whether a part of the samples is held out, training stops by their score, and the best weights are kept.
    validation_fraction : float
        How large that part is.
    dropout : float or sequence of float
        The share of the outputs of hidden layers that is set to 0 in training: of all, or of each.
    batch_normalization : bool
        Whether the sums of hidden layers are standardised over each batch before their activation.
    categorical_features : sequence of int, str or bool, optional
        Columns that hold numbers of categories: their places, their names, or True for each of them.
    embedding_size : int
        The length of the vector that is learned for each category; 0 for one input for each, 1 where it is that one.
        A category that `fit` did not see is a vector of zeros.

    Attributes
    ----------
    model_ : feedforward.Model
        The network: save it, explain it, predict with it.
    coefs_, intercepts_ : list of arrays
        The kernels, shape (inputs, units), and biases, shape (units,), of the layers. The lists are copies: to change
        the network assign to ``coefs_``.
    loss_, best_loss_ : float
        The loss of the last epoch, and the smallest; the second is None with early stopping.
    loss_curve_, validation_scores_ : list of float
        Of each epoch; the second is None without early stopping, whose best is ``best_validation_score_``.
    n_iter_, t_ : int
        The epochs of this fit, and the samples gone over in all of them.
    n_features_in_, n_layers_, n_outputs_ : int
        Columns, layers with input and output, outputs.
    feature_names_in_ : array of str
        The columns' names, if x was a frame.
    out_activation_ : str
        What is applied to the outputs.

    Notes
    -----
    float32 is computed in float32, all else in float64; ``"lbfgs"`` always in float64. Rows may be sparse: they are
    made dense a few at a time. The updates are scikit-learn's, with one exception: for several outputs L-BFGS follows
    the squared error's sum over them, of which it has the gradient, where scikit-learn gives it the mean beside the
    gradient of the sum.

    A pickle holds parameters, numbers and the bytes of the model's file, the optimizer's state among them, so that
    `partial_fit` goes on from it.

    The cross-entropy is that of the outputs before their activation; scikit-learn keeps probabilities away from 0 by
    eps first, so that losses differ, and with them the steps of ``"lbfgs"``, where a row is so wrong.

    References
    ----------
    Kingma and Ba, "Adam: a method for stochastic optimization", 2015. Byrd, Lu, Nocedal and Zhu, "A limited memory
    algorithm for bound constrained optimization", 1995.
    """

    if TYPE_CHECKING:  # what each of the two has as its first parameters
        hidden_layer_sizes: Any
        activation: Any
        loss: Any

    solver: Any = "adam"
    alpha: float = 0.0001
    batch_size: int | str = "auto"
    learning_rate: str = "constant"
    learning_rate_init: float = 0.001
    power_t: float = 0.5
    max_iter: int = 200
    shuffle: bool = True
    random_state: Any = None
    tol: float = 1e-4
    verbose: bool | int = False
    warm_start: bool = False
    momentum: float = 0.9
    nesterovs_momentum: bool = True
    early_stopping: bool = False
    validation_fraction: float = 0.1
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    n_iter_no_change: int | float = 10
    max_fun: int = 15000
    dropout: Any = 0.0
    batch_normalization: bool = False
    categorical_features: Any = None
    embedding_size: int = 0

    _takes_numbers: ClassVar[bool]

    if TYPE_CHECKING:

        def _targets(self, y: Array, is_first: bool, is_partial: bool) -> tuple[Array, Goal]:
            """Return targets as the network is trained on them, and what is minimised."""

        def _score_of(self, outputs: Array, targets: Array, weight: Array | None) -> float:
            """Return how good outputs are: what early stopping goes by."""

    @property
    def coefs_(self) -> list[Array]:
        """The kernels of the layers; assigning a list of arrays changes the network."""
        return [layer.kernel.numpy() for layer in dense_layers(self._fitted("coefs_"))]

    @coefs_.setter
    def coefs_(self, arrays: Sequence[Any]) -> None:
        for layer, kernel in zip(dense_layers(self._fitted("coefs_")), arrays, strict=True):
            layer.set_weights([kernel, layer.weights[1]])

    @property
    def intercepts_(self) -> list[Array]:
        """The biases of the layers; assigning a list of arrays changes the network."""
        return [layer.weights[1].numpy() for layer in dense_layers(self._fitted("intercepts_"))]

    @intercepts_.setter
    def intercepts_(self, arrays: Sequence[Any]) -> None:
        for layer, bias in zip(dense_layers(self._fitted("intercepts_")), arrays, strict=True):
            layer.set_weights([layer.kernel, bias])

    def _fitted(self, name: str) -> Model:
        model = vars(self).get("model_")
        if model is None:
            kind = type(self).__name__
            raise AttributeError(f"{kind}.{name}: there is none before fit. Expected a fitted {kind}. Call fit(x, y).")
        found: Model = model
        return found

    def __sklearn_is_fitted__(self) -> bool:
        return "model_" in vars(self)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        state.pop("_descent", None)  # compiled code, which is made anew
        if "model_" in state:
            state["model_"] = to_bytes(state["model_"])
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        if isinstance(content := state.get("model_"), bytes):
            state = {**state, "model_": from_bytes(content, "the pickle", None)}
        super().__setstate__(state)

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train the network.

        Parameters
        ----------
        X : array, frame or sparse matrix, shape (n, d)
            The rows, of finite numbers.
        y : array, shape (n,) or (n, k)
            Labels, or numbers.
        sample_weight : array, shape (n,), optional
            What each sample weighs, at least 0.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            If a parameter is out of its range, or rows and targets do not fit.
        NotFiniteError
            If the loss or a weight becomes NaN or infinite; names the batch and the layer.

        Warns
        -----
        ConvergenceWarning
            If training ended by `max_iter`.
        """
        return self._fit(X, y, sample_weight, is_partial=False)

    def _fit(self, x: Any, y: Any, sample_weight: Any, is_partial: bool) -> Self:
        self._check_parameters(is_partial)
        is_first = not self.__sklearn_is_fitted__() or not (self.warm_start or is_partial)
        x, y = validate_data(
            self,
            x,
            y,
            accept_sparse="csr",
            multi_output=True,
            y_numeric=self._takes_numbers,
            dtype=(np.float64, np.float32),
            reset=is_first,
        )
        if is_first:
            self._dtype = np.dtype(np.float64) if self._is("lbfgs") else x.dtype
        x = np.ascontiguousarray(x, self._dtype) if isinstance(x, np.ndarray) else x.astype(self._dtype)
        targets, goal = self._targets(y, is_first, is_partial)
        weight = self._weights(sample_weight, x, y, is_partial)
        draws = check_random_state(self.random_state)
        if is_first:
            self._begin(x, goal, draws)
        rest = [targets if goal.takes_codes else targets.astype(self._dtype)]
        rows = Rows(x, rest if weight is None else [*rest, weight])
        if self._is("lbfgs"):
            self._minimise(rows, goal)
        else:
            self._descend(rows, goal, draws, is_first, is_partial)
        return self

    def _weights(self, sample_weight: Any, x: Any, y: Array, is_partial: bool) -> Array | None:
        """Return what each sample weighs."""
        if sample_weight is None:
            return None
        weight: Array = _check_sample_weight(sample_weight, x, dtype=x.dtype)
        if (weight < 0).any():
            raise ValueError(
                f"{type(self).__name__}: sample_weight holds {weight.min():g}, in row {int(weight.argmin())}. Expected "
                f"numbers >= 0. Leave out rows that are not to count, or give them 0."
            )
        return weight

    def _begin(self, x: Any, goal: Goal, draws: np.random.RandomState) -> None:
        """Make the network."""
        hidden = self._hidden()
        activations = self.activation if isinstance(self.activation, list | tuple) else [self.activation]
        architecture = Architecture(
            x.shape[1],
            hidden,
            tuple(activations) if len(activations) > 1 else (*activations,) * max(len(hidden), 1),
            goal.outputs,
            goal.out_activation,
            self._dropout(),
            bool(self.batch_normalization),
            self._categories(x),
            int(self.embedding_size),
            self._dtype.name,
        )
        self.model_ = architecture.model(draws)
        self.t_ = 0
        self.n_layers_ = len(hidden) + 2
        self.n_outputs_ = goal.outputs
        self.out_activation_ = goal.out_activation

    def _begin_record(self) -> None:
        """Begin the record of epochs, by which training stops."""
        self.loss_curve_: list[float] = []
        self._no_improvement_count = 0
        self.validation_scores_: Any = [] if self.early_stopping else None
        self.best_validation_score_: Any = -math.inf if self.early_stopping else None
        self.best_loss_: Any = None if self.early_stopping else math.inf
        self._best = self._values()

    def _minimise(self, rows: Rows, goal: Goal) -> None:
        """Train by L-BFGS."""
        surface = Surface(self.model_, goal, float(self.alpha), rows)
        found = surface.minimise(self.max_iter, self.max_fun, self.tol, self._tell)
        self.n_iter_ = min(int(found.nit), self.max_iter)
        self.loss_ = found.reported
        if found.status == 1:  # of iterations or evaluations; what SciPy calls abnormal is as low as rounding allows
            warnings.warn(
                f"lbfgs: {found.nit} iterations and {found.nfev} evaluations were not enough to converge: "
                f"{found.message}. Expected a gradient of at most tol={self.tol:g}. Scale the columns, or raise "
                f"max_iter={self.max_iter} or max_fun={self.max_fun}.",
                ConvergenceWarning,
                stacklevel=4,
            )

    def _descend(self, rows: Rows, goal: Goal, draws: np.random.RandomState, is_first: bool, is_partial: bool) -> None:
        """Train by steps on batches."""
        has_scores = vars(self).get("validation_scores_") is not None
        if is_first or "loss_curve_" not in vars(self) or has_scores != self.early_stopping:
            self._begin_record()
        descent = self._descent_for(rows, goal, is_first or not is_partial)
        order: Array = np.arange(rows.x.shape[0])
        held_out: Array | None = None
        if self.early_stopping:
            # As scikit-learn draws them: of two classes alike many, of more as they come.
            alike = rows.rest[0] if goal.outputs == 1 and not self._takes_numbers else None
            order, held_out = train_test_split(
                order, random_state=draws, test_size=self.validation_fraction, stratify=alike
            )
            if len(held_out) < 2:
                raise ValueError(
                    f"{type(self).__name__}(validation_fraction={self.validation_fraction!r}): the validation set is "
                    f"too small, {len(held_out)} of {len(order) + 1} samples. Expected 2 or more. Raise the fraction."
                )
        batch_size = self._batch_size(len(order))
        self.n_iter_ = 0
        try:
            for _ in range(1 if is_partial else self.max_iter):
                if self.shuffle:
                    order = order[draws.permutation(len(order))]
                self.loss_ = descent.epoch(rows, order, batch_size)
                self.n_iter_ += 1
                self.t_ += len(order)
                self.loss_curve_.append(self.loss_)
                self._tell(self.n_iter_, self.loss_)
                self._note(rows, held_out)
                if self._is("sgd") and self.learning_rate == "invscaling":
                    descent.optimizer.learning_rate = self.learning_rate_init / (self.t_ + 1) ** self.power_t
                if self._no_improvement_count > self.n_iter_no_change and self._is_stopping(descent.optimizer):
                    break
            else:
                if not is_partial:
                    warnings.warn(
                        f"{type(self).__name__}: max_iter={self.max_iter} epochs were not enough to converge. Expected "
                        f"{self.n_iter_no_change} epochs that improve by less than tol={self.tol:g}. Raise max_iter.",
                        ConvergenceWarning,
                        stacklevel=4,
                    )
        except KeyboardInterrupt:
            warnings.warn("Training interrupted by user.", stacklevel=4)
        if self.early_stopping:
            store(self.model_.weights, self._best)
        elif descent.optimizer.use_ema and self.n_iter_:  # see `Optimizer`
            descent.optimizer.finalize_variable_values(self.model_.trainable_weights)

    def _descent_for(self, rows: Rows, goal: Goal, is_new: bool) -> Descent:
        """Return what goes over the batches: with an optimizer that begins, or goes on."""
        key = (goal, self.alpha, len(rows.rest))
        before: tuple[Any, Descent] | None = vars(self).get("_descent")
        if not is_new and before is not None and before[0] == key:
            return before[1]
        optimizer = None if is_new else self.model_.optimizer
        if optimizer is None:
            optimizer = self._optimizer()
            self.model_.compile(optimizer, goal.loss)
        descent = Descent(self.model_, optimizer, goal, float(self.alpha), rows)
        self._descent = key, descent
        return descent

    def _note(self, rows: Rows, held_out: Array | None) -> None:
        """Note whether an epoch brought anything better."""
        if held_out is None:
            now, best = -self.loss_, -self.best_loss_
        else:
            targets = rows.rest[0][held_out]
            weight = rows.rest[1][held_out] if len(rows.rest) > 1 else None
            now = self._score_of(self._computed(rows.x[held_out]), targets, weight)
            best = self.best_validation_score_
            self.validation_scores_.append(now)
            if self.verbose:
                print(f"Validation score: {now:f}")
        # As in scikit-learn what reaches the best and tol is enough.
        is_short = now < best + self.tol
        self._no_improvement_count = self._no_improvement_count + 1 if is_short else 0
        if now > best:
            if held_out is None:
                self.best_loss_ = self.loss_
            else:
                self.best_validation_score_ = now
                self._best = self._values()

    def _values(self) -> list[Array]:
        return [weight.numpy().copy() for weight in self.model_.weights]

    def _is_stopping(self, optimizer: Optimizer) -> bool:
        """Return whether to stop where nothing improves, or to go on with a smaller rate."""
        what = "Validation score" if self.early_stopping else "Training loss"
        message = f"{what} did not improve more than tol={self.tol:f} for {self.n_iter_no_change} consecutive epochs."
        rate: Any = optimizer.learning_rate
        is_adapting = self._is("sgd") and self.learning_rate == "adaptive"
        if is_adapting and rate > _SMALLEST_RATE:
            optimizer.learning_rate = rate / 5.0
            self._no_improvement_count = 0
            if self.verbose:
                print(f"{message} Setting learning rate to {rate / 5.0:f}")
            return False
        if self.verbose:
            print(f"{message} {'Learning rate too small. ' if is_adapting else ''}Stopping.")
        return True

    def _tell(self, number: int, loss: float) -> None:
        if self.verbose:
            print(f"Iteration {number}, loss = {loss:.8f}")

    def _is(self, solver: str) -> bool:
        """Return whether the solver is the one that has this name in scikit-learn."""
        return isinstance(self.solver, str) and self.solver == solver

    def _optimizer(self) -> Optimizer:
        """Return a new optimizer."""
        rate = float(self.learning_rate_init)
        if isinstance(self.solver, Optimizer):
            return deepcopy(self.solver)
        if self._is("sgd"):
            return SGD(rate, float(self.momentum), bool(self.nesterovs_momentum))
        if self._is("adam"):
            return Adam(rate, float(self.beta_1), float(self.beta_2), float(self.epsilon))
        return OPTIMIZERS[self.solver](learning_rate=rate)

    def _batch_size(self, count: int) -> int:
        if self.batch_size == "auto":
            return min(200, count)
        if int(self.batch_size) > count:
            warnings.warn(
                f"{type(self).__name__}(batch_size={self.batch_size}): there are {count} samples, which are one batch. "
                f"Expected at most as many. Give batch_size='auto'.",
                stacklevel=5,
            )
        return min(int(self.batch_size), count)

    def _outputs(self, x: Any) -> Array:
        """Return what the network gives for rows of a user's."""
        if (
            type(x) is np.ndarray
            and x.ndim == 2
            and len(x) == 1
            and "feature_names_in_" not in vars(self)
            and "model_" in vars(self)
            and x.dtype == self._dtype
            and x.shape[1] == self.n_features_in_
            and np.isfinite(x).all()
        ):  # one row of which there is nothing else to check, as quickly as can be
            outputs: Array = self.model_.predict_on_batch(x)
            return outputs
        check_is_fitted(self)
        return self._computed(validate_data(self, x, accept_sparse="csr", reset=False))

    def _computed(self, x: Any) -> Array:
        """Return what the network gives for rows that were checked."""
        if isinstance(x, np.ndarray):
            return self.model_.outputs_for([np.ascontiguousarray(x, self._dtype)])[0]
        blocks = (x[start : start + _BLOCK].toarray() for start in range(0, x.shape[0], _BLOCK))
        return np.concatenate([self.model_.outputs_for([block.astype(self._dtype)])[0] for block in blocks])

    def _hidden(self) -> tuple[int, ...]:
        """Return the units of each hidden layer."""
        given = self.hidden_layer_sizes
        sizes = list(given) if isinstance(given, Iterable) else [given]
        for units in sizes:
            check_int(type(self).__name__, "hidden_layer_sizes", units, 1)
        return tuple(int(units) for units in sizes)

    def _dropout(self) -> tuple[float, ...]:
        """Return the share that is dropped of each hidden layer."""
        count, given = len(self._hidden()), self.dropout
        shares = list(given) if isinstance(given, Iterable) else [given] * count
        for share in shares:
            check_number(type(self).__name__, "dropout", share, Range(0, 1, has_high=False))
        self._check_count("dropout", shares, count)
        return tuple(float(share) for share in shares)

    def _check_count(self, name: str, given: Sequence[Any], count: int) -> None:
        if len(given) != count:
            raise ValueError(
                f"{type(self).__name__}({name}={getattr(self, name)!r}): {len(given)} of them for {count} hidden "
                f"layers. Expected one for each, or one for all. Change it or hidden_layer_sizes."
            )

    def _check_parameters(self, is_partial: bool) -> None:
        """Check what `fit` is to go by; see `fit`."""
        owner = type(self).__name__
        for name, allowed in _NUMBERS.items():
            check_number(owner, name, getattr(self, name), allowed)
        for name, least in _INTS.items():
            check_int(owner, name, getattr(self, name), least)
        for name in _BOOLS:
            value = getattr(self, name)
            check_bool(owner, name, bool(value) if isinstance(value, np.bool_) else value)
        if self.n_iter_no_change != math.inf:
            check_int(owner, "n_iter_no_change", self.n_iter_no_change, 1)
        if self.batch_size != "auto":
            check_int(owner, "batch_size", self.batch_size, 1)
        check_choice(owner, "learning_rate", self.learning_rate, ("constant", "invscaling", "adaptive"))
        count = len(self._hidden())
        self._dropout()
        if isinstance(self.activation, list | tuple):
            self._check_count("activation", self.activation, count)
        for one in self.activation if isinstance(self.activation, list | tuple) else [self.activation]:
            as_name({"identity": "linear", "logistic": "sigmoid"}.get(one, one) if isinstance(one, str) else one)
        names = ["lbfgs", *OPTIMIZERS]
        if isinstance(self.solver, str):
            if self.solver != "lbfgs" and OPTIMIZERS.find(self.solver) is None:
                raise ValueError(f"{owner}(solver={self.solver!r}): there is none. {did_you_mean(self.solver, names)}")
            if self.solver == "lbfgs" and (self.batch_normalization or any(self._dropout())):
                raise ValueError(
                    f"{owner}(solver='lbfgs'): dropout={self.dropout!r} and batch_normalization="
                    f"{self.batch_normalization!r} make the loss another function in each batch. Expected neither. "
                    f"Use solver='adam', or leave them out."
                )
        elif not isinstance(self.solver, Optimizer):
            raise TypeError(f"{owner}(solver={self.solver!r}): expected a name or an Optimizer. Give 'adam'.")
        elif self.solver.parameters:
            raise ValueError(
                f"{owner}(solver={self.solver!r}): it has the state of another network. Expected one that has taken no "
                f"step. Make a new one."
            )
        if self.early_stopping and is_partial:
            raise ValueError(
                f"{owner}(early_stopping=True): partial_fit makes one epoch, after which there is nothing to stop. "
                f"Expected early_stopping=False. Call fit."
            )

    def _categories(self, x: Any) -> tuple[tuple[int, Array], ...]:
        """Return the columns that hold categories, and the numbers that name them."""
        given = self.categorical_features
        if given is None:
            return ()
        names = list(vars(self).get("feature_names_in_", []))
        columns = list(given)
        if columns and all(isinstance(one, bool | np.bool_) for one in columns) and len(columns) == x.shape[1]:
            columns = [place for place, is_one in enumerate(columns) if is_one]
        found: list[int] = []
        for one in columns:
            place = names.index(one) if isinstance(one, str) and one in names else one
            is_place = isinstance(place, int | np.integer) and not isinstance(place, bool)
            if not is_place or not 0 <= place < x.shape[1] or place in found:
                raise ValueError(
                    f"{type(self).__name__}(categorical_features={given!r}): {one!r} is no column, or comes twice. "
                    f"Expected places from 0 to {x.shape[1] - 1}, names of columns, or a bool for each."
                )
            found.append(int(place))
        dense = [np.unique(x[:, [place]] if isinstance(x, np.ndarray) else x[:, [place]].toarray()) for place in found]
        return tuple(zip(found, dense, strict=True))
