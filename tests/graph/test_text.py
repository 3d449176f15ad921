"""Oracles: an identity, from_text(to_text(p)) is p in text, structure and bits; messages and golden text by hand."""

import base64
import math
import re

import numpy as np
import pytest

from feedforward import ops
from feedforward.backends.interpreter import Interpreter
from feedforward.errors import FormatError
from feedforward.graph.dimension import unknown
from feedforward.graph.gradient import gradient
from feedforward.graph.node import Literal, build, scope
from feedforward.graph.op import OPS
from feedforward.graph.program import Program
from feedforward.graph.text import attrs_from_text, attrs_to_text, from_text, to_text
from feedforward.graph.verify import verify
from feedforward.ops import constant, placeholder, variable


def assert_survives(program):
    text = to_text(program)
    again = verify(from_text(text))
    assert to_text(again) == text
    assert again.key == program.key
    for node, other in zip(program.nodes, again.nodes, strict=True):
        assert (node.op, node.shape, node.dtype, node.scope) == (other.op, other.shape, other.dtype, other.scope)
        assert dict(node.attrs) == dict(other.attrs)
    return again


@pytest.mark.parametrize("name", sorted(OPS))
def test_every_operation_s_samples_survive_the_way_through_text(name):
    for sample in OPS[name].samples():
        dtypes = [domain.dtype if domain.dtype != "float" else "float64" for domain in sample.inputs]
        inputs = tuple(
            placeholder(d.shape, dtype, f"x{i}") for i, (d, dtype) in enumerate(zip(sample.inputs, dtypes, strict=True))
        )
        node = build(OPS[name], inputs, sample.attrs)
        leaf = (node,) if name in ("placeholder", "variable") else ()
        is_variable = name == "variable"
        assert_survives(Program(inputs + (() if is_variable else leaf), leaf if is_variable else (), (node,)))


ODD_ARRAYS = {
    "nan": np.array([math.nan, -math.nan, math.inf, -math.inf, 0.0, -0.0]),
    "a nan with other bits": np.array([0x7FC00001, 0xFFFFFFFF], np.uint32).view(np.float32),
    "subnormal": np.array([5e-324, -5e-324]),
    "empty": np.zeros((0, 3), np.float32),
    "empty bool": np.zeros((2, 0), bool),
    "scalar": np.array(1.5, np.float32),
    "bool": np.array([[True, False], [False, True]]),
    "uint8": np.arange(256, dtype=np.uint8),
    "uint32": np.array([0, 2**32 - 1], np.uint32),
    "int64": np.array([-(2**63), 2**63 - 1]),
    "Fortran order": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "strided": np.arange(10.0)[::-3],
    "big-endian": np.array([1.0, 2.0], ">f4"),
}


@pytest.mark.parametrize("name", ODD_ARRAYS)
def test_constants_keep_every_bit(name):
    program = Program((), (), (constant(ODD_ARRAYS[name]),))
    again = assert_survives(program)
    value = again.outputs[0].attrs["value"].value
    native = ODD_ARRAYS[name].astype(ODD_ARRAYS[name].dtype.newbyteorder("="))
    assert value.dtype == native.dtype and value.shape == native.shape
    assert value.tobytes() == native.tobytes()


ODD_NAMES = [
    "it's",
    'a "quoted" name',
    "both ' and \"",
    "} : float32[2]",
    "{a=1} @b : bool[]",
    "new\nline",
    "\r\u2028\x85\x00",
    "back\\slash\\",
    "%0",
    "",
    " ",
    "größe 日本",
    "program {",
]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names_of_inputs_survive(name):
    x = placeholder((2,), name=name)
    again = assert_survives(Program((x,), (), (x + x,)))
    assert again.inputs[0].attrs["name"] == name


@pytest.mark.parametrize("name", ["dense_1", "block/dense", "my layer", "a : b[c]", "it's", "größe", "@ {x}", "a\nb"])
def test_odd_scopes_survive(name):
    x = placeholder((2,))
    with scope(name):
        y = ops.tanh(x)
    again = assert_survives(Program((x,), (), (y,)))
    assert again.outputs[0].scope == name


def test_a_whole_training_step_survives_with_unknown_sizes():
    batch = unknown("batch")
    x, y = placeholder((batch, 4), name="x"), placeholder((batch,), "int64", "y")
    w = variable((4, 3), name="w")
    scores = x @ w + ops.random_normal((batch, 3), 0)
    loss = (ops.logsumexp(scores, 1) - ops.take_along_axis(scores, y.reshape((batch, 1)), 1)[:, 0]).mean()
    (slope,) = gradient(loss, [w])
    program = Program((x, y), (w,), (loss, scores[::2]), ((w, w - 0.1 * slope),))
    again = assert_survives(verify(program))
    feeds = [np.ones((5, 4), np.float32), np.array([0, 1, 2, 0, 1])], [np.ones((4, 3), np.float32)]
    first, second = (Interpreter().compile(p).run(*feeds) for p in (program, again))
    for mine, other in zip([*first[0], *first[1]], [*second[0], *second[1]], strict=True):
        assert mine.tobytes() == other.tobytes()


