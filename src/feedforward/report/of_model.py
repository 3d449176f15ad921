"""The report about a compiled model on samples that a program has: what `Model.report` writes.

Here: what such a model's outputs mean, by its loss, and what is known of its training. Not here: the page (``page``),
and the command line's experiments (``experiment``), which know more.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from feedforward.atomic import check_target
from feedforward.errors import ShapeError
from feedforward.nn.activations import sigmoid, softmax
from feedforward.nn.config import snake_case, to_config
from feedforward.nn.losses import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    KullbackLeiblerDivergence,
    Loss,
    SparseCategoricalCrossentropy,
)
from feedforward.nn.text import as_texts, looks_like_text
from feedforward.report.evaluation import Classification, Evaluation, Regression
from feedforward.report.examples import Examples
from feedforward.report.page import Report, versions, write
from feedforward.training.data import as_data, check_data, inputs_of, labels_of

if TYPE_CHECKING:
    from feedforward.training.model import Model

__all__ = ["write_report", "evaluation_of"]

_CROSSENTROPIES = (BinaryCrossentropy, CategoricalCrossentropy, SparseCategoricalCrossentropy)


def write_report(
    model: Model, x: Any, y: Any, path: str | os.PathLike[str], class_names: Sequence[str] | None = None
) -> None:
    """Measure a model and write the page about it; see `Model.report`."""
    check_target(Path(path), "report", "page.html")
    evaluation = evaluation_of(model, x, y, class_names, "report")
    examples = _examples(model, x, y, evaluation)
    lines: list[str] = []
    model.summary(lines.append)
    history = model.history.history if model.history is not None else {}
    loss = model.wanted("report")[0].loss
    page = Report(
        title=f"The network {model.name}",
        lead=f"It was measured on {len(evaluation.labels):,} {examples.noun}.",
        examples=examples,
        evaluation=evaluation,
        history=history,
        held_out_name="validation",
        loss_unit="cross-entropy (nats)" if isinstance(loss, _CROSSENTROPIES) else _title(loss),
        parameters=model.count_params(),
        seconds=None,
        settings=_settings(model),
        network="\n".join(lines),
        command="",
        versions=versions(),
        measured=f"{len(evaluation.labels):,} {examples.noun}",
    )
    write(path, page)


def evaluation_of(model: Model, x: Any, y: Any, class_names: Sequence[str] | None, caller: str) -> Evaluation:
    """Return a model's outputs beside targets, as its loss understands both; messages begin with `caller`.

    Raises
    ------
    ShapeError
        If the network has more than one number or one class for each sample.
    ValueError
        If there are not as many names as classes.
    """
    samples = check_data(model, x, y, None, caller)  # so that a mistake is called by that method's name
    if len(model.network.outputs) > 1:
        raise ShapeError(
            f"{caller}: the network has {len(model.network.outputs)} outputs. Expected one: ask a model of it, such as "
            f"Model(inputs, outputs[0])."
        )
    loss = float(model.evaluate(x, y, verbose=0, return_dict=True)["loss"])
    outputs = np.asarray(model.outputs_for(samples.inputs)[0], np.float32)
    (y,) = samples.targets.values()
    objective = model.wanted(caller)[0]
    kind = objective.loss
    # A loss that says what accuracy is beside it is one of classes.
    right = None if kind is None or type(kind).accuracy is Loss.accuracy else kind.accuracy(objective.shape)
    is_binary = right is not None and right["class"] == "binary_accuracy"
    if outputs.ndim != 2 or (outputs.shape[1] != 1 and (right is None or is_binary)):
        raise ShapeError(
            f"{caller}: the network's output has shape {outputs.shape}, its loss is the {_title(kind)}. Expected a "
            f"class, or one number, for each sample. Use a model with such an output."
        )
    if right is None:
        if class_names is not None:
            raise ValueError(
                f"{caller}: got {len(class_names)} names of classes, but with the loss {_title(kind)} the network "
                f"predicts a number. Leave class_names out."
            )
        return Regression(y.reshape(-1).astype(np.float32), outputs[:, 0])
    is_logit = isinstance(kind, _CROSSENTROPIES) and kind.from_logits
    if is_binary:
        threshold = right.get("threshold", 0.5)
        above, threshold = (sigmoid(outputs[:, 0]).numpy(), 0.5) if is_logit else (outputs[:, 0], threshold)
        probabilities = np.stack([2 * threshold - above, above], axis=1)
        labels = (y.reshape(-1) > 0.5).astype(np.int64)
    else:
        probabilities = softmax(outputs).numpy() if is_logit else outputs
        labels = labels_of(y, caller).astype(np.int64)
    count = probabilities.shape[1]
    names = tuple(map(str, class_names if class_names is not None else range(count)))
    if len(names) != count:
        raise ValueError(f"{caller}: got {len(names)} names of classes, the network has {count}. Give one for each.")
    return Classification(
        labels, probabilities, names, loss, isinstance(kind, (*_CROSSENTROPIES, KullbackLeiblerDivergence))
    )


def _examples(model: Model, x: Any, y: Any, evaluation: Evaluation) -> Examples:
    """Return the samples: as pictures, or else as rows of numbers or texts."""
    given = inputs_of(model.input_names, x, "report")
    arrays = [
        as_texts(one, f"report: {name}") if looks_like_text(one) else as_data(one, f"report: {name}")
        for name, one in given.items()
    ]
    count = len(arrays[0])
    is_image = len(arrays) == 1 and (arrays[0].ndim == 3 or (arrays[0].ndim == 4 and arrays[0].shape[3] in (1, 3)))
    columns: tuple[str, ...] = ()
    if is_image:
        samples = _as_pixels(arrays[0])
    else:
        samples = np.concatenate([array.reshape(count, -1) for array in arrays], axis=1)
        named = getattr(x, "columns", None)  # of a data frame
        columns = tuple(map(str, range(samples.shape[1]) if named is None else named))
    is_classification = isinstance(evaluation, Classification)
    return Examples(
        name=str(model.name),
        task="classification" if is_classification else "regression",
        x_train=samples[:0],
        y_train=evaluation.labels[:0],
        x_test=samples,
        y_test=evaluation.labels,
        class_names=evaluation.class_names if isinstance(evaluation, Classification) else (),
        columns=columns,
        target=str(getattr(y, "name", None) or "y"),
        largest=255 if is_image else 0,
        test_rows=np.arange(count),
        sha256="",
    )


def _as_pixels(images: NDArray[Any]) -> NDArray[np.uint8]:
    """Return images with their smallest number as 0 and their largest as 255, whatever they were scaled to."""
    low, high = float(images.min()), float(images.max())
    scaled = (images.astype(np.float32) - low) * (255 / (high - low) if high > low else 0.0)
    pixels: NDArray[np.uint8] = np.rint(scaled).astype(np.uint8)
    return pixels


def _title(loss: object) -> str:
    """Return what a loss is called in a sentence."""
    name = snake_case(type(loss).__name__).strip("_").replace("_", " ")
    return "own function" if name == "function" else name


def _settings(model: Model) -> dict[str, str]:
    """Return what the model was compiled with."""
    optimizer, _ = model.ready("report")
    settings = {"loss": _title(model.wanted("report")[0].loss), "optimizer": type(optimizer).__name__}
    fields = to_config(optimizer)
    shown = {name: value for name, value in fields.items() if name != "class" and value is not None and value != {}}
    return settings | {name.replace("_", " "): _shown(value) for name, value in shown.items()}


def _shown(value: Any) -> str:
    """Return a setting in words: a schedule by its name, with its own settings."""
    if isinstance(value, dict) and "class" in value:
        parts = ", ".join(f"{name} {_shown(part)}" for name, part in value.items() if name != "class")
        return f"{value['class']} ({parts})".replace("_", " ")
    return str(value)
