"""Preprocessing: layers that are fitted to training data once, by `adapt`, and then do the same to whatever comes.

What they found is kept as weights that training does not change, so that a model is saved with it. It is computed in
float64, in blocks of rows: data that are mapped from a file are never read as a whole. Not here: `Normalization`, which
takes its numbers as settings, too (``layers.py``), and what changes samples at random (``augmentation.py``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from feedforward.arrays import Origin, blocks, numbers
from feedforward.errors import DataError, ShapeError
from feedforward.figures import new_grid
from feedforward.functions import sqrt, transpose, where
from feedforward.graph.dimension import Dimension
from feedforward.graph.node import Array, location_text, shape_text
from feedforward.interrupts import held_interrupts
from feedforward.nn.config import Range, check_choice, check_int, check_number, is_int, registered
from feedforward.nn.layer import LAYERS, Layer, is_loading
from feedforward.tensor import Tensor, Variable

if TYPE_CHECKING:
    from matplotlib.figure import Figure  # an extra

__all__ = ["PCA", "Centering", "MinMaxScaling", "Whitening", "as_doubles", "check_finite", "means_of"]


@dataclass(eq=False)
class _Fitted(Layer):
    """What is fitted to data by `adapt`: a subclass says what it finds, and what it does with it."""

    _found: list[Array] | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._found = None

    def adapt(self, x: Any) -> None:
        """Fit the layer to the samples `x`, shape (n, ..., d), before it is first used, or again.

        Raises
        ------
        DataError
            If there are too few samples, they are not finite numbers, or float32 does not hold what is found.
        ShapeError, TypeError
            If rows differ in length, hold something else than numbers, or do not fit what the layer is built for.
        """
        name = f"{type(self).__name__}.adapt"
        data = numbers(x, f"{name}: x")
        if data.dtype.kind not in "biuf":
            raise TypeError(f"{name}: x is a {type(x).__name__}. Give an array with one row for each sample.")
        self._check(name, data)
        check_finite(name, data, Origin.of(x))
        found = self._fit(data)
        with np.errstate(over="ignore"):
            is_held = all(np.isfinite(each.astype(np.float32)).all() for each in found)
        if not is_held:
            raise DataError(
                f"{name}: the numbers of x are so large that float32 does not hold what is found. Scale them."
            )
        with held_interrupts():  # what it computes with and what it would be built with agree
            if self.is_built:
                self.set_weights(found)
            self._found = found

    def _check(self, name: str, data: Array) -> None:
        """Check that there are samples."""
        if data.ndim < 2 or not data.size:
            raise DataError(f"{name}: got shape {data.shape}. Give at least one sample, shape (n, d).")

    def _fit(self, data: Array) -> list[Array]:
        """Return the values of the weights, in float64."""
        raise NotImplementedError(f"{type(self).__name__} has no _fit(). Define _fit(self, data).")

    def _shapes(self, width: int) -> list[tuple[str, tuple[int, ...]]]:
        """Return the weights' names and shapes for so many features."""
        raise NotImplementedError(f"{type(self).__name__} has no _shapes(). Define _shapes(self, width).")

    def build(self, shape: tuple[Any, ...]) -> None:
        """Make what was found weights.

        Raises
        ------
        ValueError
            If the layer is not adapted yet.
        ShapeError
            If the input has no features, or not those of the data.
        """
        if len(shape) < 2 or isinstance(shape[-1], Dimension):
            raise ShapeError(
                f"layer {self.name!r}: input shape {shape_text(shape)}{location_text()}. {type(self).__name__} expects "
                f"(batch, d) with d known: give the Input its shape."
            )
        if self._found is None and not is_loading():
            raise ValueError(f"layer {self.name!r} is not fitted. Call adapt(x) with the training data first.")
        if self._found is not None and len(self._found[0]) != shape[-1]:
            raise ShapeError(
                f"layer {self.name!r}: adapted to {len(self._found[0])} features, input shape {shape_text(shape)}"
                f"{location_text()}. Give the same features."
            )
        for name, size in self._shapes(shape[-1]):
            setattr(self, f"_{name}", self.add_weight(name, size, "zeros", trainable=False))
        if self._found is not None:
            self.set_weights(self._found)

    def _values(self) -> list[Array]:
        """Return what was found.

        Raises
        ------
        ValueError
            If the layer is not adapted yet.
        """
        if self.is_built:
            return self.get_weights()
        if self._found is None:
            raise ValueError(f"layer {self.name!r} is not fitted. Call adapt(x) with the training data first.")
        return self._found


