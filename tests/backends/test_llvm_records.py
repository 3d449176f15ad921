"""Oracle: the interpreter, which runs an operation's NumPy rule. Operations that exist in this file only.

Each is a record and nothing else: if one of these tests fails for want of a line elsewhere in the package, adding an
operation has come to touch more than one place.
"""

import numpy as np
import pytest

from feedforward import ops
from feedforward.backends import codes
from feedforward.backends.interpreter import Interpreter
from feedforward.backends.llvm import Native, host
from feedforward.compiler.lower import lower
from feedforward.errors import GraphError
from feedforward.graph.attribute import AXES, AXIS, SIZE, AttributeType
from feedforward.graph.gradient import gradient
from feedforward.graph.node import Spec, build
from feedforward.graph.op import OPS, Op, Reduction, define
from feedforward.graph.program import Program
from feedforward.graph.verify import verify

SHAPES = [(), (1,), (5,), (0,), (16,), (37,), (4, 19), (3, 33), (2, 3, 17)]


def new(name, kind, infer, evaluate, **rules):
    """Return a record without tests of its own."""
    return Op(name, kind, infer, evaluate, rules.pop("gradient", None), samples=lambda: [], **rules)


def same(x, **_):
    return Spec(x.shape, x.dtype)


def without_axes(x, *, axes):
    return Spec(tuple(size for axis, size in enumerate(x.shape) if axis not in axes), x.dtype)


SOFTSIGN = new(
    "toy_softsign",
    "elementwise",
    same,
    lambda x: x / (1 + np.abs(x)),
    gradient=lambda node, g: (g / ops.square(1.0 + ops.abs(node.inputs[0])),),
    emit=lambda x: x / (1.0 + x.abs()),
    cost=4,
)
CUBIC = new(
    "toy_cubic",
    "elementwise",
    lambda x, *, coefficients: Spec(x.shape, x.dtype),
    lambda x, *, coefficients: np.where(
        x < 0, 0, coefficients[0] + x * (coefficients[1] + x * (coefficients[2] + x * coefficients[3]))
    ).astype(x.dtype),
    attrs={"coefficients": AttributeType("a tuple of floats", lambda value: type(value) is tuple)},
    emit=lambda x, *, coefficients: x.constant(0).where(x.compare("<", 0), x.polynomial(coefficients)),
)
PRODUCT = new(
    "toy_product",
    "reduce",
    without_axes,
    lambda x, *, axes: np.multiply.reduce(x, axes, x.dtype),
    attrs={"axes": AXES},
    reduce=Reduction("multiply", 1),
    is_portable=False,
)
ARGMIN = new(
    "toy_argmin",
    "reduce",
    lambda x, *, axis: Spec((*x.shape[:axis], *x.shape[axis + 1 :]), np.dtype("int64")),
    lambda x, *, axis: np.argmin(x, axis),
    attrs={"axis": AXIS},
    reduce=Reduction("minimum", np.inf, is_position=True),
)
ROLL = new(
    "toy_roll",
    "movement",
    lambda x, *, shift: Spec(x.shape, x.dtype),
    lambda x, *, shift: np.roll(x, shift, -1),
    attrs={"shift": SIZE},
    read=lambda index, x, *, shift: x[(*index[:-1], (index[-1] + -shift % x.shape[-1]) % x.shape[-1])],
)
RUNNING_MAXIMUM = new(
    "toy_running_maximum",
    "window",
    same,
    lambda x: np.maximum.accumulate(x, -1),
    read=lambda index, x: x[(*index[:-2], index[-1])].where(index[-1] < index[-2] + 1, -100),
    reduce=Reduction("maximum", -np.inf, over=lambda x: x.shape[-1:]),
)
HISTOGRAM = new(
    "toy_histogram",
    "indexing",
    lambda x, places, *, size: Spec((size,), x.dtype),
    lambda x, places, *, size: np.array([x[places == i].sum() for i in range(size)], x.dtype),
    attrs={"size": SIZE},
    scatter=lambda index, x, places, *, size: (places[index].as_index(),),
)
FORMLESS = new("toy_formless", "elementwise", same, lambda x: 2 * x)