GOLDEN = """
program {
  %0 = placeholder() {name='x', shape=[<n>, 2], dtype=dtype:float32} : float32[n, 2]
  %1 = variable() {name='w', shape=[2], dtype=dtype:float32} : float32[2]
  %2 = broadcast_to(%1) {shape=[<n>, 2]} : float32[n, 2]
  %3 = multiply(%0, %2) @dense : float32[n, 2]
  %4 = constant() {value=array(float32, [], 1.0)} : float32[]
  %5 = broadcast_to(%4) {shape=[2]} : float32[2]
  %6 = add(%1, %5) : float32[2]
  inputs %0
  variables %1
  outputs %3
  update %1 := %6
}
""".strip()


def test_the_text_is_the_golden_one():
    x, w = placeholder((unknown("n"), 2), name="x"), variable((2,), name="w")
    with scope("dense"):
        w_wide = w.broadcast_to(x.shape)
        y = build(OPS["multiply"], (x, w_wide))
    text = to_text(Program((x,), (w,), (y,), ((w, w + 1.0),)))
    assert text == GOLDEN.replace("%1) {shape=[<n>, 2]} :", "%1) {shape=[<n>, 2]} @dense :")
    assert to_text(from_text(GOLDEN)) == GOLDEN


def edited(old, new):
    assert old in GOLDEN
    return GOLDEN.replace(old, new)


MALFORMED = [
    ("", "the first line must be 'program {' and the last '}'"),
    ("program {", "the first line must be"),
    ("model {\n}", "the first line must be"),
    (edited("multiply(", "multiplied("), r"line 5: .*unknown operation 'multiplied'.*multiply"),
    (edited("multiply(%0, %2)", "multiply(%0, %9)"), "line 5: .*%9 is not defined above"),
    (edited("multiply(%0, %2)", "multiply(%0)"), "line 5: .*multiply: 1 inputs. Expected 2"),
    (edited("@dense : float32[n, 2]", "@dense : float32[n, 3]"), r"line 5: .*the type is float32\[n, 2\], not"),
    (edited("%3 = multiply", "%0 = multiply"), "line 5: .*%0 is defined twice"),
    (edited("%3 = multiply", "3 = multiply"), "line 5: .*not a node, an end or an update"),
    (edited("inputs %0", "inputs %7"), "line 9: .*%7 is not defined above"),
    (edited("inputs %0", "input %0"), "line 9: .*not a node, an end or an update"),
    (edited(":= %6", "= %6"), "line 12: "),
    (edited("shape=[<n>, 2], dtype", "shape=[<n n>, 2], dtype"), "line 2: .*'n n' is no size"),
    (edited("shape=[<n>, 2], dtype", "shape=<n>, 2], dtype"), "line 2: "),
    (edited("dtype=dtype:float32} : float32[n", "dtype=dtype:float16} : float32[n"), "line 2: .*'float16' is not supp"),
    (edited("dtype=dtype:float32} : float32[n", "dtype='float32'} : float32[n"), "line 2: "),
    (edited("{shape=[2]}", "{axes=[2]}"), "line 7: .*attributes axes"),
    (edited("{shape=[2]}", "{shape=[2"), "line 7: "),
    (edited("{shape=[2]}", "{shape 2}"), "line 7: .*expected '='"),
    (edited("{shape=[2]}", "{shape=?}"), r"line 7: .*cannot read '\?'"),
    (edited("{shape=[2]}", "{shape=None}"), "line 7: .*cannot read 'None'"),
    (edited("[], 1.0)", "[], AACAPw)"), "line 6: "),
    (edited("[], 1.0)", "[], AACA=)"), "line 6: "),
    (edited("(float32, [], 1.0)", "(float32, [2], AACAPw==)"), "line 6: "),
    (edited("(float32, [], 1.0)", "(object, [], AACAPw==)"), "line 6: .*'object' is not supported"),
    ("program {\n%0 = add() : float32[]\n}", "line 2: .*add: 0 inputs. Expected 2"),
    ("program {\n%0 = concatenate() {axis=0} : float32[]\n}", "line 2: .*no arrays"),
    ("program {\n%0 = size() {size=1, dtype=dtype:int64} : int64[]\n%1 = sum(%0) {axes=[5]} : int64[]\n}", "line 3: "),
    ("program {\n%0 = size() {size=1, dtype=dtype:int64} : int64[]\n%1 = argmax(%0) {axis=0} : int64[]\n}", "line 3: "),
    ("program {\n%0 = placeholder() : float32[]\n}", "line 2: .*Expected name, shape, dtype"),
]


@pytest.mark.parametrize(("text", "message"), MALFORMED)
def test_malformed_text_is_refused_with_its_line(text, message):
    with pytest.raises(FormatError, match=message):
        from_text(text)


