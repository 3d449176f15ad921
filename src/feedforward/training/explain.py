"""What becomes of a model on the way to machine code, stage by stage, as text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from feedforward.backends import load_llvm
from feedforward.graph.node import Array, location_of
from feedforward.graph.program import Program, specialise
from feedforward.graph.text import to_text
from feedforward.lookup import did_you_mean
from feedforward.nn.losses import SparseCategoricalCrossentropy
from feedforward.training.network import Network
from feedforward.training.objectives import Objective
from feedforward.training.step import Mode

__all__ = ["STAGES", "WRITTEN", "compiled_text", "explain"]

STAGES = ("graph", "gradient", "kernels", "loops", "llvm", "asm")
"""The stages in order: the network and its loss; the whole training step; which operations are computed together; the
loops that compute them; LLVM's form; the machine's."""


WRITTEN = ("numpy", "formulas")
"""The stages before these, in which a network is written out by its layers; see ``written/``."""


def explain(
    network: Network,
    wanted: Sequence[Objective] | None,
    traced: Callable[[Mode, Sequence[Array]], Program],
    stage: str = "loops",
    batch_size: int = 32,
) -> str:
    """Return one stage of a model's training step, or of its prediction when it is not compiled.

    Parameters
    ----------
    network : Network
        The model's.
    wanted : sequence of Objective or None
        What is wanted of each output; None when the model is not compiled.
    traced : callable
        Returns the program of a step for data of these shapes and dtypes.
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
        raise ValueError(f"explain: stage {stage!r} is not known. {did_you_mean(str(stage), [*WRITTEN, *STAGES])}")
    arrays = _example(network, wanted or (), batch_size)
    step: Mode = "predict" if wanted is None else "test" if stage == "graph" else "train"
    program = traced(step, arrays)
    if stage in ("graph", "gradient"):
        return to_text(program)
    return compiled_text(specialise(program, [array.shape for array in arrays]), stage)


def _example(network: Network, wanted: Sequence[Objective], batch_size: int) -> list[Array]:
    """Return arrays of the shapes and dtypes that the model is fed; only these count."""

    def sizes(shape: tuple[Any, ...]) -> tuple[int, ...]:
        return (batch_size, *(size if isinstance(size, int) else 1 for size in shape[1:]))

    def example(shape: tuple[int, ...], dtype: Any) -> Array:
        return np.broadcast_to(np.zeros((), dtype), shape)  # one number, however many a file wants

    arrays = [example(sizes(node.shape), node.dtype) for node in network.inputs]
    for objective in wanted:
        shape = sizes(objective.shape)
        is_sparse = isinstance(objective.loss, SparseCategoricalCrossentropy)
        if objective.has_targets:
            arrays.append(example(shape[:-1], np.uint8) if is_sparse else example(shape, np.float32))
    return arrays


def compiled_text(program: Program, stage: str) -> str:
    """Return one of the stages that lead from a program without unknown sizes to machine code."""
    llvm = load_llvm()
    from feedforward.compiler.assemble import emit_module, lay_out, summary, text
    from feedforward.compiler.simplify import simplify

    outside = next((node for node in program.nodes if not node.op.is_native), None)
    if outside is not None:
        raise ValueError(
            f"explain: {outside.op.name}{location_of(outside)} is computed by NumPy, between two pieces of machine "
            f"code, which are not shown. Ask for the stage 'graph' or 'gradient'."
        )
    layout = lay_out(simplify(program), llvm.host())
    if stage == "kernels":
        return summary(layout)
    if stage == "loops":
        return text(layout)
    module = emit_module(layout)
    return str(module if stage == "llvm" else llvm.assembly_text(module, llvm.host()))
