"""Oracle: TensorFlow 2.21 (tf.compat.v1) and tf-keras 2.21, run on the same programs by record.py."""

import json
import warnings

import numpy as np
import pytest

import feedforward.compat
from compat.record import RECORDED, SNIPPETS, VERSIONS, result_of
from feedforward.compat.tensorflow import dispatch, graph
from feedforward.compat.version import write_for

TOLERANCE = 1e-5
"""Of a number of at least 1 relatively, of a smaller one absolutely: what float32 leaves after some 30 training steps,
whose sums TensorFlow adds up in another order."""

EXPECTED = json.loads(RECORDED.read_text())["programs"]


@pytest.fixture
def as_written_for():
    """Return a function that lets programs meet our modules, an empty graph and the version they were written for."""

    def prepare(version):
        feedforward.compat.install()
        write_for(version)
        dispatch.reset_mode()
        graph.reset_default_graph()

    yield prepare
    feedforward.compat.uninstall()
    write_for("tf1.15")
    dispatch.reset_mode()
    graph.reset_default_graph()


def differences(found, expected, where="result"):
    """Yield a line for each place in which two results differ."""
    if isinstance(expected, dict) and set(expected) == {"dtype", "value"}:
        if not isinstance(found, dict) or set(found) != {"dtype", "value"}:
            yield f"{where} is {found!r}, expected an array"
        elif found["dtype"] != expected["dtype"]:
            yield f"{where} has dtype {found['dtype']}, expected {expected['dtype']}"
        elif np.shape(found["value"]) != np.shape(expected["value"]):
            yield f"{where} has shape {np.shape(found['value'])}, expected {np.shape(expected['value'])}"
        elif "float" in expected["dtype"]:
            a, b = np.array(found["value"]), np.array(expected["value"])
            if not np.allclose(a, b, TOLERANCE, TOLERANCE, equal_nan=True):
                yield f"{where} is {a.tolist()}, expected {b.tolist()}"
        elif found["value"] != expected["value"]:
            yield f"{where} is {found['value']}, expected {expected['value']}"
    elif isinstance(expected, dict | list):
        if type(found) is not type(expected) or len(found) != len(expected):
            yield f"{where} is {found!r}, expected {expected!r}"
        elif isinstance(expected, list):
            for place, (one, other) in enumerate(zip(found, expected, strict=True)):
                yield from differences(one, other, f"{where}[{place}]")
        else:
            for name in expected:
                one = found.get(name, "missing")
                yield from differences(one, expected[name], f"{where}[{name!r}]")
    elif isinstance(expected, float) and isinstance(found, float):
        if not np.isclose(found, expected, TOLERANCE, TOLERANCE, equal_nan=True):
            yield f"{where} is {found!r}, expected {expected!r}"
    elif type(found) is not type(expected) or found != expected:
        yield f"{where} is {found!r}, expected {expected!r}"


@pytest.mark.parametrize("name", SNIPPETS)
def test_a_program_computes_what_tensorflow_does(name, as_written_for):
    assert name in EXPECTED, f"no oracle for {name}: run record.py"
    as_written_for(VERSIONS[name.partition("_")[0]])
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=RuntimeWarning, message="divide by zero|invalid value")
        found = result_of(name)
    assert not list(differences(found, EXPECTED[name]))


def test_each_recorded_program_is_there():
    assert sorted(EXPECTED) == sorted(SNIPPETS)
    assert len(SNIPPETS) >= 60


@pytest.mark.parametrize(
    "name", ["estimator", "nn.nce_loss", "nn.sampled_softmax_loss", "contrib.rnn", "no_such_thing"]
)
def test_what_is_out_of_scope_is_refused_by_its_name(name, as_written_for):
    as_written_for("tf1.15")
    import tensorflow

    with pytest.raises(AttributeError, match=f"tf.{name} is not provided"):
        for part in name.split("."):
            tensorflow = getattr(tensorflow, part)
