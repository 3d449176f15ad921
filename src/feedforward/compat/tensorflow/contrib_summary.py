"""What ``tf.contrib.summary`` called summaries of eager mode: the step comes last, after the family."""

from __future__ import annotations

from typing import Any

from feedforward.compat.names import provided, refuse
from feedforward.compat.tensorflow import summary
from feedforward.compat.tensorflow.dispatch import is_eager

__all__: list[str] = []


def _check() -> None:
    if not is_eager():
        raise NotImplementedError("tf.contrib.summary is provided in eager mode alone. In a graph use tf.summary.")


@provided("tf.contrib.summary.scalar")
def scalar(name: str, tensor: Any, family: str | None = None, step: Any = None) -> Any:
    """Tell of a number."""
    _check()
    return summary.scalar(name, tensor, family=family, step=step)


@provided("tf.contrib.summary.histogram")
def histogram(name: str, tensor: Any, family: str | None = None, step: Any = None) -> Any:
    """Tell how often numbers lie in ranges."""
    _check()
    return summary.histogram(name, tensor, family=family, step=step)


@provided("tf.contrib.summary.image")
def image(
    name: str, tensor: Any, bad_color: Any = None, max_images: int = 3, family: str | None = None, step: Any = None
) -> Any:
    """Show the first pictures of a batch."""
    _check()
    if bad_color is not None:
        raise ValueError(f"image(bad_color={bad_color!r}): what is not finite is red. Leave it out.")
    return summary.image(name, tensor, max_outputs=max_images, family=family, step=step)


refuse("use scalar, histogram or image.", "tf.contrib.summary.generic", "tf.contrib.summary.audio")
refuse("operations are written as they are called in eager mode.", "tf.contrib.summary.all_summary_ops")
