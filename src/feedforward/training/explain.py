"""What becomes of a model on the way to machine code, stage by stage, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from feedforward.backends import load_llvm
from feedforward.graph.program import Program, specialise
from feedforward.graph.text import to_text
from feedforward.lookup import did_you_mean
from feedforward.nn.losses import SparseCategoricalCrossentropy
from feedforward.training.step import Mode

if TYPE_CHECKING:
    from feedforward.training.model import Model

__all__ = ["STAGES", "explain"]

STAGES = ("graph", "gradient", "kernels", "loops", "llvm", "asm")
"""The stages in order: the network and its loss; the whole training step; which operations are computed together; the
loops that compute them; LLVM's form; the machine's."""


def explain(model: Model, stage: str = "loops", batch_size: int = 32) -> str:
    """Return one stage of a model's training step, or of its prediction when it is not compiled.

    Parameters
    ----------
    model : Model
        What to explain.
    stage : {"graph", "gradient", "kernels", "loops", "llvm", "asm"}
        How far on the way.
    batch_size : int
        Samples in a batch.

    Raises
    ------
    ValueError
        If there is no such stage.
    """
    if stage not in STAGES:
        raise ValueError(f"explain: stage {stage!r} is not known. {did_you_mean(str(stage), list(STAGES))}")
    is_trained = model.optimizer is not None
    arrays = _example(model, batch_size, is_trained)
    step: Mode = "predict" if not is_trained else "test" if stage == "graph" else "train"
    program = model.traced(step, arrays)
    if stage in ("graph", "gradient"):
        return to_text(program)
    return _compiled_text(specialise(program, [array.shape for array in arrays]), stage)


def _example(model: Model, batch_size: int, has_targets: bool) -> list[np.ndarray[Any, Any]]:
    """Return arrays of the shapes and dtypes that the model is fed; only these count."""

    def sizes(shape: tuple[Any, ...]) -> tuple[int, ...]:
        return (batch_size, *(size if isinstance(size, int) else 1 for size in shape[1:]))

    def example(shape: tuple[int, ...], dtype: Any) -> np.ndarray[Any, Any]:
        return np.broadcast_to(np.zeros((), dtype), shape)  # one number, however many a file wants

    arrays = [example(sizes(node.shape), node.dtype) for node in model.network.inputs]
    if has_targets:
        for objective in model.wanted("explain"):
            shape = sizes(objective.shape)
            is_sparse = isinstance(objective.loss, SparseCategoricalCrossentropy)
            if objective.has_targets:
                arrays.append(example(shape[:-1], np.uint8) if is_sparse else example(shape, np.float32))
    return arrays


def _compiled_text(program: Program, stage: str) -> str:
    llvm = load_llvm()
    from feedforward.compiler.assemble import emit_module, lay_out, summary, text
    from feedforward.compiler.simplify import simplify

    layout = lay_out(simplify(program), llvm.host())
    if stage == "kernels":
        return summary(layout)
    if stage == "loops":
        return text(layout)
    module = emit_module(layout)
    return str(module if stage == "llvm" else llvm.assembly_text(module, llvm.host()))
