"""The points of the playground: known sets with their noise, and points of one's own; which of them are trained on.

The sets are those of the TensorFlow Playground (Smilkov and Carter, "Direct-manipulation visualization of deep
networks", 2016), and three arms for more than two classes. What makes one uses NumPy alone, so that a script can show
the very function.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = [
    "KINDS",
    "MAKERS",
    "REGRESSIONS",
    "Data",
    "Floats",
    "Own",
    "make_data",
    "order_of",
    "split",
    "circle",
    "xor",
    "gauss",
    "spiral",
    "three",
    "plane",
    "multigauss",
]

Floats = npt.NDArray[np.float64]
Maker = Callable[[np.random.Generator, int, float], tuple[np.ndarray, np.ndarray]]


def circle(random: np.random.Generator, count: int, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """Return points within a circle (class 1) and in a ring around it (class 0); noise moves what is labelled."""
    inner = count // 2
    radius = np.concatenate([random.uniform(0, 2.5, inner), random.uniform(3.5, 5, count - inner)])
    angle = random.uniform(0, 2 * np.pi, count)
    points = np.stack([radius * np.sin(angle), radius * np.cos(angle)], 1)
    moved = points + noise * random.uniform(-5, 5, (count, 2))
    return points, (np.hypot(moved[:, 0], moved[:, 1]) < 2.5).astype(float)


def xor(random: np.random.Generator, count: int, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """Return points of four squares, class 1 where both coordinates have one sign; noise moves what is labelled."""
    points = random.uniform(-5, 5, (count, 2))
    points += np.where(points > 0, 0.3, -0.3)
    moved = points + noise * random.uniform(-5, 5, (count, 2))
    return points, (moved[:, 0] * moved[:, 1] >= 0).astype(float)


def gauss(random: np.random.Generator, count: int, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """Return two clouds around (2, 2), class 1, and (-2, -2); noise raises their variance from 0.5 to 4."""
    classes = (np.arange(count) < count // 2).astype(float)
    centres = np.where(classes > 0, 2.0, -2.0)[:, None]
    return centres + np.sqrt(0.5 + 7 * noise) * random.normal(size=(count, 2)), classes


def spiral(random: np.random.Generator, count: int, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """Return two arms that wind 1.75 times around each other; noise moves the points."""
    classes = (np.arange(count) < count // 2).astype(float)
    along = np.concatenate([np.arange(n) / n for n in (count // 2, count - count // 2)])
    angle = 1.75 * along * 2 * np.pi + np.where(classes > 0, 0.0, np.pi)
    points = 5 * along[:, None] * np.stack([np.sin(angle), np.cos(angle)], 1)
    return points + noise * random.uniform(-1, 1, (count, 2)), classes


def three(random: np.random.Generator, count: int, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """Return three arms, one for each class; noise moves the points."""
    classes = np.arange(count) % 3.0
    along = (np.arange(count) // 3) / (count / 3)
    angle = 4 * along + classes * 2 * np.pi / 3 + 0.1 * random.normal(size=count)
    points = (0.5 + 4.5 * along[:, None]) * np.stack([np.sin(angle), np.cos(angle)], 1)
    return points + noise * random.uniform(-1, 1, (count, 2)), classes


def plane(random: np.random.Generator, count: int, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """Return points with the number (x1 + x2) / 10; noise moves where the number is taken from."""
    points = random.uniform(-6, 6, (count, 2))
    moved = points + noise * random.uniform(-6, 6, (count, 2))
    return points, moved.sum(1) / 10


def multigauss(random: np.random.Generator, count: int, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """Return points with the height of six hills and hollows; noise moves where the height is taken from."""
    points = random.uniform(-6, 6, (count, 2))
    moved = points + noise * random.uniform(-6, 6, (count, 2))
    centres = np.array([[-4, 2.5], [0, 2.5], [4, 2.5], [-4, -2.5], [0, -2.5], [4, -2.5]])
    signs = np.array([1, -1, 1, -1, 1, -1])
    heights = signs * np.clip(1 - np.hypot(*(moved[:, None] - centres).T).T / 2, 0, 1)
    return points, heights[np.arange(count), np.abs(heights).argmax(1)]


MAKERS: dict[str, Maker] = {
    "circle": circle,
    "xor": xor,
    "gauss": gauss,
    "spiral": spiral,
    "three": three,
    "plane": plane,
    "multigauss": multigauss,
}
KINDS = (*MAKERS, "own")
REGRESSIONS = ("plane", "multigauss")


def split(seed: int, count: int, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows that are trained on and those that are not, drawn at random; at least one each."""
    rows = np.random.default_rng([seed, 1]).permutation(count)
    trained = min(max(round(count * share), 1), count - 1)
    return np.sort(rows[:trained]), np.sort(rows[trained:])


def order_of(seed: int, epoch: int, count: int) -> np.ndarray:
    """Return the order in which an epoch takes the training points."""
    return np.random.default_rng([seed, 2, epoch]).permutation(count)


@dataclass(frozen=True)
class Own:
    """Points of one's own.

    Parameters
    ----------
    points : float64 array, shape (n, 2)
        Where they lie in the plane that is shown, from -6 to 6.
    classes : float64 array, shape (n,)
        Which of the classes each is of, from 0.
    names : tuple of str
        What the classes are called, at least two.
    axes : pair of (str, float, float)
        What each coordinate is called, and what -6 and 6 stand for.
    """

    points: Floats
    classes: Floats
    names: tuple[str, ...]
    axes: tuple[tuple[str, float, float], tuple[str, float, float]]


@dataclass(frozen=True)
class Data:
    """What a network learns from.

    Parameters
    ----------
    points : float64 array, shape (n, 2)
        Where they lie in the plane that is shown, from -6 to 6.
    values : float64 array, shape (n,)
        The class of each, from 0, or the number.
    task : str
        ``"binary"``, ``"classes"`` or ``"regression"``.
    names : tuple of str
        What the classes are called; none for numbers.
    axes : pair of (str, float, float)
        What each coordinate is called, and what -6 and 6 stand for.
    train, test : int array
        The rows that are trained on, and the others.
    """

    points: Floats
    values: Floats
    task: str
    names: tuple[str, ...]
    axes: tuple[tuple[str, float, float], tuple[str, float, float]]
    train: npt.NDArray[np.int64]
    test: npt.NDArray[np.int64]


_AXES = (("x1", -6.0, 6.0), ("x2", -6.0, 6.0))
_CLASSES_OF = {"three": 3}


def make_data(kind: str, count: int, noise: float, share: float, seed: int, own: Own | None) -> Data:
    """Return points and which of them are trained on.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    count : int
        How many; points of one's own are as many as they are.
    noise, share : float
        From 0 to 1.
    seed : int
        Of what is drawn.
    own : Own or None
        The points for the kind ``"own"``.
    """
    if kind == "own":
        if own is None:
            raise ValueError("make_data: the kind is 'own', and own is None. Give the points.")
        task = "binary" if len(own.names) == 2 else "classes"
        return Data(own.points, own.classes, task, own.names, own.axes, *split(seed, len(own.points), share))
    points, values = MAKERS[kind](np.random.default_rng([seed, 0]), count, noise)
    names: tuple[str, ...] = ()
    if kind not in REGRESSIONS:
        names = tuple(str(index) for index in range(_CLASSES_OF.get(kind, 2)))
    task = "regression" if not names else "binary" if len(names) == 2 else "classes"
    return Data(points, values, task, names, _AXES, *split(seed, count, share))
