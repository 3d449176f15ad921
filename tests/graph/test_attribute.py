"""Oracle (a): values of every kind, which types they are of written out by hand; every record refuses all others."""

import numpy as np
import pytest

from feedforward.errors import DtypeError, ShapeError
from feedforward.graph.attribute import AXES, AXIS, DTYPE, FLAG, NAME, OFFSETS, SIZE, SIZES, STEPS, STREAM
from feedforward.graph.dimension import unknown
from feedforward.graph.node import Literal, build
from feedforward.graph.op import OPS
from feedforward.ops import constant, placeholder, size
from feedforward.ops.state import LITERAL

N = unknown("n")
VALUES = {
    "nothing": None,
    "a flag": True,
    "a small int": 3,
    "zero": 0,
    "a negative int": -1,
    "a large int": 2**40,
    "a huge int": 2**64,
    "a float": 1.0,
    "a text": "x",
    "an unknown size": N,
    "a dtype": np.dtype("float32"),
    "a dtype that is not supported": np.dtype("float16"),
    "another byte order": np.dtype(">f4"),
    "a dtype's name": "float32",
    "an array": np.zeros(2, np.float32),
    "a literal": Literal(np.zeros(2, np.float32)),
    "a literal of another byte order": Literal(np.zeros(2, ">f4")),
    "no ints": (),
    "ints": (3, 1),
    "an int twice": (1, 1),
    "ints with a zero": (0, 3),
    "ints with a negative one": (1, -1),
    "ints with a large one": (2**40, 1),
    "ints with a huge one": (2**48, 1),
    "ints whose product is huge": (2**24, 2**24),
    "a list": [3, 1],
    "flags": (True, False),
    "floats": (1.0, 2.0),
    "sizes not known yet": (N, 3),
    "33 ones": (1,) * 33,
    "tuples": ((1,), (2,)),
}
INTS = {"ints", "an int twice", "no ints"}
FITS = {
    "SIZE": (SIZE, {"a small int", "zero", "a large int", "an unknown size"}),
    "SIZES": (SIZES, INTS | {"ints with a zero", "ints with a large one", "sizes not known yet"}),
    "OFFSETS": (
        OFFSETS,
        INTS
        | {
            "ints with a zero",
            "ints with a large one",
            "ints with a negative one",
            "ints whose product is huge",
            "sizes not known yet",
        },
    ),
    "STEPS": (STEPS, INTS | {"ints with a large one", "ints whose product is huge"}),
    "AXIS": (AXIS, {"a small int", "zero"}),
    "AXES": (AXES, INTS | {"ints with a zero"}),
    "FLAG": (FLAG, {"a flag"}),
    "NAME": (NAME, {"a text", "a dtype's name"}),
    "STREAM": (STREAM, {"a small int", "zero", "a negative int", "a large int"}),
    "DTYPE": (DTYPE, {"a dtype"}),
    "LITERAL": (LITERAL, {"a literal"}),
}


@pytest.mark.parametrize("name", FITS)
def test_types_take_what_is_written_here_and_nothing_else(name):
    kind, wanted = FITS[name]
    assert {word for word, value in VALUES.items() if kind.fits(value)} == wanted


@pytest.mark.parametrize("name", OPS)
def test_every_attribute_of_an_operation_is_checked(name):
    op = OPS[name]
    sample = next(iter(op.samples()))
    inputs = [
        placeholder(domain.shape, "float32" if domain.dtype == "float" else domain.dtype) for domain in sample.inputs
    ]
    assert sample.attrs.keys() == op.attrs.keys()
    build(op, tuple(inputs), sample.attrs)
    with pytest.raises(ValueError, match=f"^{name}: attributes .*more.*Expected"):
        build(op, tuple(inputs), {**sample.attrs, "more": 1})
    for attribute, kind in op.attrs.items():
        with pytest.raises(ValueError, match=f"^{name}: attributes "):
            build(op, tuple(inputs), {key: value for key, value in sample.attrs.items() if key != attribute})
        refused = [value for value in VALUES.values() if not kind.fits(value)]
        assert len(refused) > 15
        for value in refused:
            if not isinstance(value, np.generic):  # NumPy's scalars become Python's before
                with pytest.raises((ValueError, DtypeError), match=f"^{name}: {attribute}=.* must be "):
                    build(op, tuple(inputs), {**sample.attrs, attribute: value})


