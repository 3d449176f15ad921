"""Oracle: the list of names in ``surface.txt``, which was counted over public programs of 2015 to 2020."""

from functools import reduce
from pathlib import Path

import pytest

import feedforward.compat
from feedforward.compat.names import NotProvidedError

NAMES = [
    f"{line.partition(':')[0]}.{name}"
    for line in (Path(__file__).parent / "surface.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
    for name in line.partition(":")[2].split()
]
OUT_OF_SCOPE = {"tf.contrib.eager.Network", "tf.test.Benchmark", "tf.optimizers.SGD"}
"""What need not be there, if a message says so by name."""


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_programs_use_is_there(name):
    feedforward.compat.install("tf1.15")
    try:
        import keras
        import tensorflow as tf

        root, *parts = name.split(".")
        try:
            found = reduce(getattr, parts, {"tf": tf, "keras": keras}[root])
        except NotProvidedError as error:
            assert name in OUT_OF_SCOPE and str(error).startswith(f"{name} is not provided: ")
        else:
            assert found is not None
    finally:
        feedforward.compat.uninstall()
