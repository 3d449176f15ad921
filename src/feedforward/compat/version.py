"""Which version a program was written for: what a version did differently follows it.

Not here: how the version is read off a program (``evidence.py``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

__all__ = ["Version", "VERSIONS", "DEFAULT", "version_called", "together", "written_for", "write_for"]


@dataclass(frozen=True)
class Version:
    """A version that a program was written for.

    Parameters
    ----------
    name : str
        What ``--as`` calls it.
    title : str
        What messages call it.
    tensorflow : tuple of int
        TensorFlow's version.
    keras : tuple of int
        Keras's version, as the program imports it.
    """

    name: str
    title: str
    tensorflow: tuple[int, int]
    keras: tuple[int, int]

    @property
    def is_eager(self) -> bool:
        """Whether operations are computed at once from the start, without ``tf.enable_eager_execution()``."""
        return self.tensorflow >= (2, 0)

    @property
    def accuracy_key(self) -> str:
        """What ``history.history`` calls the metric ``"accuracy"``: a user's own word was kept since Keras 2.3."""
        return "accuracy" if self.keras >= (2, 3) else "acc"


VERSIONS = {
    version.name: version
    for version in (
        Version("tf0.12", "TensorFlow 0.12", (0, 12), (1, 2)),
        Version("tf1.4", "TensorFlow 1.4", (1, 4), (2, 1)),
        Version("tf1.15", "TensorFlow 1.15", (1, 15), (2, 2)),
        Version("tf2.0", "TensorFlow 2.0", (2, 0), (2, 3)),
        Version("keras1", "Keras 1", (0, 12), (1, 2)),
        Version("keras2", "Keras 2", (1, 12), (2, 2)),
        Version("keras2.3", "Keras 2.3", (1, 15), (2, 3)),
    )
}
"""The versions to choose from; each stands for those near it.

A row has the versions that were used together. TensorFlow 1.15 has the Keras of 2.2, since its ``tf.keras`` still wrote
``acc``; that of 2.0 wrote ``accuracy``, as Keras 2.3 did.
"""

DEFAULT = "tf1.15"
"""What a program was written for where nothing says it."""

_written_for = VERSIONS[DEFAULT]


def version_called(name: str) -> Version:
    """Return the version of a name; ``"keras1+tf1.15"`` is Keras 1 on TensorFlow 1.15.

    Raises
    ------
    ValueError
        If there is no such version.

    Examples
    --------
    >>> version_called("keras1+tf1.15").tensorflow
    (1, 15)
    """
    keras, _, tensorflow = name.partition("+")
    for part in (keras, tensorflow or keras):
        if part not in VERSIONS:
            raise ValueError(f"version {part!r} is not known. Known: {', '.join(VERSIONS)}.")
    return together(VERSIONS[keras], VERSIONS[tensorflow or keras])


def together(keras: Version, tensorflow: Version) -> Version:
    """Return the version that has its Keras of one and its TensorFlow of another."""
    if keras is tensorflow:
        return keras
    name, title = f"{keras.name}+{tensorflow.name}", f"{keras.title} on {tensorflow.title}"
    return replace(keras, name=name, title=title, tensorflow=tensorflow.tensorflow)


def written_for() -> Version:
    """Return the version that the program was written for."""
    return _written_for


def write_for(name: str) -> None:
    """Choose the version that the program was written for.

    Raises
    ------
    ValueError
        If there is no such version.
    """
    global _written_for
    _written_for = version_called(name)