LIES = {
    "a slice beyond the end": ("slice", (8,), {"starts": (3,), "sizes": (4,), "steps": (2,)}, "positions 3 to 9"),
    "a slice before the start": ("slice", (8,), {"starts": (-1,), "sizes": (2,), "steps": (1,)}, "positions -1 to 0"),
    "a slice of more axes": ("slice", (8,), {"starts": (0, 0), "sizes": (1, 1), "steps": (1, 1)}, "argument 2 is"),
    "a slice backwards": ("slice", (8,), {"starts": (7,), "sizes": (8,), "steps": (-1,)}, "steps=.* must be"),
    "a transposition of an axis twice": ("transpose", (8, 8), {"axes": (0, 0)}, "do not name each of the 2 axes"),
    "a transposition of too few axes": ("transpose", (8, 8), {"axes": (0,)}, "do not name each of the 2 axes"),
    "a flip of an axis that is not there": ("flip", (8,), {"axes": (1,)}, "axis 1 does not exist"),
    "a negative border": ("pad", (8,), {"before": (-2,), "after": (0,), "steps": (1,)}, "width .* is negative"),
    "windows along an axis twice": (
        "windows", (8, 8), {"axes": (1, 1), "sizes": (3, 1), "strides": (1, 9**9)}, "name one twice"
    ),
    "windows along no axis": ("windows", (8,), {"axes": (1,), "sizes": (3,), "strides": (1,)}, "axis 1 does not exist"),
    "windows larger than the array": ("windows", (8,), {"axes": (0,), "sizes": (9,), "strides": (1,)}, "does not fit"),
    "frames of another size": (
        "overlap_add", (4, 3), {"axes": (0,), "sizes": (2 * 10**9,), "strides": (1,), "lengths": (6,)}, "does not fit"
    ),
    "frames of another number": (
        "overlap_add", (5, 3), {"axes": (0,), "sizes": (3,), "strides": (1,), "lengths": (6,)}, "differ"
    ),
    "a sum along no axis": ("sum", (8,), {"axes": (1,)}, "axis 1 does not exist"),
    "a sum along an axis twice": ("sum", (8, 8), {"axes": (1, 1)}, "name one twice"),
    "a place along no axis": ("argmax", (8,), {"axis": 1}, "axis 1 does not exist"),
    "another number of elements": ("reshape", (8,), {"shape": (9,)}, "8 elements"),
    "more than there is": ("broadcast_to", (8,), {"shape": (9,)}, "cannot become"),
}  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
def test_attributes_that_no_builder_function_makes_are_refused(lie):
    name, shape, attrs, message = LIES[lie]
    inputs = (placeholder(shape), constant(np.float32(0)))[: 2 if name == "pad" else 1]
    with pytest.raises(ValueError, match=message):
        build(OPS[name], inputs, attrs)


def test_no_value_has_more_elements_than_addresses_count():
    with pytest.raises(ShapeError, match=r"shape=\(16777216, 16777216\) must be"):
        constant(0.0).broadcast_to((2**24, 2**24))
    long = placeholder((2**24, 1))
    with pytest.raises(ShapeError, match=r"result has shape \(16777216, 16777216\).* product below 2\*\*48"):
        long @ placeholder((1, 2**24))
    with pytest.raises(ShapeError, match=r"must be"):  # NumPy has no such array either
        placeholder((2, 0)).broadcast_to((2**40, 2**40, 2, 0))


def test_what_numpy_leaves_as_its_own_scalars_becomes_python_s():
    assert type(size(np.int64(3)).attrs["value"]) is Literal
    assert type(placeholder((np.int64(3),)).shape[0]) is int