def check_finite(name: str, data: Array, origin: Origin) -> None:
    """Check that data that something is fitted to are finite; `name` is what messages begin with.

    Raises
    ------
    DataError
        If they are not; names rows and columns.
    """
    for first, block in blocks(data):
        is_bad = ~np.isfinite(block)
        if is_bad.any():
            cells = replace(origin, first=first).cells(is_bad)
            raise DataError(f"{name}: x holds {block[is_bad][0]} in {cells}. Fill or drop such samples.")


def as_doubles(data: Array) -> Iterator[Array]:
    """Yield the rows of data in blocks, as float64."""
    for _, block in blocks(data):
        yield np.asarray(block, np.float64)


def means_of(data: Array) -> Array:
    """Return the mean of each feature along the last axis: of equal numbers, that number."""
    width, rows = data.shape[-1], data.size // data.shape[-1]
    origin = np.asarray(data[:1], np.float64).reshape(-1, width)[0]
    total = np.zeros(width)
    for block in as_doubles(data):
        total += (block.reshape(-1, width) - origin).sum(0)
    means: Array = origin + total / rows
    return means


@registered(LAYERS)
@dataclass(eq=False)
class Centering(_Fitted):
    """A layer that takes the mean of each feature away: y = x - mean, features along the last axis.

    Examples
    --------
    >>> layer = Centering()
    >>> layer.adapt([[1.0, 5.0], [3.0, 7.0]])
    >>> print(layer([[2.0, 5.0]]))
    [[ 0. -1.]]
    """

    _mean: Variable = field(init=False, repr=False)

    def _fit(self, data: Array) -> list[Array]:
        return [means_of(data)]

    def _shapes(self, width: int) -> list[tuple[str, tuple[int, ...]]]:
        return [("mean", (width,))]

    def call(self, x: Tensor, training: bool) -> Tensor:
        """Return the centred x."""
        return self.as_float(x) - self._mean