HOSTILE = [
    "__import__('os').mkdir('{}')",
    "array(float32, [__import__('os').mkdir('{}')], AACAPw==)",
    "<__import__('os').mkdir('{}')>",
    "dtype:__import__('os').mkdir('{}')",
    "[__import__('os').mkdir('{}')]",
    '"" + __import__("os").mkdir("{}")',
    "f\"{{__import__('os').mkdir('{}')}}\"",
]


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_text_is_not_executed(value, tmp_path):
    target = tmp_path / "made"
    text = (
        "program {\n%0 = placeholder() {name="
        + value.format(target)
        + ", shape=[], dtype=dtype:float32} : float32[]\n}"
    )
    with pytest.raises(FormatError, match="line 2"):
        from_text(text)
    assert not target.exists()


def test_an_attribute_without_a_text_form_is_refused():
    with pytest.raises(FormatError, match="None has no text form"):
        attrs_to_text({"size": None})


@pytest.mark.parametrize(
    "value", [0, -7, 10**30, 1.5, -0.0, 1e-300, math.inf, -math.inf, True, False, "", (), ((1,), "a")]
)
def test_attributes_of_every_kind_survive(value):
    again = attrs_from_text(attrs_to_text({"setting": value}))["setting"]
    assert (again, type(again)) == (value, type(value))
    assert repr(again) == repr(value)


def test_a_nan_attribute_survives():
    assert math.isnan(attrs_from_text(attrs_to_text({"setting": math.nan}))["setting"])


def test_literals_show_their_values():
    assert repr(Literal(np.array([1.0, 2.0]))) == "Literal([1. 2.])"


NUMBERS = [
    *((np.float32(value), text) for value, text in ((0.0, "0.0"), (-0.0, "-0.0"), (0.1, "0.1"), (1e-45, "1e-45"))),
    *((np.float32(value), text) for value, text in ((np.inf, "inf"), (-np.inf, "-inf"), (np.nan, "nan"))),
    (np.float32(16777216.0), "1.6777216e+07"),
    (np.float64(0.1), "0.1"),
    (np.float64(5e-324), "5e-324"),
    (np.float64(1 / 3), "0.3333333333333333"),
    (np.int64(-(2**63)), "-9223372036854775808"),
    (np.int32(7), "7"),
    (np.uint8(255), "255"),
    (np.uint32(2**32 - 1), "4294967295"),
    (np.True_, "True"),
    (np.False_, "False"),
]


@pytest.mark.parametrize(("value", "text"), NUMBERS, ids=lambda value: repr(value))
def test_a_number_reads_as_one_and_comes_back_with_its_bits(value, text):
    program = Program((), (), (constant(value),))
    written = to_text(program)
    assert f"value=array({value.dtype.name}, [], {text})" in written
    (again,) = from_text(written).outputs
    assert again.attrs["value"].value.tobytes() == value.tobytes()
    # As it was written before: still read, and the same program.
    data = base64.b64encode(value.tobytes()).decode()
    assert from_text(written.replace(f"[], {text})", f"[], {data})")).key == program.key


def test_every_number_of_a_kind_keeps_its_bits():
    rng = np.random.default_rng(0)
    bits = rng.integers(0, 2**32, 2000, dtype=np.uint32)
    bits[:4] = 0x7FC00001, 0xFFC00000, 0x7F800001, 0x00000001  # NaNs of other bits, and the smallest number
    numbers = [*bits.view(np.float32), *rng.integers(0, 2**64, 500, dtype=np.uint64).view(np.float64)]
    program = Program((), (), tuple(constant(number) for number in numbers))
    for mine, other in zip(from_text(to_text(program)).outputs, program.outputs, strict=True):
        assert mine.attrs["value"].value.tobytes() == other.attrs["value"].value.tobytes()


@pytest.mark.parametrize(
    ("dtype", "number"),
    [("uint8", "256"), ("uint8", "-1"), ("int32", "2147483648"), ("bool", "2"), ("int32", "1.5"), ("float32", "one")],
)
def test_a_number_that_its_dtype_does_not_hold_is_refused(dtype, number):
    text = f"program {{\n  %0 = constant() {{value=array({dtype}, [], {number})}} : {dtype}[]\n  outputs %0\n}}"
    with pytest.raises(FormatError, match="graph text, line 2"):
        from_text(text)


@pytest.mark.parametrize(
    ("dtype", "text"),
    [("float32", "1e300"), ("float64", "1e999"), ("int64", "1_0"), ("float32", "0.10000000000000001")],
)
def test_a_number_that_would_become_another_is_refused(dtype, text):
    one = constant(np.array(1, dtype))
    good = to_text(Program((), (), (one,)))
    number = re.search(r"\[\], ([^)]*)\)", good)[1]
    from_text(good)
    with pytest.raises(FormatError, match=rf"{re.escape(text)} is no {dtype} as this text has it"):
        from_text(good.replace(f"[], {number})", f"[], {text})"))
