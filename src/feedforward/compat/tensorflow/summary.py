"""Summaries: operations that tell of a step, and in eager mode functions that write at once.

Not here: the files for TensorBoard (``summary_writers.py``), and what stands in them (``summary_protos.py``).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from feedforward.compat.names import provided, refuse
from feedforward.compat.tensorflow.arrays import convert_to_tensor
from feedforward.compat.tensorflow.dispatch import is_eager
from feedforward.compat.tensorflow.dtypes import as_dtype
from feedforward.compat.tensorflow.errors import InvalidArgumentError
from feedforward.compat.tensorflow.graph import GraphKeys, default_graph
from feedforward.compat.tensorflow.shapes import TensorShape
from feedforward.compat.tensorflow.summary_protos import image_part, text_part
from feedforward.compat.tensorflow.summary_writers import write_now
from feedforward.graph.node import Array
from feedforward.training.callbacks import event_file
from feedforward.training.callbacks.event_file import tagged

__all__ = ["merge_all"]

Parts = Callable[[str, Any], bytes]
"""What a summary holds, from its tag and an array."""


def _record(
    kind: str, parts: Parts, name: str, value: Any, collections: Any, family: str | None, tag: Any = None
) -> Any:
    """Return an operation that tells of a tensor under its own name, or under a tag."""
    clean = re.sub(r"[^-/\w.]", "_", str(name)).lstrip("/")
    graph = default_graph()
    made = graph.record(
        kind,
        None,
        (convert_to_tensor(value),),
        name=f"{family}/{clean}" if family else clean,
        outputs=[(TensorShape(()), as_dtype("string"))],
    )
    made.set_shape(())
    own = (f"{family}/" if family else "") + made.op.name
    made.op.after = lambda state, array: parts(own if tag is None else tag, np.asarray(array))
    graph.add_to_collections([GraphKeys.SUMMARIES] if collections is None else collections, made)
    return made


def _told(kind: str, parts: Parts, name: str, value: Any, collections: Any, family: str | None, step: Any) -> Any:
    """Tell of a tensor: by an operation, or at once in eager mode."""
    if is_eager():
        if collections is not None and step is None and not isinstance(collections, list | tuple):
            collections, step = None, collections  # TensorFlow 2's third argument
        return write_now(kind, f"{family}/{name}" if family else str(name), parts, value, step)
    if step is not None:
        raise TypeError(f"tf.summary: step={step!r} is TensorFlow 2's, for eager mode. Give it to add_summary.")
    return _record(kind, parts, name, value, collections, family)


def _scalar(tag: str, array: Array) -> bytes:
    if array.size != 1:
        raise InvalidArgumentError(
            None, None, f"summary {tag!r}: a scalar has one value. Got shape {array.shape}: reduce it."
        )
    return tagged(tag, event_file.scalar(float(array.reshape(()))))


def _histogram(tag: str, array: Array) -> bytes:
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise InvalidArgumentError(None, None, f"Nan in summary histogram for: {tag}")
    return tagged(tag, event_file.histogram(array))


def _image(most: int) -> Parts:
    def parts(tag: str, array: Array) -> bytes:
        if array.ndim != 4 or array.shape[-1] not in (1, 3, 4):
            raise InvalidArgumentError(
                None,
                None,
                f"summary {tag!r}: pictures have shape (count, height, width, 1, 3 or 4). Got {array.shape}.",
            )
        tags = [f"{tag}/image"] if most == 1 else [f"{tag}/image/{place}" for place in range(most)]
        return b"".join(tagged(each, image_part(picture)) for each, picture in zip(tags, array, strict=False))

    return parts


def _text(tag: str, array: Array) -> bytes:
    return tagged(tag, text_part(array))


@provided("tf.summary.scalar")
def scalar(
    name: str,
    tensor: Any = None,
    collections: Any = None,
    family: str | None = None,
    step: Any = None,
    data: Any = None,
    description: str | None = None,
) -> Any:
    """Tell of a number.

    Parameters
    ----------
    name : str
        What TensorBoard shows it under, with the scopes that it is in.
    tensor, data : tensor
        The number, as TensorFlow 1 and 2 call it.
    collections : list of str, optional
        Where the operation is kept, by default where `merge_all` looks.
    family : str, optional
        What TensorBoard puts together.
    step : int, optional
        In eager mode, when it was.
    description : str, optional
        Not shown: TensorBoard reads it of TensorFlow 2's files alone.

    Returns
    -------
    A tensor of the bytes of a summary; in eager mode nothing: it is written.
    """
    return _told("ScalarSummary", _scalar, name, tensor if data is None else data, collections, family, step)


@provided("tf.summary.histogram")
def histogram(
    name: str,
    values: Any = None,
    collections: Any = None,
    family: str | None = None,
    step: Any = None,
    data: Any = None,
    buckets: int | None = None,
    description: str | None = None,
) -> Any:
    """Tell how often numbers lie in each of 30 ranges of one width; see `scalar`."""
    if buckets is not None and buckets != 30:
        raise ValueError(f"histogram(buckets={buckets}): numbers are put into 30 ranges. Leave it out.")
    return _told("HistogramSummary", _histogram, name, values if data is None else data, collections, family, step)


@provided("tf.summary.image")
def image(
    name: str,
    tensor: Any = None,
    max_outputs: int = 3,
    collections: Any = None,
    family: str | None = None,
    step: Any = None,
    data: Any = None,
    description: str | None = None,
) -> Any:
    """Show the first pictures of a batch, of shape (count, height, width, channels); see `scalar`."""
    value = tensor if data is None else data
    return _told("ImageSummary", _image(max_outputs), name, value, collections, family, step)


@provided("tf.summary.text")
def text(
    name: str,
    tensor: Any = None,
    collections: Any = None,
    step: Any = None,
    data: Any = None,
    description: str | None = None,
) -> Any:
    """Show text; see `scalar`."""
    return _told("TensorSummaryV2", _text, name, tensor if data is None else data, collections, None, step)


@provided("tf.summary.merge", "tf.merge_summary")
def merge(inputs: Any, collections: Any = None, name: str | None = None) -> Any:
    """Return an operation that tells what some others do."""
    if is_eager():
        raise RuntimeError("Merging tf.summary.* ops is not compatible with eager execution: they write at once.")
    graph = default_graph()
    outputs = [(TensorShape(()), as_dtype("string"))]
    with graph.name_scope(name or "Merge"):
        made = graph.record("MergeSummary", None, (list(inputs),), name="MergeSummary", outputs=outputs)
    made.set_shape(())
    made.op.after = lambda state, *summaries: b"".join(map(bytes, summaries))  # summaries put together are one
    graph.add_to_collections(collections, made)
    return made


@provided("tf.summary.merge_all", "tf.merge_all_summaries")
def merge_all(key: str = GraphKeys.SUMMARIES, scope: str | None = None, name: str | None = None) -> Any:
    """Return an operation that tells what all do that were made so far; None where there are none."""
    found = default_graph().get_collection(key, scope)
    return merge(found, name=name) if found else None


# Names before TensorFlow 1.0: the tag is given as it is


def _old(kind: str, parts: Parts, tag: Any, value: Any, collections: Any, name: str | None) -> Any:
    return _record(kind, parts, name or kind, value, collections, None, tag)


@provided("tf.scalar_summary")
def scalar_summary(tags: Any, values: Any, collections: Any = None, name: str | None = None) -> Any:
    """Tell of a number under a tag, or of several, each under its own."""
    if isinstance(tags, str):
        return _old("ScalarSummary", _scalar, tags, values, collections, name)

    def parts(tag: Any, array: Array) -> bytes:
        return b"".join(_scalar(each, number) for each, number in zip(np.ravel(tag), np.ravel(array), strict=True))

    return _old("ScalarSummary", parts, list(tags), values, collections, name)


@provided("tf.histogram_summary")
def histogram_summary(tag: str, values: Any, collections: Any = None, name: str | None = None) -> Any:
    """Tell how often numbers lie in ranges, under a tag."""
    return _old("HistogramSummary", _histogram, tag, values, collections, name)


@provided("tf.image_summary")
def image_summary(tag: str, tensor: Any, max_images: int = 3, collections: Any = None, name: str | None = None) -> Any:
    """Show the first pictures of a batch under a tag."""
    return _old("ImageSummary", _image(max_images), tag, tensor, collections, name)


refuse("sound is not written. Save it with the wave module.", "tf.summary.audio", "tf.audio_summary")
refuse("use tf.summary.scalar, histogram, image or text.", "tf.summary.tensor_summary", "tf.summary.write")
refuse(
    "use feedforward run --explain, which shows what a program became.",
    "tf.summary.trace_on",
    "tf.summary.trace_export",
)
refuse("use feedforward run --explain, and Python's cProfile.", "tf.profiler", "tf.python.client.timeline")
