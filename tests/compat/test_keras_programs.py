"""Oracle: another framework, Keras 1.2.2 and 2.2.4 themselves, run on TensorFlow 2.21; recorded by record_keras.py."""

import importlib.util
import json
import pathlib
import sys

import numpy as np
import pytest

import feedforward.compat
from feedforward.compat.version import write_for, written_for

HERE = pathlib.Path(__file__).parent
_spec = importlib.util.spec_from_file_location("keras_programs", HERE / "keras_programs.py")
programs = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(programs)
RECORDED = json.loads((HERE / "keras_recorded.json").read_text())
ROWS = [(version, name) for version in RECORDED for name in programs.PROGRAMS if name in RECORDED[version]]


@pytest.fixture
def keras(request):
    before = written_for().name
    feedforward.compat.install()
    write_for(request.param)
    import keras

    keras.backend.clear_session()
    yield keras
    feedforward.compat.uninstall()
    sys.modules.pop("keras", None)
    write_for(before)


def compare(got, expected, where, tolerance):
    if isinstance(expected, dict):
        assert sorted(got) == sorted(expected), where
        for name, value in expected.items():
            compare(got[name], value, f"{where}.{name}", tolerance)
    elif isinstance(expected, list) and any(isinstance(each, str | list | dict) for each in expected):
        assert len(got) == len(expected), where
        for number, value in enumerate(expected):
            compare(got[number], value, f"{where}[{number}]", tolerance)
    elif isinstance(expected, str):
        assert got == expected, where
    else:
        np.testing.assert_allclose(got, expected, tolerance, tolerance, err_msg=where)


SAMPLED = [pytest.param(*row, marks=[] if number % 3 == 0 else pytest.mark.slow) for number, row in enumerate(ROWS)]
"""All rows, of which each third is a part of every run: each compiles steps of its own."""


@pytest.mark.parametrize(("keras", "name"), SAMPLED, indirect=["keras"])
def test_program_computes_what_keras_did(keras, name):
    version = written_for().name
    # Some steps of training in float32: each rounds by 6e-8 of its size, in another order of the sums.
    compare(programs.PROGRAMS[name](keras), RECORDED[version][name], name, 2e-5)


def test_every_program_is_recorded_for_each_version():
    for version in ("keras1", "keras2"):
        wanted = {name for name in programs.PROGRAMS if programs.ONLY.get(name, version) == version}
        wanted -= programs.RACES if version == "keras1" else set()
        assert wanted == RECORDED[version].keys() - {"keras"}
