"""Layers for categories: numbers or texts that name one of several things, and numbers that are put into bins."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from feedforward.arrays import Origin, numbers, shown
from feedforward.errors import DataError, OutOfRangeError
from feedforward.functions import broadcast_to, cast, max, one_hot, squeeze, sum, take, where
from feedforward.graph.node import Array, location_text
from feedforward.interrupts import held_interrupts
from feedforward.nn.config import Range, check_choice, check_int, is_int, registered, resolve
from feedforward.nn.constraints import Constraint, as_constraint
from feedforward.nn.indices import check_indices, check_whole
from feedforward.nn.initializers import INITIALIZERS, Initializer
from feedforward.nn.layer import LAYERS, Layer, is_in_call, is_loading
from feedforward.nn.regularizers import Regularizer, as_regularizer
from feedforward.nn.text import TEXT, TEXT_DTYPE, as_texts, is_text, note_lookup
from feedforward.tensor import Tensor, Variable, is_tracing

__all__ = ["CategoryEncoding", "Discretization", "Embedding", "StringLookup"]

_MOST_WORDS = 2**20
"""Of a vocabulary: a file holds it in its header."""


class _OfNumbers(Layer):
    """What layers have in common whose inputs are the numbers of categories, below what one of their settings says."""

    _setting: ClassVar[str]

    @property
    def input_dtype(self) -> str | None:
        """See `Layer.input_dtype`."""
        return "int32"

    def check_fed(self, data: Array, name: str, origin: Origin) -> None:
        """See `Layer.check_fed`."""
        check_indices(self, data, getattr(self, self._setting), self._setting, name, origin)

    def _as_tensors(self, inputs: Sequence[Any]) -> list[Tensor]:
        tensors = super()._as_tensors(inputs)
        for x in tensors:
            if x.node.value is not None and x.dtype.kind in "iu":
                check_indices(self, x.node.value, getattr(self, self._setting), self._setting)
        return tensors


@registered(LAYERS)
@dataclass(eq=False)
class Embedding(_OfNumbers):
    """A layer that gives each category a learned vector: y[n, ..., :] = E[x[n, ...], :].

    Parameters
    ----------
    input_dim : int
        The number of categories, which are numbered from 0.
    output_dim : int
        The length of a vector.
    embeddings_initializer : str or Initializer
        What fills E, shape (input_dim, output_dim).
    embeddings_regularizer : str or Regularizer, optional
        What E costs, beside the loss: all of it, also rows that a batch does not read.
    embeddings_constraint : str or Constraint, optional
        What set E is kept in: ``MaxNorm(1.0, axis=1)`` bounds the length of each vector.

    Raises
    ------
    ValueError, TypeError
        If a number is no int >= 1, or a name is unknown.

    Notes
    -----
    A number that is not from 0 to input_dim - 1 is an `OutOfRangeError` that names the layer: also of data that are fed
    right into it by `fit`, `evaluate` or `predict`, before anything is computed. One that a compiled model computes on
    the way reads NaN: in training the loss tells of it. As a product the layer is one_hot(x) E.

    References
    ----------
    Bengio et al., "A neural probabilistic language model", 2003; for categories: Guo and Berkhahn, "Entity embeddings
    of categorical variables", 2016.

    Examples
    --------
    >>> layer = Embedding(3, 2, embeddings_initializer="ones")
    >>> layer([0, 2]).shape
    (2, 2)
    """

    _setting = "input_dim"

    input_dim: int
    output_dim: int
    embeddings_initializer: str | Initializer | dict[str, Any] = "uniform"
    embeddings_regularizer: str | Regularizer | dict[str, Any] | None = None
    embeddings_constraint: str | Constraint | dict[str, Any] | None = None
    embeddings: Variable = field(init=False, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_int("Embedding", "input_dim", self.input_dim, 1)
        check_int("Embedding", "output_dim", self.output_dim, 1)
        self.input_dim, self.output_dim = int(self.input_dim), int(self.output_dim)
        self.embeddings_initializer = resolve(INITIALIZERS, self.embeddings_initializer)
        self.embeddings_regularizer = as_regularizer(self.embeddings_regularizer)
        self.embeddings_constraint = as_constraint(self.embeddings_constraint)

    def build(self, shape: tuple[Any, ...]) -> None:
        """Make the vectors."""
        self.embeddings = self.add_weight(
            "embeddings",
            (self.input_dim, self.output_dim),
            self.embeddings_initializer,
            regularizer=self.embeddings_regularizer,
            constraint=self.embeddings_constraint,
        )

    def call(self, x: Tensor, training: bool) -> Tensor:
        """Return the vectors of categories.

        Raises
        ------
        DtypeError
            If the input holds no integers.
        OutOfRangeError
            If a number is known and names no category.
        """
        check_whole(self, x)
        return _read(self.embeddings, x, self.input_dim)


@registered(LAYERS)
@dataclass(eq=False)
class CategoryEncoding(_OfNumbers):
    """A layer that makes the numbers of categories vectors of 0 and 1, or of counts.

    Parameters
    ----------
    num_tokens : int
        The number of categories, which are numbered from 0.
    output_mode : {"multi_hot", "one_hot", "count"}
        ``"one_hot"``: each number becomes a vector with a 1 at its place, (n,) or (n, 1) becomes (n, num_tokens), and
        (n, k) becomes (n, k, num_tokens). ``"multi_hot"``: (n, k) becomes (n, num_tokens), with a 1 for each category
        that is among the k. ``"count"``: the same, with how often it is.

    Raises
    ------
    ValueError
        If `num_tokens` is no int >= 1, or the mode is unknown.

    Notes
    -----
    A number that names no category is an error, or NaN, as for `Embedding`.

    Examples
    --------
    >>> print(CategoryEncoding(3, "one_hot")([2, 0]))
    [[0. 0. 1.]
     [1. 0. 0.]]
    >>> print(CategoryEncoding(3, "count")([[2, 0, 2]]))
    [[1. 0. 2.]]
    """

    _setting = "num_tokens"

    num_tokens: int
    output_mode: str = "multi_hot"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_int("CategoryEncoding", "num_tokens", self.num_tokens, 1)
        self.num_tokens = int(self.num_tokens)
        check_choice("CategoryEncoding", "output_mode", self.output_mode, ("multi_hot", "one_hot", "count"))

    def call(self, x: Tensor, training: bool) -> Tensor:
        """Return the vectors.

        Raises
        ------
        DtypeError
            If the input holds no integers.
        OutOfRangeError
            If a number is known and names no category.
        """
        check_whole(self, x)
        if self.output_mode == "one_hot" and x.ndim > 1 and x.node.shape[-1] == 1:
            x = squeeze(x, -1)
        dtype = self.dtype or "float32"
        vectors = one_hot(x, self.num_tokens, dtype)
        # 0 where there is such a category, and NaN where there is none: a row of zeros would tell nobody.
        doubts = _read(broadcast_to(Tensor(0.0).astype(dtype), (self.num_tokens,)), x, self.num_tokens)
        if self.output_mode != "one_hot" and x.ndim > 1:
            vectors = max(vectors, -2) if self.output_mode == "multi_hot" else sum(vectors, -2)
            doubts = sum(doubts, -1)
        return vectors + doubts[..., None]


@registered(LAYERS)
@dataclass(eq=False)
class Discretization(Layer):
    """A layer that puts numbers into bins: y is how many boundaries are not above x, an int from 0 on.

    Parameters
    ----------
    bin_boundaries : sequence of float, optional
        b1 <= b2 <= ...: bin 0 is x < b1, bin 1 is b1 <= x < b2, and so on. `adapt` takes them from data instead.
    num_bins : int, optional
        How many bins `adapt` makes, at least 2.

    Raises
    ------
    ValueError
        If neither is given, they do not go together, or boundaries are not finite or go down.

    Notes
    -----
    NaN falls into bin 0; where it is fed right into the layer by `fit`, `evaluate` or `predict`, it is an error.
    `Embedding` or `CategoryEncoding` make something of the bins. The boundaries are a weight that training does not
    change. Time and memory grow with their number.

    Examples
    --------
    >>> print(Discretization([0.0, 10.0])([[-3.0, 0.0, 5.0, 20.0]]))
    [[0 1 1 2]]
    """

    bin_boundaries: Sequence[float] | None = None
    num_bins: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.bin_boundaries is None and self.num_bins is None:
            raise ValueError("Discretization: there are no bins. Give bin_boundaries, or num_bins and call adapt().")
        if self.num_bins is not None:
            check_int("Discretization", "num_bins", self.num_bins, 2)
            self.num_bins = int(self.num_bins)
        if self.bin_boundaries is not None:
            given: Any = self.bin_boundaries
            found = numbers(given, "Discretization: bin_boundaries").ravel().tolist()
            is_rising = found == sorted(found) and not [number for number in found if number not in Range()]
            if not found or not is_rising:
                raise ValueError(
                    f"Discretization(bin_boundaries={shown(given)}): bin_boundaries must hold at least one number, "
                    f"none below the one before it. Got {shown(given)}."
                )
            if self.num_bins not in (None, len(found) + 1):
                raise ValueError(
                    f"Discretization(num_bins={self.num_bins}): {len(found)} boundaries make {len(found) + 1} bins. "
                    f"Give one of both."
                )
            self.bin_boundaries = tuple(float(number) for number in found)

    def adapt(self, x: Any) -> None:
        """Take boundaries from the samples `x`, any shape, so that each bin has as many of their numbers.

        Raises
        ------
        DataError
            If there are no numbers, or one is not finite.
        ValueError
            If the layer was made with boundaries in place of a number of bins.

        Notes
        -----
        They are the quantiles 1/k, ..., (k - 1)/k for k bins, interpolated as NumPy does. Where many numbers are equal,
        so may be boundaries: the bins between those stay empty.
        """
        if self.num_bins is None:
            raise ValueError("Discretization.adapt: boundaries were given. Make the layer with num_bins instead.")
        data = numbers(x, "Discretization.adapt: x")
        if data.dtype.kind not in "biuf":
            raise TypeError(f"Discretization.adapt: x is {shown(x)}. Give an array of numbers.")
        is_bad = ~np.isfinite(data)
        if not data.size or is_bad.any():
            cells = f" in {Origin.of(x).cells(is_bad)}" if data.ndim and is_bad.any() else ""
            got = f"{data[is_bad].flat[0]}{cells}" if is_bad.any() else f"shape {data.shape}"
            raise DataError(f"Discretization.adapt: got {got}. Give at least one number, all of them finite.")
        shares = np.arange(1, self.num_bins) / self.num_bins
        boundaries = np.quantile(data.ravel().astype(np.float64), shares).tolist()
        with held_interrupts():  # what is in its file and what it computes with agree
            if self.is_built:
                self.set_weights([boundaries])
            # Past `__setattr__`, which refuses to change what has no effect alone: here the weight changes with it.
            vars(self).update(bin_boundaries=tuple(boundaries))

    def build(self, shape: tuple[Any, ...]) -> None:
        """Make the weight of boundaries.

        Raises
        ------
        ValueError
            If there are none yet.
        """
        if self.bin_boundaries is None:
            raise ValueError(f"layer {self.name!r} has no boundaries. Call adapt(x) with the training data first.")
        self._boundaries = self.add_weight("boundaries", (len(self.bin_boundaries),), "zeros", trainable=False)
        if not is_loading():
            self.set_weights([self.bin_boundaries])

    def check_fed(self, data: Array, name: str, origin: Origin) -> None:
        """See `Layer.check_fed`."""
        if data.dtype.kind == "f" and (is_bad := np.isnan(data)).any():
            raise DataError(
                f"{name}: layer {self.name!r} was given NaN in {origin.cells(is_bad)}, which is in no bin. "
                f"Fill or drop such samples."
            )

    def call(self, x: Tensor, training: bool) -> Tensor:
        """Return the number of the bin of each element, int32."""
        return sum(cast(self.as_float(x)[..., None] >= self._boundaries, "int32"), -1)


@registered(LAYERS)
@dataclass(eq=False)
class StringLookup(Layer):
    """A layer that makes texts numbers: their places in a vocabulary.

    Parameters
    ----------
    max_tokens : int, optional
        The most numbers that there may be, that of unknown texts among them; `adapt` keeps the most frequent texts.
    num_oov_indices : {1, 0}
        1: a text that is not in the vocabulary is 0, and the vocabulary is numbered from 1. 0: such a text is an error,
        and the vocabulary is numbered from 0.
    oov_token : str
        What `get_vocabulary` calls a text that is not in the vocabulary.
    vocabulary : sequence of str, optional
        The texts; `adapt` takes them from data instead.

    Raises
    ------
    ValueError, TypeError
        If a number is out of range, or the vocabulary holds something else than texts, one twice, or too many.

    Notes
    -----
    Text never enters the graph: the numbers are looked up where texts are fed, in `fit`, `evaluate` and `predict`
    before anything is computed. So a model begins with ``Input(shape, dtype="string")`` and this layer right behind it,
    or is a `Sequential` that begins with this layer. The vocabulary is in the file, with at most 2**20 texts.

    As in Keras, of whose settings there are no `mask_token`, `invert`, `encoding` and `output_mode`: a
    `CategoryEncoding` behind it makes vectors.

    Examples
    --------
    >>> layer = StringLookup(vocabulary=["red", "green"])
    >>> print(layer([["green", "blue"], ["red", "red"]]))
    [[2 0]
     [1 1]]
    >>> layer.vocabulary_size()
    3
    """

    max_tokens: int | None = None
    num_oov_indices: int = 1
    oov_token: str = "[UNK]"
    vocabulary: Sequence[str] | None = None

    _numbers: dict[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not is_int(self.num_oov_indices, 0) or self.num_oov_indices > 1:
            raise ValueError(
                f"StringLookup(num_oov_indices={self.num_oov_indices!r}): num_oov_indices must be 0 or 1. "
                f"Got {self.num_oov_indices!r}."
            )
        self.num_oov_indices = int(self.num_oov_indices)
        if self.max_tokens is not None:
            check_int("StringLookup", "max_tokens", self.max_tokens, 1 + self.num_oov_indices)
            self.max_tokens = int(self.max_tokens)
        if not isinstance(self.oov_token, str):
            raise ValueError(
                f"StringLookup(oov_token={self.oov_token!r}): oov_token must be a str. Got {self.oov_token!r}."
            )
        if self.vocabulary is not None:
            self.vocabulary = self._checked(self.vocabulary)
        self._numbered()

    def _checked(self, vocabulary: Any) -> tuple[str, ...]:
        """Return a vocabulary that may be one."""
        words = as_texts(vocabulary, "StringLookup: vocabulary").ravel().tolist()
        most = _MOST_WORDS if self.max_tokens is None else self.max_tokens - self.num_oov_indices
        twice = [word for word, count in Counter(words).items() if count > 1]
        if not words or len(words) > most or twice:
            what = f"{twice[0]!r} is in it twice" if twice else f"it holds {len(words):,} texts, expected 1 to {most:,}"
            raise ValueError(f"StringLookup: vocabulary {shown(vocabulary)}: {what}. Give each text once.")
        return tuple(map(str, words))

    def _numbered(self) -> None:
        """Give the texts of the vocabulary their numbers."""
        words = self.vocabulary or ()
        # Past `__setattr__`, which would look for layers and variables in it.
        vars(self)["_numbers"] = {word: number for number, word in enumerate(words, self.num_oov_indices)}

    @property
    def input_dtype(self) -> str | None:
        """See `Layer.input_dtype`."""
        return TEXT

    def adapt(self, x: Any) -> None:
        """Take the vocabulary from the texts `x`, any shape: the most frequent first, equally frequent ones in order.

        Raises
        ------
        TypeError, DataError, ShapeError
            If it holds something else than texts, or nothing.
        """
        counts = Counter(as_texts(x, "StringLookup.adapt: x").ravel().tolist())
        if not counts:
            raise DataError("StringLookup.adapt: x holds no text. Give at least one.")
        words = sorted(counts, key=lambda word: (-counts[word], word))
        most = None if self.max_tokens is None else self.max_tokens - self.num_oov_indices
        vocabulary = self._checked(words[:most])
        with held_interrupts():  # the vocabulary and its numbers agree
            vars(self).update(vocabulary=vocabulary)
            self._numbered()

    def get_vocabulary(self) -> list[str]:
        """Return the texts in the order of their numbers, first `oov_token` where unknown ones have a number."""
        return [*[self.oov_token] * self.num_oov_indices, *(self.vocabulary or ())]

    def vocabulary_size(self) -> int:
        """Return how many numbers there are, the `input_dim` of an `Embedding` behind the layer."""
        return len(self.get_vocabulary())

    def numbers_of(self, value: Any, name: str) -> Array:
        """Return the numbers of texts.

        Parameters
        ----------
        value : array, frame, or nested lists of str, shape (n, ...)
            The texts.
        name : str
            What messages call them: ``"fit: x"``.

        Returns
        -------
        int32 array, shape (n, ...)

        Raises
        ------
        TypeError, DataError, ShapeError
            As for `as_texts`.
        OutOfRangeError
            If a text is not in the vocabulary, and unknown ones have no number.
        ValueError
            If there is no vocabulary yet.
        """
        if self.vocabulary is None:
            raise ValueError(f"layer {self.name!r} has no vocabulary. Call adapt(x) with the training data first.")
        texts = as_texts(value, name)
        unknown = 0 if self.num_oov_indices else -1
        found: Array = np.array([self._numbers.get(text, unknown) for text in texts.flat], TEXT_DTYPE)
        found = found.reshape(texts.shape)
        if not self.num_oov_indices and (is_bad := found < 0).any():
            cells = f" in {Origin.of(value).cells(is_bad)}" if found.ndim else ""
            raise OutOfRangeError(
                f"{name}: layer {self.name!r} was given {shown(texts[is_bad].flat[0])}{cells}, which is not in its "
                f"vocabulary. Add it, or let num_oov_indices=1 give unknown texts a number."
            )
        return found

    def _as_tensors(self, inputs: Sequence[Any]) -> list[Tensor]:
        return [self.as_numbers(x, "StringLookup: x") for x in inputs]

    def as_numbers(self, x: Any, name: str) -> Tensor:
        """Return the numbers of texts as a tensor; inside a model what is fed are numbers already.

        Raises
        ------
        TypeError, DataError, ShapeError, OutOfRangeError, ValueError
            As for `numbers_of`, and if a tensor stands for no text.
        """
        if not isinstance(x, Tensor):
            return Tensor(self.numbers_of(x, name))
        if x.is_symbolic and not is_tracing() and not is_text(x.node):
            raise TypeError(
                f"layer {self.name!r}: got a tensor of {x.dtype.name}{location_text()}. StringLookup expects text: "
                f"call it right on an Input(shape, dtype='string')."
            )
        if not x.is_symbolic and not is_in_call():
            raise TypeError(f"{name} is a tensor of numbers, and text is expected. Give a list or an array of str.")
        return x

    def call(self, x: Tensor, training: bool) -> Tensor:
        """Return the numbers, as which the texts were fed."""
        if is_text(x.node):
            note_lookup(x.node, self)
        return x


def _read(rows: Tensor, x: Tensor, count: int) -> Tensor:
    """Return the rows that categories name; where there is none, NaN in a compiled step, and an error before."""
    if x.dtype.kind == "i":  # to `take` an index below 0 counts from the end; further below there is nothing
        x = where(x < 0, x - count, x)
    return take(rows, x)