CASES = [
    *((SOFTSIGN, {}, [shape]) for shape in SHAPES),
    *((CUBIC, {"coefficients": (1.0, -2.0, 0.5, 0.25)}, [shape]) for shape in SHAPES),
    *((PRODUCT, {"axes": axes}, [(2, 3, 17)]) for axes in [(0,), (1,), (2,), (0, 2), (0, 1, 2)]),
    *((PRODUCT, {"axes": (0,)}, [shape]) for shape in SHAPES if shape),
    *((ARGMIN, {"axis": axis}, [(2, 3, 17)]) for axis in (0, 1, 2)),
    *((ROLL, {"shift": shift}, [shape]) for shape in [(5,), (37,), (4, 19), (2, 3, 17)] for shift in (0, 1, 3)),
    *((RUNNING_MAXIMUM, {}, [shape]) for shape in SHAPES if shape),
]


@pytest.fixture(autouse=True)
def _toys(monkeypatch):
    """The operations exist while a test runs; no code is kept of them."""
    monkeypatch.setattr(codes, "read_code", lambda key: None)
    monkeypatch.setattr(codes, "write_code", lambda key, code: None)
    toys = [SOFTSIGN, CUBIC, PRODUCT, ARGMIN, ROLL, RUNNING_MAXIMUM, HISTOGRAM, FORMLESS]
    for op in toys:
        define(op)
    yield
    for op in toys:
        del OPS[op.name]


def small(rng, shape, dtype):
    """Return numbers of which products and sums of a few are exact, none of them 0."""
    return (rng.integers(1, 8, shape) * rng.choice([-1, 1], shape) / (4 if np.dtype(dtype).kind == "f" else 1)).astype(
        dtype
    )


def both(program, arrays):
    return [one.compile(verify(program)).run(arrays, [])[0] for one in (Native(), Interpreter())]


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32"])
def test_a_record_alone_makes_an_operation_native(dtype):
    rng = np.random.default_rng(3)
    inputs, outputs, arrays = [], [], []
    for op, attrs, shapes in CASES:
        if dtype == "int32" and op in (SOFTSIGN, CUBIC):
            continue
        x = ops.placeholder(shapes[0], dtype, f"x{len(inputs)}")
        inputs.append(x)
        arrays.append(rng.choice([-1, 1], shapes[0]).astype(dtype) if op is PRODUCT else small(rng, shapes[0], dtype))
        outputs.append(build(op, (x,), attrs))
    program = Program(tuple(inputs), (), tuple(outputs))
    lower(program, host())  # or it would be left to the interpreter
    for node, found, wanted in zip(outputs, *both(program, arrays), strict=True):
        assert found.dtype == wanted.dtype
        np.testing.assert_array_equal(found, wanted, str(node))


def test_a_scatter_needs_only_its_record():
    x, places = ops.placeholder((40,), "int32", "x"), ops.placeholder((40,), "int64", "places")
    rng = np.random.default_rng(4)
    program = Program((x, places), (), (build(HISTOGRAM, (x, places), {"size": 7}),))
    lower(program, host())
    found, wanted = both(program, [rng.integers(-9, 9, 40).astype("int32"), rng.integers(-2, 9, 40)])
    np.testing.assert_array_equal(found[0], wanted[0])


def test_a_new_operation_fuses_has_a_gradient_and_meets_others():
    x = ops.placeholder((19, 33), "float32", "x")
    y = build(SOFTSIGN, (x + 1.0,)) * build(ROLL, (x,), {"shift": 2}).sum(1, keepdims=True).broadcast_to((19, 33))
    (slope,) = gradient(build(SOFTSIGN, (x * x,)).sum(), [x])
    program = Program((x,), (), (y, slope))
    assert len(lower(program, host()).kernels) == 2  # the sum, and one loop nest for all the rest
    found, wanted = both(program, [small(np.random.default_rng(5), (19, 33), "float32")])
    for mine, theirs in zip(found, wanted, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-6)  # eight roundings of 6e-8


def test_an_operation_without_a_native_form_is_left_to_the_interpreter_by_name():
    x = ops.placeholder((3,), "float32", "x")
    program = Program((x,), (), (build(FORMLESS, (x,)),))
    with pytest.raises(GraphError, match="toy_formless has no native form"):
        lower(program, host())
    found, _ = both(program, [np.array([1, 2, 3], "float32")])
    np.testing.assert_array_equal(found[0], [2, 4, 6])
