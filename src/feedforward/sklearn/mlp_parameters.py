"""The parameters of an MLP estimator: what they are, what they may be, and what some of them stand for.

Not here: how a network is trained by them (``mlp_estimator.py``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator

from feedforward.graph.node import Array
from feedforward.lookup import did_you_mean
from feedforward.nn.activating import as_name
from feedforward.nn.config import Range, check_bool, check_choice, check_int, check_number
from feedforward.nn.optimizers import OPTIMIZERS, SGD, Adam, Optimizer

__all__ = ["Parameters"]

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


@dataclass(eq=False, repr=False, kw_only=True)
class Parameters(BaseEstimator):  # type: ignore[misc]  # scikit-learn carries no types
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
        Whether `fit` goes on from the weights that are there. What the network was made by may not change then.
    early_stopping : bool
        Whether a part of the samples is held out, training stops by their score, and the best weights are kept; not
        with ``"lbfgs"``, which looks at all samples at once.
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
        Of each epoch, with ``"lbfgs"`` there are none; the second is None without early stopping, whose best is
        ``best_validation_score_``.
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

    def _hidden(self) -> tuple[int, ...]:
        """Return the units of each hidden layer."""
        given = self.hidden_layer_sizes
        sizes = list(given) if _is_several(given) else [given]
        for units in sizes:
            check_int(type(self).__name__, "hidden_layer_sizes", units, 1)
        return tuple(int(units) for units in sizes)

    def _dropout(self) -> tuple[float, ...]:
        """Return the share that is dropped of each hidden layer."""
        count, given = len(self._hidden()), self.dropout
        shares = list(given) if _is_several(given) else [given] * count
        for share in shares:
            check_number(type(self).__name__, "dropout", share, Range(0, 1, has_high=False))
        self._check_count("dropout", shares, count)
        return tuple(float(share) for share in shares)

    def _activations(self) -> tuple[Any, ...]:
        """Return what is applied to each hidden layer; without any, what is given for all."""
        if isinstance(self.activation, list | tuple):
            return tuple(self.activation)
        return (self.activation,) * max(len(self._hidden()), 1)

    def _architecture(self) -> tuple[tuple[str, Any], ...]:
        """Return the settings that a network is made by, which it has for good."""
        columns = self.categorical_features
        return (
            ("hidden_layer_sizes", self._hidden()),
            ("activation", self._activations()),
            ("dropout", self._dropout()),
            ("batch_normalization", bool(self.batch_normalization)),
            ("categorical_features", None if columns is None else tuple(columns)),
            ("embedding_size", int(self.embedding_size)),
        )

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
        if not isinstance(self.verbose, bool | np.bool_):
            check_int(owner, "verbose", self.verbose, 0)
        columns = self.categorical_features
        if columns is not None and not _is_several(columns):
            raise ValueError(
                f"{owner}(categorical_features={columns!r}): expected several columns. Give [{columns!r}] for one."
            )
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


def _is_several(given: Any) -> bool:
    """Return whether a setting is several values: no iterator, which could be gone through but once."""
    return hasattr(given, "__len__") and np.iterable(given) and not isinstance(given, str)
