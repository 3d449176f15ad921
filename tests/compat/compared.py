"""How results of programs are compared with recorded ones, and the modes in which an expression is computed."""

import contextlib
import json
from pathlib import Path

import numpy as np

import feedforward.compat
from compat.record import plain
from feedforward.compat.tensorflow import dispatch, graph
from feedforward.compat.version import write_for

EXPECTED = json.loads((Path(__file__).parent / "expressions.json").read_text())


@contextlib.contextmanager
def tensorflow(version="tf1.15"):
    """Let ``tensorflow`` be ours, for a version and with an empty graph, and return it."""
    feedforward.compat.install()
    try:
        import tensorflow

        write_for(version)
        dispatch.reset_mode()
        graph.reset_default_graph()
        yield tensorflow
    finally:
        feedforward.compat.uninstall()
        write_for("tf1.15")
        dispatch.reset_mode()
        graph.reset_default_graph()


def in_mode(make, is_eager=False):
    """Return the value of what a function makes of our ``tensorflow``: eagerly, or in a session."""
    with tensorflow() as tf:
        if is_eager:
            tf.enable_eager_execution()
            return plain(_as_values(make(tf)))
        with tf.Session() as session:
            return plain(session.run(make(tf)))


def _as_values(value):
    if isinstance(value, list | tuple):
        return [_as_values(part) for part in value]
    if isinstance(value, np.ndarray) and not value.ndim:
        return value.item()  # a text
    return value.numpy() if hasattr(value, "numpy") else value


def differences(found, expected, tolerance=2e-5, where="result"):
    """Return a line for each place in which two recorded results differ."""
    if isinstance(expected, list):
        if not isinstance(found, list) or len(found) != len(expected):
            return [f"{where} is {found!r:.200}, expected {len(expected)} parts"]
        parts = enumerate(zip(found, expected, strict=True))
        return [line for at, (a, b) in parts for line in differences(a, b, tolerance, f"{where}[{at}]")]
    if not isinstance(expected, dict):
        return [] if found == expected else [f"{where} is {found!r}, expected {expected!r}"]
    if found["dtype"] != expected["dtype"] or np.shape(found["value"]) != np.shape(expected["value"]):
        return [f"{where} is {found!r:.200}, expected {expected!r:.200}"]
    if "float" in expected["dtype"]:
        is_same = np.allclose(found["value"], expected["value"], tolerance, tolerance, equal_nan=True)
    else:
        is_same = found["value"] == expected["value"]
    return [] if is_same else [f"{where} is {found['value']!r:.300}, expected {expected['value']!r:.300}"]