@registered(LAYERS)
@dataclass(eq=False)
class MinMaxScaling(_Fitted):
    """A layer that maps the range of each feature to [low, high]: y = low + (x - min) (high - low) / (max - min).

    Parameters
    ----------
    low, high : float
        Where the smallest and the largest number of the training data go; low < high. Numbers beyond these go beyond.

    Notes
    -----
    Features are along the last axis. One that never varies becomes `low`.

    Raises
    ------
    ValueError
        If they are no such numbers.

    Examples
    --------
    >>> layer = MinMaxScaling()
    >>> layer.adapt([[1.0, 5.0], [3.0, 5.0]])
    >>> print(layer([[2.0, 5.0], [5.0, 5.0]]))
    [[0.5 0. ]
     [2.  0. ]]
    """

    low: float = 0.0
    high: float = 1.0
    _minimum: Variable = field(init=False, repr=False)
    _maximum: Variable = field(init=False, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("MinMaxScaling", "low", self.low, Range())
        check_number("MinMaxScaling", "high", self.high, Range(self.low, has_low=False))
        self.low, self.high = float(self.low), float(self.high)

    def _fit(self, data: Array) -> list[Array]:
        width = data.shape[-1]
        ends = [(block.reshape(-1, width).min(0), block.reshape(-1, width).max(0)) for block in as_doubles(data)]
        return [np.min([low for low, _ in ends], axis=0), np.max([high for _, high in ends], axis=0)]

    def _shapes(self, width: int) -> list[tuple[str, tuple[int, ...]]]:
        return [("minimum", (width,)), ("maximum", (width,))]

    def call(self, x: Tensor, training: bool) -> Tensor:
        """Return the scaled x."""
        span = self._maximum - self._minimum
        part = (self.as_float(x) - self._minimum) / where(span > 0.0, span, 1.0)
        return part * (self.high - self.low) + self.low


@registered(LAYERS)
@dataclass(eq=False)
class PCA(_Fitted):
    """A layer that describes each sample by its principal components: y = (x - mean) V.

    The columns of V, shape (d, k), are the k eigenvectors of the covariance of the training data with the largest
    eigenvalues: orthogonal directions of length 1, in each of which, one after another, the data vary most.

    Parameters
    ----------
    components : int, optional
        Their number k, at most the number of features d; by default d.

    Attributes
    ----------
    variances : float64 array, shape (d,)
        The eigenvalues, largest first: the variance of the training data along each direction, summed over n - 1. Those
        that are nothing but rounding, below 2.2e-16 d of the largest, are 0.

    Notes
    -----
    Samples have shape (n, d): put `Flatten` before it, and adapt it to ``x.reshape(len(x), -1)``. An eigenvector's sign
    is that with which its element of largest magnitude is positive, so that results repeat.

    Raises
    ------
    ValueError
        If `components` is no int >= 1.

    Examples
    --------
    >>> layer = PCA(1)
    >>> layer.adapt([[2.0, 0.0], [-2.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    >>> print(layer([[3.0, 4.0], [0.0, 5.0]]))
    [[3.]
     [0.]]
    """

    components: int | None = None
    _mean: Variable = field(init=False, repr=False)
    _directions: Variable = field(init=False, repr=False)
    _variances: Variable = field(init=False, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.components is not None:
            check_int(type(self).__name__, "components", self.components, 1)
            self.components = int(self.components)

    def _check(self, name: str, data: Array) -> None:
        if data.ndim != 2 or len(data) < 2 or not data.size:
            raise DataError(
                f"{name}: got shape {data.shape}. Give at least two samples, shape (n, d): pictures as "
                f"x.reshape(len(x), -1)."
            )
        if self.components is not None and self.components > data.shape[1]:
            raise ShapeError(
                f"{name}: x has {data.shape[1]} features, components is {self.components}. Ask for at most as many."
            )

    def _fit(self, data: Array) -> list[Array]:
        width, mean = data.shape[1], means_of(data)
        scale = np.float64(max(np.abs(block - mean).max() for block in as_doubles(data)) or 1.0)
        covariance = np.zeros((width, width))
        for block in as_doubles(data):
            centred = (block - mean) / scale  # whose squares are finite
            covariance += centred.T @ centred
        values, vectors = np.linalg.eigh(covariance / (len(data) - 1))
        values, vectors = values[::-1], vectors[:, ::-1]
        values = np.where(values > width * np.finfo(np.float64).eps * values[0], values, 0.0)
        with np.errstate(over="ignore"):  # then `adapt` says so
            variances = values * scale**2
        if values[0] and variances[0] < np.finfo(np.float32).tiny:
            raise DataError(
                f"{type(self).__name__}.adapt: the largest variance is {variances[0]:.3g}, which float32 does not "
                f"hold. Scale x."
            )
        largest = np.abs(vectors).argmax(0)
        vectors = vectors * np.where(vectors[largest, np.arange(width)] < 0, -1.0, 1.0)
        return [mean, vectors[:, : self.components], variances]

    def _shapes(self, width: int) -> list[tuple[str, tuple[int, ...]]]:
        count = width if self.components is None else self.components
        return [("mean", (width,)), ("directions", (width, count)), ("variances", (width,))]

    def call(self, x: Tensor, training: bool) -> Tensor:
        """Return the components of x.

        Raises
        ------
        ShapeError
            If x is no matrix.
        """
        if x.ndim != 2:
            raise ShapeError(
                f"layer {self.name!r}: input shape {shape_text(x.node.shape)}{location_text()}. "
                f"{type(self).__name__} expects (batch, d): put Flatten() before it."
            )
        return (self.as_float(x) - self._mean) @ self._directions

    @property
    def variances(self) -> Array:
        """The variance of the training data along each direction, largest first."""
        return np.array(self._values()[2], np.float64)

    def eigen_images(self, shape: Sequence[int]) -> Array:
        """Return the directions as pictures, that of the largest variance first.

        Parameters
        ----------
        shape : sequence of int
            The shape of a picture, such as (28, 28), of as many pixels as there are features.

        Returns
        -------
        float64 array, shape (k, *shape)
            Pictures whose squares add up to 1 each. A sample is the mean and a sum of them, each times its component.

        Raises
        ------
        ShapeError
            If pictures of that shape have another number of pixels.
        ValueError
            If the layer is not adapted yet.

        Examples
        --------
        >>> layer = PCA(1)
        >>> layer.adapt([[0.0, 2.0, 0.0, 0.0], [0.0, -2.0, 0.0, 0.0]])
        >>> layer.eigen_images((2, 2)).astype(int).tolist()
        [[[0, 1], [0, 0]]]
        """
        directions = np.asarray(self._values()[1], np.float64)
        sizes = list(shape) if isinstance(shape, list | tuple) else [shape]
        if not all(is_int(size, 1) for size in sizes) or np.prod(sizes, dtype=np.int64) != len(directions):
            raise ShapeError(
                f"{type(self).__name__}.eigen_images: {len(directions)} features make no pictures of shape {shape}. "
                f"Give the shape that a sample had before Flatten()."
            )
        return directions.T.reshape(-1, *sizes)

    def plot(self, shape: Sequence[int], most: int = 25) -> Figure:
        """Return a figure of the first directions as pictures; see `eigen_images`.

        Parameters
        ----------
        shape : (int, int)
            The shape of a picture.
        most : int
            How many to show, at least 1.

        Raises
        ------
        ImportError
            If Matplotlib is missing.
        ValueError, ShapeError
            As for `eigen_images`, and if `most` is no int >= 1.
        """
        check_int(f"{type(self).__name__}.plot", "most", most, 1)
        pictures = self.eigen_images(shape)[:most]
        if pictures.ndim != 3:
            raise ShapeError(f"{type(self).__name__}.plot: got shape {shape}. Give height and width of a picture.")
        figure, axes = new_grid(f"{type(self).__name__}.plot", len(pictures), (1.6, 1.8))
        variances = self.variances
        whole = float(variances.sum()) or 1.0
        for place, (axis, picture) in enumerate(zip(axes, pictures, strict=True)):
            largest = np.abs(picture).max()
            axis.imshow(picture, cmap="RdBu", vmin=-largest, vmax=largest)
            axis.set_title(f"{place + 1}: {variances[place] / whole:.1%}", fontsize="small")
        return figure  # type: ignore[no-any-return]


@registered(LAYERS)
@dataclass(eq=False)
class Whitening(PCA):
    """A layer that makes features uncorrelated, each of variance 1.

    "pca": y = (x - mean) V s, s_i = 1 / sqrt(variance_i + epsilon), V and the variances as in `PCA`. "zca": y V^T,
    which of all such y is nearest to x, so that pictures still look like pictures.

    Parameters
    ----------
    components : int, optional
        How many directions, those in which the data vary most, are kept: y of "pca" has as many features, y of "zca"
        all d; by default d.
    kind : {"zca", "pca"}
        See above.
    epsilon : float
        What is added to the variances, at least 0, so that noise in directions of small variance is not blown up.

    Notes
    -----
    A direction in which the data never vary gives 0. Samples have shape (n, d), see `PCA`.

    References
    ----------
    Bell and Sejnowski, "The 'independent components' of natural scenes are edge filters", 1997, for ZCA.

    Examples
    --------
    >>> layer = Whitening(kind="pca", epsilon=0.0)
    >>> layer.adapt([[4.0, 0.0], [-4.0, 0.0], [0.0, 0.0]])  # variances 32 / 2 = 16 and 0
    >>> print(layer([[6.0, 1.0]]))
    [[1.5 0. ]]
    """

    kind: str = "zca"
    epsilon: float = 1e-5

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("Whitening", "kind", self.kind, ("zca", "pca"))
        check_number("Whitening", "epsilon", self.epsilon, Range(0))
        self.epsilon = float(self.epsilon)

    def call(self, x: Tensor, training: bool) -> Tensor:
        """Return the whitened x; see `PCA.call`."""
        variances = self._variances[: self._directions.shape[1]]
        scale = where(variances > 0.0, 1.0 / sqrt(where(variances > 0.0, variances, 1.0) + self.epsilon), 0.0)
        y = super().call(x, training) * scale
        return y if self.kind == "pca" else y @ transpose(self._directions)
