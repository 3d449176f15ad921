"""The machine: what it is, and the same share of it for every process that is measured. Imports no NumPy."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

THREADS = 2
"""Threads, and processors, for every peer."""


def settle() -> None:
    """Give this process, and those that it starts, `THREADS` processors and libraries that many threads.

    Call it before anything is imported that makes threads.
    """
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"):
        os.environ[variable] = str(THREADS)
    os.environ["TF_NUM_INTRAOP_THREADS"] = os.environ["TF_NUM_INTEROP_THREADS"] = str(THREADS)
    os.environ["JAX_PLATFORMS"] = "cpu"
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    if hasattr(os, "sched_setaffinity"):  # JAX, and this library, make a thread for each processor they may use
        os.sched_setaffinity(0, processors())


def processors() -> list[int]:
    """Return the processors that are used: the first `THREADS` that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))[:THREADS]
    return list(range(min(THREADS, os.cpu_count() or 1)))


def describe() -> dict[str, Any]:
    """Return processor, processors, system, Python and the load of the last minute, for the page."""
    return {
        "processor": _processor(),
        "processors": os.cpu_count(),
        "used": len(processors()),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
    }


def _processor() -> str:
    """Return the processor's name, its caches and its vector registers where Linux tells them."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor() or platform.machine()
    lines = dict(line.split(":", 1) for line in text.split("\n\n")[0].splitlines() if ":" in line)
    fields = {key.strip(): value.strip() for key, value in lines.items()}
    flags = fields.get("flags", "").split()
    vectors = "AVX-512" if "avx512f" in flags else "AVX2" if "avx2" in flags else "no AVX2"
    model = f"family {fields.get('cpu family', '?')}, model {fields.get('model', '?')}"
    return f"{fields.get('model name', platform.machine())} ({model}, {vectors})"
