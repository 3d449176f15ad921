"""How programs ask a session to use threads, devices and traces: ``tf.ConfigProto``, ``tf.RunOptions`` and their kin.

There is one device, the processor, and a run is one compiled program: a number of threads is obeyed, and what cannot
have an effect is said on stderr, once. Not here: the session (``session.py``).
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, fields
from typing import Any

from feedforward.backends.threads import set_threads
from feedforward.compat.importing import at_start
from feedforward.compat.names import provided, refuse

__all__ = ["ConfigProto", "RunOptions", "RunMetadata", "use_configuration", "read_options"]

_said: set[str] = set()
at_start(_said.clear)


@provided("tf.GPUOptions")
@dataclass(kw_only=True, slots=True)
class GPUOptions:
    """How a session was to use the memory of graphics processors."""

    per_process_gpu_memory_fraction: float = 0.0
    allow_growth: bool = False
    allocator_type: str = ""
    visible_device_list: str = ""


@provided("tf.OptimizerOptions")
@dataclass(kw_only=True, slots=True)
class OptimizerOptions:
    """How much TensorFlow was to compile: every run is compiled as a whole."""

    global_jit_level: int = 0
    opt_level: int = 0
    do_common_subexpression_elimination: bool = False
    do_constant_folding: bool = False
    do_function_inlining: bool = False


for _name, _value in {"DEFAULT": 0, "OFF": -1, "ON_1": 1, "ON_2": 2, "L1": 0, "L0": -1}.items():
    setattr(OptimizerOptions, _name, _value)


@provided("tf.GraphOptions")
@dataclass(kw_only=True, slots=True)
class GraphOptions:
    """How TensorFlow was to change a graph before it ran."""

    optimizer_options: OptimizerOptions = field(default_factory=OptimizerOptions)
    enable_bfloat16_sendrecv: bool = False
    infer_shapes: bool = False


@provided("tf.ConfigProto")
@dataclass(kw_only=True, slots=True)
class ConfigProto:
    """How a session is to run.

    Parameters
    ----------
    intra_op_parallelism_threads : int
        How many threads share a run, from the making of the session on; 0 lets the machine decide.
    inter_op_parallelism_threads, allow_soft_placement, log_device_placement, device_count, gpu_options, graph_options
        As in TensorFlow; the session says that they have no effect.
    """

    intra_op_parallelism_threads: int = 0
    inter_op_parallelism_threads: int = 0
    use_per_session_threads: bool = False
    allow_soft_placement: bool = False
    log_device_placement: bool = False
    device_count: dict[str, int] = field(default_factory=dict)
    gpu_options: GPUOptions = field(default_factory=GPUOptions)
    graph_options: GraphOptions = field(default_factory=GraphOptions)


@provided("tf.RunOptions")
@dataclass(kw_only=True, slots=True)
class RunOptions:
    """What TensorFlow was to note of a run; the session says that it notes nothing."""

    trace_level: int = 0
    timeout_in_ms: int = 0
    output_partition_graphs: bool = False
    report_tensor_allocations_upon_oom: bool = False


for _number, _name in enumerate(("NO_TRACE", "SOFTWARE_TRACE", "HARDWARE_TRACE", "FULL_TRACE")):
    setattr(RunOptions, _name, _number)


@provided("tf.RunMetadata")
class RunMetadata:
    """What TensorFlow noted of a run: nothing here.

    Attributes
    ----------
    step_stats, cost_graph, partition_graphs
        Times and devices of operations, in TensorFlow.

    Raises
    ------
    AttributeError
        If one of them is read.
    """

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(
            f"RunMetadata.{name} is not there: operations of a run are compiled together and have no times of their "
            "own. Time the call of Session.run, or see what it became with feedforward run --explain."
        )


refuse(
    "operations of a run are compiled together, on one device, and have no times of their own. Time the call of "
    "Session.run, or see what it became with feedforward run --explain.",
    "tf.contrib.tfprof",
)


def use_configuration(config: object) -> None:
    """Do what a session's configuration asks for, and say what has no effect.

    Raises
    ------
    TypeError
        If it is no `ConfigProto`.
    """
    if not isinstance(config, ConfigProto):
        raise TypeError(f"config must be a tf.ConfigProto, but got {config!r:.80}.")
    if config.intra_op_parallelism_threads > 0:
        set_threads(config.intra_op_parallelism_threads)
    default = ConfigProto(intra_op_parallelism_threads=config.intra_op_parallelism_threads)
    names = [each.name for each in fields(config) if getattr(config, each.name) != getattr(default, each.name)]
    if names:
        _say_once(f"of tf.ConfigProto, {', '.join(names)} has no effect: sessions run compiled, on the processor")


def read_options(options: object, run_metadata: object) -> None:
    """Say that nothing is noted of a run.

    Raises
    ------
    TypeError
        If they are no `RunOptions` and `RunMetadata`.
    """
    if options is not None and not isinstance(options, RunOptions):
        raise TypeError(f"options must be a tf.RunOptions. Got {options!r:.80}.")
    if run_metadata is not None and not isinstance(run_metadata, RunMetadata):
        raise TypeError(f"run_metadata must be a tf.RunMetadata. Got {run_metadata!r:.80}.")
    if options is not None and options.timeout_in_ms:
        _say_once("RunOptions(timeout_in_ms=...) has no effect: a run is one compiled program, which ends by itself")
    if run_metadata is not None or options != RunOptions():
        _say_once(
            "Session.run notes no times of operations, and RunMetadata stays empty: a run is one compiled program, "
            "which feedforward run --explain shows"
        )


def _say_once(message: str) -> None:
    """Say something on stderr, once in a program."""
    if message not in _said:
        _said.add(message)
        print(f"feedforward: {message}", file=sys.stderr, flush=True)
