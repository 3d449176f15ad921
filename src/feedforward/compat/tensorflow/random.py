"""Random numbers: drawn natively, or, where a program gives an operation a seed, the very numbers of TensorFlow.

Without an operation's seed a draw is a part of the compiled program, keyed by the graph's seed if there is one. With
one it is drawn in Python before each run, by TensorFlow's own generator (``streams.py``). Not here: what variables
start from (``initializers.py``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import feedforward as ff
from feedforward.compat.names import provide, provided, refuse
from feedforward.compat.tensorflow.arrays import ints, like
from feedforward.compat.tensorflow.dispatch import is_eager, operation
from feedforward.compat.tensorflow.dtypes import as_dtype
from feedforward.compat.tensorflow.graph import default_graph
from feedforward.compat.tensorflow.running import present_plan
from feedforward.compat.tensorflow.streams import Stream, eager_seeds, seeds_of
from feedforward.random import has_own_key

__all__ = ["Draws", "draws_of", "drawn", "present_seed", "random_normal", "random_uniform", "truncated_normal"]


class _EagerSeed:
    """What was seeded where nothing is recorded.

    Attributes
    ----------
    seed : int or None
        What `tf.set_random_seed` set.
    sequence : iterator of int
        Gives operations without a seed theirs.
    kept : dict
        The streams of operations with a seed, which go on from call to call.
    """

    def __init__(self, seed: int | None) -> None:
        self.seed = seed
        self.sequence = eager_seeds(seed or 0)
        self.kept: dict[Any, Any] = {}


_eager = _EagerSeed(None)


def _set_random_seed(seed: int) -> None:
    """Seed the random operations: of the default graph, or of all that is computed from now on."""
    global _eager
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
        raise TypeError(f"set_random_seed(seed={seed!r}): expected an int.")
    if is_eager():
        _eager = _EagerSeed(int(seed))
    else:
        default_graph().seed = int(seed)
    ff.set_seed(int(seed) & (2**63 - 1))  # layers of Keras draw from there


provide(_set_random_seed, "tf.set_random_seed", "tf.random.set_random_seed", "tf.random.set_seed")


class Draws:
    """Where an operation with a seed has its numbers from.

    Parameters
    ----------
    seeds : tuple of two ints
        What `seeds_of` returns.
    """

    def __init__(self, seeds: tuple[int, int]) -> None:
        self.seeds = seeds

    def stream(self, kept: dict[Any, Any], key: Any) -> Stream:
        """Return the stream that a session keeps under a key, which goes on where it stopped."""
        if key not in kept:
            kept[key] = Stream(*self.seeds)
        found: Stream = kept[key]
        return found


def present_seed() -> int | None:
    """Return what `tf.set_random_seed` set for the operations that are made now."""
    return _eager.seed if is_eager() else default_graph().seed


def draws_of(seed: int | None) -> Draws | None:
    """Return where an operation has its numbers from; None where they are drawn natively."""
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int | np.integer)):
        raise TypeError(f"seed={seed!r}: expected an int.")
    graph_seed = present_seed()
    if seed is None:
        if not is_eager() or graph_seed is None or has_own_key():
            return None
        seed = next(_eager.sequence)
    seeds = seeds_of(graph_seed, int(seed), 0)
    return None if seeds is None else Draws(seeds)


def drawn(
    draws: Draws | None, how: Callable[[Any], Any], native: Callable[[], Any], shape: Any, dtype: Any, kind: str
) -> Any:
    """Return random numbers as a tensor of ours.

    Parameters
    ----------
    draws : Draws or None
        Where they come from; None: from the program.
    how : callable
        Returns them from a stream.
    native : callable
        Returns them as the program draws them.
    shape, dtype
        Of the result.
    kind : str
        The operation's name, which tells streams of one seed apart.
    """
    if draws is None:
        return native()
    plan = present_plan()
    if plan is not None:
        return plan.drawn(lambda state: _checked(how(draws.stream(state.kept, draws)), dtype), shape, dtype)
    if has_own_key():  # the draws of a function that is traced, or a shape to be found out
        return native()
    key = kind, draws.seeds, np.dtype(dtype).name, tuple(shape) if kind == "shuffle" else ()
    return ff.Tensor(_checked(how(draws.stream(_eager.kept, key)), dtype))


def _checked(array: Any, dtype: Any) -> Any:
    return np.ascontiguousarray(array, dtype)


def _normals(kind: str, native: Callable[..., ff.Tensor]) -> Callable[..., Any]:
    """Return the rule of a distribution with mean and standard deviation."""

    def rule(shape: Any, mean: Any, stddev: Any, dtype: Any, draws: Draws | None) -> Any:
        sizes, wanted = ints(shape), as_dtype(dtype).base_dtype.as_numpy_dtype
        own = "float64" if wanted == np.float64 else "float32"
        numbers = drawn(
            draws,
            lambda stream: getattr(stream, kind)(tuple(sizes), own),
            lambda: native(sizes, dtype=own),
            sizes,
            own,
            kind,
        )
        scaled = numbers * like(stddev, numbers) + like(mean, numbers)
        return scaled if wanted == np.dtype(own) else ff.cast(scaled, wanted)

    return rule


_random_normal = operation(kind="random_normal")(_normals("normal", ff.random.normal))
_truncated_normal = operation(kind="truncated_normal")(_normals("truncated_normal", ff.random.truncated_normal))


@provided("tf.random_normal", "tf.random.normal")
def random_normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = "float32", seed: Any = None, name: str | None = None
) -> Any:
    """Return numbers from a normal distribution."""
    return _random_normal(shape, mean, stddev, dtype, draws_of(seed), name=name)


@provided("tf.truncated_normal", "tf.random.truncated_normal")
def truncated_normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = "float32", seed: Any = None, name: str | None = None
) -> Any:
    """Return numbers from a normal distribution, drawn again where they are more than two deviations off."""
    return _truncated_normal(shape, mean, stddev, dtype, draws_of(seed), name=name)


@operation(kind="random_uniform")
def _random_uniform(shape: Any, minval: Any, maxval: Any, dtype: Any, draws: Draws | None) -> Any:
    """Return uniform numbers from `minval` to below `maxval`."""
    sizes, kind = ints(shape), as_dtype(dtype).base_dtype
    if kind.is_integer:
        if maxval is None:
            raise ValueError(f"Must specify maxval for integer dtype {kind.name}")
        low, high = ints(minval)[0], ints(maxval)[0]
        if low >= high:
            raise ValueError(f"Need minval < maxval, got {low} >= {high}")
        return drawn(
            draws,
            lambda stream: stream.uniform(tuple(sizes), kind.name, low, high),
            lambda: ff.cast(ff.floor(ff.random.uniform(sizes, dtype="float64") * float(high - low)) + low, kind.name),
            sizes,
            kind.as_numpy_dtype,
            "uniform_int",
        )
    own = "float64" if kind.name == "float64" else "float32"
    numbers = drawn(
        draws,
        lambda stream: stream.uniform(tuple(sizes), own),
        lambda: ff.random.uniform(sizes, dtype=own),
        sizes,
        own,
        "uniform",
    )
    least, most = like(minval, numbers), like(1.0 if maxval is None else maxval, numbers)
    return ff.cast(numbers * (most - least) + least, kind.as_numpy_dtype)


@provided("tf.random_uniform", "tf.random.uniform")
def random_uniform(
    shape: Any, minval: Any = 0, maxval: Any = None, dtype: Any = "float32", seed: Any = None, name: str | None = None
) -> Any:
    """Return numbers uniform from `minval` to below `maxval`, by default 1; of integers both have to be known."""
    return _random_uniform(shape, minval, maxval, dtype, draws_of(seed), name=name)  # type: ignore[call-arg]


@operation(kind="RandomShuffle")
def _random_shuffle(value: Any, draws: Draws | None) -> Any:
    """Return the rows of a tensor in random order."""
    rows = like(value, None)
    (count,) = ints(rows.node.shape[:1])
    order = drawn(
        draws,
        lambda stream: stream.order(count),
        lambda: ff.random.permutation(count),
        (count,),
        "int64",
        "shuffle",
    )
    return ff.take(rows, order, axis=0)


@provided("tf.random_shuffle", "tf.random.shuffle")
def random_shuffle(value: Any, seed: Any = None, name: str | None = None) -> Any:
    """Return the rows of a tensor in random order."""
    return _random_shuffle(value, draws_of(seed), name=name)  # type: ignore[call-arg]


@operation(kind="Multinomial")
def _multinomial(logits: Any, num_samples: Any, dtype: Any) -> Any:
    """Return draws of classes: the largest of logits and Gumbel noise is one."""
    scores = ff.cast(like(logits, None), "float64")
    if scores.ndim != 2:
        raise ValueError(f"logits should be a matrix, got shape {scores.shape}")
    rows, classes = scores.node.shape
    count = ints(num_samples)[0]
    uniform = ff.maximum(ff.random.uniform((rows, count, classes), dtype="float64"), 1e-300)
    noise = -ff.log(-ff.log(uniform))
    return ff.cast(ff.argmax(ff.expand_dims(scores, 1) + noise, 2), as_dtype(dtype).as_numpy_dtype)


def _multinomial_of(logits: Any, num_samples: Any, seed: Any, dtype: Any, name: str | None) -> Any:
    if seed is not None:
        raise ValueError(f"multinomial(seed={seed!r}): a seed of its own is not provided. Use tf.set_random_seed.")
    return _multinomial(logits, num_samples, dtype or "int64", name=name)  # type: ignore[call-arg]


@provided("tf.multinomial", "tf.random.multinomial")
def multinomial(
    logits: Any, num_samples: Any, seed: Any = None, name: str | None = None, output_dtype: Any = None
) -> Any:
    """Return classes drawn from rows of unnormalised log-probabilities."""
    return _multinomial_of(logits, num_samples, seed, output_dtype, name)


@provided("tf.random.categorical")
def categorical(logits: Any, num_samples: Any, dtype: Any = None, seed: Any = None, name: str | None = None) -> Any:
    """Return classes drawn from rows of unnormalised log-probabilities."""
    return _multinomial_of(logits, num_samples, seed, dtype, name)


refuse(
    "feedforward has no such distribution. Draw with NumPy and feed the numbers.",
    *(f"tf.{name}" for name in ("random_gamma", "random_poisson", "random_crop")),
    *(f"tf.random.{name}" for name in ("gamma", "poisson", "stateless_normal", "stateless_uniform", "experimental")),
    "tf.distributions",
    "tf.contrib.distributions",
)
