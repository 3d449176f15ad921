"""Oracles: JAX in float64, loops and formulas written here, central differences; one row per operation in `ORACLES`.

Every test walks the registry of operations, so a new operation is tested as soon as it is defined, and fails by name
until it has a row here.
"""

import itertools
import math
import operator

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import feedforward.ops
from feedforward.errors import DtypeError
from feedforward.graph.dimension import Dimension, unknown
from feedforward.graph.gradient import gradient
from feedforward.graph.node import build
from feedforward.graph.op import OPS
from feedforward.graph.program import Program, specialise
from feedforward.graph.verify import verify
from feedforward.ops import placeholder

assert feedforward.ops

WITHOUT_GRADIENT = {
    "argmax": "an index is a step function",
    "constant": "a leaf without inputs",
    "equal": "a bool",
    "floor": "zero almost everywhere",
    "floor_divide": "zero almost everywhere",
    "less": "a bool",
    "less_equal": "a bool",
    "logical_and": "a bool",
    "logical_not": "a bool",
    "logical_or": "a bool",
    "one_hot": "its input is an integer",
    "permutation": "an integer from integers",
    "placeholder": "a leaf without inputs",
    "random_bits": "an integer from integers",
    "random_uniform": "its inputs are integers",
    "sign": "zero almost everywhere",
    "size": "a leaf without inputs",
    "stop_gradient": "what it is for",
    "truncated_normal": "its inputs are integers",
    "variable": "a leaf without inputs",
}

WITHOUT_NATIVE_FORM = {
    "permutation": "sorts",
    "truncated_normal": "draws again, an unknown number of times",
}

# oracles


def flat(function, width=64):
    """Apply a JAX function to flattened inputs of one padded width, so that it is compiled once."""

    def padded(*arrays):
        size = arrays[0].size
        wide = [np.concatenate([x.reshape(-1), np.ones(-size % width, x.dtype)]) for x in arrays]
        rows = [np.asarray(function(*parts)) for parts in zip(*(x.reshape(-1, width) for x in wide), strict=True)]
        whole = np.concatenate(rows) if rows else np.asarray(function(*(np.ones(width, x.dtype) for x in arrays)))
        return whole[:size].reshape(arrays[0].shape)

    return padded


def truncated(value, dtype):
    """Return a float without its fraction, as the nearest integer that `dtype` holds; 0 for NaN."""
    low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    if not math.isfinite(value):
        return 0 if math.isnan(value) else high if value > 0 else low
    return min(max(math.trunc(value), low), high)


def converted(x, *, dtype):
    rule = {"f": float, "i": lambda value: truncated(value, dtype), "b": lambda value: value != 0}[dtype.kind]
    return np.array([rule(value) for value in x.reshape(-1).tolist()], dtype).reshape(x.shape)


def taken(x, indices, *, axis):
    result = np.zeros((*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]), x.dtype)
    for place in np.ndindex(indices.shape):
        if -x.shape[axis] <= indices[place] < x.shape[axis]:
            before = (slice(None),) * axis
            result[(*before, *place)] = x[(*before, int(indices[place]))]
    return result


def scattered(updates, indices, *, axis, size):
    result = np.zeros((*updates.shape[:axis], size, *updates.shape[axis + indices.ndim :]), updates.dtype)
    for place in np.ndindex(indices.shape):
        if -size <= indices[place] < size:
            before = (slice(None),) * axis
            result[(*before, int(indices[place]))] += updates[(*before, *place)]
    return result


def taken_along(x, indices, *, axis):
    result = np.zeros(indices.shape, x.dtype)
    for place in np.ndindex(indices.shape):
        if -x.shape[axis] <= indices[place] < x.shape[axis]:
            result[place] = x[(*place[:axis], int(indices[place]), *place[axis + 1 :])]
    return result


def scattered_along(updates, indices, *, axis, size):
    result = np.zeros((*updates.shape[:axis], size, *updates.shape[axis + 1 :]), updates.dtype)
    for place in np.ndindex(indices.shape):
        if -size <= indices[place] < size:
            result[(*place[:axis], int(indices[place]), *place[axis + 1 :])] += updates[place]
    return result


def multiplied(x, y, *, transpose_x, transpose_y):
    left, right = "...ji" if transpose_x else "...ij", "...kj" if transpose_y else "...jk"
    return np.einsum(f"{left},{right}->...ik", x, y)


def window_places(shape, axes, sizes, strides):
    """Yield (place in the windows, place in x) for every element of every window."""
    count = list(shape)
    for axis, size, stride in zip(axes, sizes, strides, strict=True):
        count[axis] = len(range(0, shape[axis] - size + 1, stride))
    for window in np.ndindex(*count):
        for offset in np.ndindex(*sizes):
            source = list(window)
            for axis, within, stride in zip(axes, offset, strides, strict=True):
                source[axis] = window[axis] * stride + within
            yield (*window, *offset), tuple(source)


def windowed(x, *, axes, sizes, strides):
    count = list(x.shape)
    for axis, size, stride in zip(axes, sizes, strides, strict=True):
        count[axis] = len(range(0, x.shape[axis] - size + 1, stride))
    result = np.empty((*count, *sizes), x.dtype)
    for place, source in window_places(x.shape, axes, sizes, strides):
        result[place] = x[source]
    return result


def overlapped(x, *, axes, sizes, strides, lengths):
    shape = list(x.shape[: x.ndim - len(axes)])
    for axis, length in zip(axes, lengths, strict=True):
        shape[axis] = length
    result = np.zeros(shape, x.dtype)
    for place, source in window_places(tuple(shape), axes, sizes, strides):
        result[source] += x[place]
    return result


def philox_block(seed, step, stream, block):
    """Return four random words in Python's integers: Salmon et al. (2011), section 3.3."""
    key, counter = [seed & 0xFFFFFFFF, seed >> 32], [block, step, stream & 0xFFFFFFFF, stream >> 32]
    for _ in range(10):
        first, second = 0xD2511F53 * counter[0], 0xCD9E8D57 * counter[2]
        counter = [
            (second >> 32) ^ counter[1] ^ key[0],
            second & 0xFFFFFFFF,
            (first >> 32) ^ counter[3] ^ key[1],
            first & 0xFFFFFFFF,
        ]
        key = [(key[0] + 0x9E3779B9) & 0xFFFFFFFF, (key[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return counter


def unit_numbers(words, dtype):
    """Return the numbers in [0, 1) that random words stand for: 23 bits of one, or 20 and 32 bits of two."""
    if dtype == np.float32:
        return [(word & 0x7FFFFF) / 2**23 for word in words]
    return [((high & 0xFFFFF) * 2**32 + low) / 2**52 for high, low in zip(words[::2], words[1::2], strict=True)]


def random_words(seed, step, stream, count):
    blocks = (philox_block(int(seed), int(step), stream, block) for block in range(-(-count // 4)))
    return list(itertools.chain.from_iterable(blocks))[:count]


def for_each_key(draw):
    """Return what gives each of many seeds and steps a draw of its own, as it is for one of each."""

    def drawn(seed, step, *, shape, stream, dtype):
        result = np.empty((*seed.shape, *shape), dtype)
        for at in np.ndindex(seed.shape):
            result[at] = draw(seed[at], step[at], shape=shape, stream=stream, dtype=dtype)
        return result

    return drawn


@for_each_key
def drawn_bits(seed, step, *, shape, stream, dtype):
    return np.array(random_words(seed, step, stream, math.prod(shape)), dtype).reshape(shape)


@for_each_key
def drawn_uniform(seed, step, *, shape, stream, dtype):
    words = random_words(seed, step, stream, math.prod(shape) * dtype.itemsize // 4)
    return np.array(unit_numbers(words, dtype), dtype).reshape(shape)


@for_each_key
def drawn_truncated(seed, step, *, shape, stream, dtype):
    """Draw group by group as TensorFlow's FillPhiloxRandomTask does, 256 words in reserve for each number."""
    size, numbers = 16 // dtype.itemsize, []
    while len(numbers) < math.prod(shape):
        block, group = len(numbers) * 256 // 4, []
        while len(group) < size:
            units = unit_numbers(philox_block(int(seed), int(step), stream, block), dtype)
            for u, v in zip(units[::2], units[1::2], strict=True):
                radius = math.sqrt(-2 * math.log(max(u, 1e-7)))
                pair = radius * math.sin(2 * math.pi * v), radius * math.cos(2 * math.pi * v)
                group += [number for number in pair if abs(number) < 2]
            block += 1
        numbers += group[:size]
    return np.array(numbers[: math.prod(shape)], dtype).reshape(shape)


@for_each_key
def drawn_permutation(seed, step, *, shape, stream, dtype):
    words = random_words(seed, step, stream, 2 * shape[0])
    keys = [high * 2**32 + low for high, low in zip(words[::2], words[1::2], strict=True)]
    return np.array(sorted(range(shape[0]), key=keys.__getitem__), dtype)


def by_python(operation, over_zero):
    """Apply an operator of Python's own numbers, which is defined but for division by 0: then 0 for integers."""

    def apply(x, y):
        pairs = zip(x.reshape(-1).tolist(), y.reshape(-1).tolist(), strict=True)
        is_whole = x.dtype.kind in "iu"
        found = [operation(a, b) if b != 0 else 0 if is_whole else over_zero(a, b) for a, b in pairs]
        return np.array(found, x.dtype).reshape(x.shape)

    return apply


ORACLES = {
    "abs": flat(jnp.abs),
    "add": flat(jnp.add),
    "argmax": lambda x, *, axis: jnp.argmax(x, axis),
    "broadcast_to": lambda x, *, shape: jnp.broadcast_to(x, shape),
    "cast": converted,
    "concatenate": lambda *arrays, axis: jnp.concatenate(arrays, axis),
    "constant": lambda *, value: np.array(value.value.tolist(), value.value.dtype).reshape(value.value.shape),
    "cos": flat(jnp.cos),
    "divide": flat(jnp.divide),
    "equal": flat(jnp.equal),
    "erf": flat(jax.scipy.special.erf),
    "exp": flat(jnp.exp),
    "expm1": flat(jnp.expm1),
    "flip": lambda x, *, axes: jnp.flip(x, axes),
    "floor": flat(jnp.floor),
    "floor_divide": by_python(operator.floordiv, lambda x, zero: x * math.copysign(math.inf, zero)),
    "less": flat(jnp.less),
    "less_equal": flat(jnp.less_equal),
    "log": flat(jnp.log),
    "log1p": flat(jnp.log1p),
    "logical_and": flat(jnp.logical_and),
    "logical_not": flat(jnp.logical_not),
    "logical_or": flat(jnp.logical_or),
    "matmul": multiplied,
    "matmul_beside": lambda x, y: np.einsum("ndk,duk->nuk", x, y),
    "max": lambda x, *, axes: jnp.max(x, axes),
    "min": lambda x, *, axes: jnp.min(x, axes),
    "maximum": flat(jnp.maximum),
    "minimum": flat(jnp.minimum),
    "multiply": flat(jnp.multiply),
    "negative": flat(jnp.negative),
    "one_hot": lambda x, *, depth, dtype: (
        np.array([[v == k for k in range(depth)] for v in x.reshape(-1).tolist()])
        .astype(dtype)
        .reshape((*x.shape, depth))
    ),
    "overlap_add": overlapped,
    "pad": lambda x, value, *, before, after, steps: jax.lax.pad(
        x, value, [(low, high, step - 1) for low, high, step in zip(before, after, steps, strict=True)]
    ),
    "permutation": drawn_permutation,
    "placeholder": None,  # has no rule: test_interpreter.py feeds it
    "power": flat(jnp.power),
    "random_bits": drawn_bits,
    "random_uniform": drawn_uniform,
    "remainder": by_python(operator.mod, lambda x, zero: math.nan),
    "reshape": lambda x, *, shape: jnp.reshape(x, shape),
    "scatter_add": scattered,
    "scatter_along_axis": scattered_along,
    "sign": flat(jnp.sign),
    "sin": flat(jnp.sin),
    "size": lambda *, size, dtype: np.array(float(size)).astype(dtype),
    "slice": lambda x, *, starts, sizes, steps: jax.lax.slice(
        x,
        starts,
        [start + max(0, (n - 1) * step + 1) for start, n, step in zip(starts, sizes, steps, strict=True)],
        steps,
    ),
    "sqrt": flat(jnp.sqrt),
    "stop_gradient": flat(jax.lax.stop_gradient),
    "subtract": flat(jnp.subtract),
    "sum": lambda x, *, axes: jnp.sum(x, axes),
    "take": taken,
    "take_along_axis": taken_along,
    "tanh": flat(jnp.tanh),
    "transpose": lambda x, *, axes: jnp.transpose(x, axes),
    "truncated_normal": drawn_truncated,
    "variable": None,  # has no rule: test_interpreter.py feeds it
    "where": flat(jnp.where),
    "windows": windowed,
}

NAMES = sorted(OPS)
WITH_VALUE = [name for name in NAMES if ORACLES.get(name) is not None]


def seed_of(name):
    return list(name.encode())


def draw(rng, domains, dtype):
    """Return an array for each domain; ``"float"`` domains take `dtype`."""
    spread = sum(math.prod(domain.shape) for domain in domains if domain.distinct)
    grid = []
    if spread:
        low, high = domains[0].low, domains[0].high
        step = (high - low) / spread
        assert step > 0.05, "the domain is too narrow for that many distinct values"
        grid = list(rng.permutation(low + step * (np.arange(spread) + rng.uniform(0, 0.1, spread) / 4)))
    arrays = []
    for domain in domains:
        count = math.prod(domain.shape)
        if domain.distinct:
            values = np.array([grid.pop() for _ in range(count)])
        elif domain.dtype == "bool":
            values = rng.integers(0, 2, count)
        elif domain.dtype == "float":
            values = np.array([draw_apart(rng, domain) for _ in range(count)])
        else:
            values = rng.integers(int(domain.low), int(domain.high), count)
        kind = dtype if domain.dtype == "float" else domain.dtype
        arrays.append(values.astype(kind).reshape(domain.shape))
    return arrays


def draw_apart(rng, domain):
    """Return one number of a domain that is at least 0.05 away from its kinks."""
    while True:
        value = rng.uniform(domain.low, domain.high)
        kinks = [round(value) if math.isnan(kink) else kink for kink in domain.avoid]
        if all(abs(value - kink) >= 0.05 for kink in kinks):
            return value


def cases(name, dtype="float64"):
    """Yield each sample of an operation with arrays drawn for it."""
    rng = np.random.default_rng(seed_of(name))
    for sample in OPS[name].samples():
        yield sample, draw(rng, sample.inputs, dtype)


def node_of(name, sample, arrays):
    inputs = tuple(placeholder(x.shape, x.dtype, f"x{i}") for i, x in enumerate(arrays))
    return build(OPS[name], inputs, sample.attrs)


def evaluate(name, arrays, attrs):
    with np.errstate(all="ignore"):
        return np.asarray(OPS[name].evaluate(*arrays, **attrs))


def expected_of(name, arrays, attrs):
    """Return the oracle's value: floats are computed in float64."""
    wide = [x.astype(np.float64) if x.dtype.kind == "f" else x for x in arrays]
    with np.errstate(all="ignore"):
        return np.asarray(ORACLES[name](*wide, **attrs))


def tolerance_of(name, arrays, expected):
    """Return how far rounding may take a value.

    Elementwise: 4 units in the last place, what NumPy promises of its functions. Sums of products: a rounding for each
    of at most as many terms as there are elements, none larger than the product of the largest. Places: none.
    """
    kind = OPS[name].kind
    floats = [x for x in arrays if x.dtype.kind == "f"]
    if kind == "random":
        return 8 * np.finfo(expected.dtype).eps if expected.dtype.kind == "f" else 0
    if kind == "movement" or not floats or expected.dtype.kind != "f" or not floats[0].size:
        return 0
    epsilon = np.finfo(floats[0].dtype).eps
    with np.errstate(all="ignore"):
        relative = np.where(np.isfinite(expected), 4 * epsilon * np.abs(expected), 0)
    if kind == "elementwise":
        return relative
    largest = math.prod(max(1.0, np.max(np.abs(x), where=np.isfinite(x), initial=0)) for x in floats)
    return relative + epsilon * max(x.size for x in floats) * largest


def assert_close(value, expected, tolerance, message):
    assert value.shape == expected.shape, message
    same = (value == expected) | ((value != value) & (expected != expected))
    with np.errstate(all="ignore"):
        near = np.abs(value.astype(np.float64) - expected.astype(np.float64)) <= tolerance
    assert np.all(same | near), f"{message}\ngot {value}\nexpected {expected}"


# the registry itself


@pytest.mark.parametrize("name", NAMES)
def test_every_operation_has_an_oracle(name):
    assert name in ORACLES, f"no oracle for ops.{name}"


def test_no_oracle_is_left_over():
    assert set(ORACLES) <= set(OPS)


@pytest.mark.parametrize("name", NAMES)
def test_every_operation_has_ten_samples(name):
    assert len(OPS[name].samples()) >= 10


def test_operations_without_a_gradient_are_listed_with_the_reason():
    assert {name for name in OPS if OPS[name].gradient is None} == set(WITHOUT_GRADIENT)


def test_operations_without_a_native_form_are_listed_with_the_reason():
    assert {name for name in OPS if not OPS[name].is_native} == set(WITHOUT_NATIVE_FORM)


# values


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", WITH_VALUE)
def test_value_is_the_oracle_s(name, dtype, run):
    if dtype == "float64" and not any(d.dtype == "float" for s in OPS[name].samples() for d in s.inputs):
        pytest.skip("has no float input: the float32 run tests it whole")
    for sample, arrays in cases(name, dtype):
        node = node_of(name, sample, arrays)
        (value,) = run([node], dict(zip(node.inputs, arrays, strict=True)))
        expected = expected_of(name, arrays, sample.attrs)
        assert (value.shape, value.dtype) == (node.shape, node.dtype), f"{name} {sample}: not what the rule infers"
        assert_close(value, expected, tolerance_of(name, arrays, expected), f"{name} {sample}")


INTEGER_ROWS = [-7, -2, -1, 0, 1, 2, 3, 100]


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint8", "bool"])
@pytest.mark.parametrize("name", [name for name in WITH_VALUE if OPS[name].kind == "elementwise"])
def test_integers_are_computed_exactly_or_refused(name, dtype, run):
    pairs = list(itertools.product(INTEGER_ROWS, INTEGER_ROWS))
    sample = OPS[name].samples()[0]
    columns = [np.array(column).astype(dtype) for column in zip(*pairs, strict=True)]
    arrays = [columns[i % 2].astype("bool" if d.dtype == "bool" else dtype) for i, d in enumerate(sample.inputs)]
    try:
        node = node_of(name, sample, arrays)
    except DtypeError as error:
        assert f"dtype {dtype} is not" in str(error)
        return
    (value,) = run([node], dict(zip(node.inputs, arrays, strict=True)))
    expected = np.asarray(ORACLES[name](*arrays, **sample.attrs))
    np.testing.assert_array_equal(value, expected)


@pytest.mark.parametrize("name", WITH_VALUE)
def test_layout_in_memory_changes_no_value(name):
    for sample, arrays in cases(name):
        whole = evaluate(name, arrays, sample.attrs)
        tolerance = tolerance_of(name, arrays, whole)
        layouts = {
            "Fortran order": [x.copy(order="F") for x in arrays],
            "reversed": [np.flip(np.flip(x).copy()) for x in arrays],
            "strided": [np.repeat(x, 2, axis=-1)[..., ::2] if x.ndim else x for x in arrays],
        }
        for layout, others in layouts.items():
            value = evaluate(name, others, sample.attrs)
            assert_close(value, whole, tolerance, f"{name} {sample} {layout}")


@pytest.mark.parametrize("name", WITH_VALUE)
def test_inputs_are_left_as_they_were(name):
    for sample, arrays in cases(name):
        before = [x.copy() for x in arrays]
        for x in arrays:
            x.flags.writeable = False
        evaluate(name, arrays, sample.attrs)
        for x, old in zip(arrays, before, strict=True):
            np.testing.assert_array_equal(x, old)


SPECIAL = [math.nan, math.inf, -math.inf, 0.0, -0.0, 1.0, -2.5]


@pytest.mark.parametrize("name", [name for name in WITH_VALUE if OPS[name].kind not in ("random", "state")])
def test_nan_and_infinity_give_what_the_oracle_gives(name):
    rng = np.random.default_rng(seed_of(name))
    for sample, arrays in cases(name):
        spoiled = [
            np.where(rng.random(x.shape) < 0.3, rng.choice(SPECIAL, x.shape), x) if x.dtype.kind == "f" else x
            for x in arrays
        ]
        expected = expected_of(name, spoiled, sample.attrs)
        value = evaluate(name, spoiled, sample.attrs)
        assert_close(value, expected, tolerance_of(name, spoiled, expected), f"{name} {sample} {spoiled}")


@pytest.mark.parametrize("name", [name for name in WITH_VALUE if OPS[name].kind == "elementwise" and name != "cast"])
def test_every_pair_of_special_values_gives_what_jax_gives(name):
    for dtype in ("float32", "float64"):
        columns = [np.array(column, dtype) for column in zip(*itertools.product(SPECIAL, SPECIAL), strict=True)]
        arrays = [
            columns[i % 2] if domain.dtype == "float" else columns[0] > 0
            for i, domain in enumerate(OPS[name].samples()[0].inputs)
        ]
        expected = expected_of(name, arrays, {})
        assert_close(evaluate(name, arrays, {}), expected, tolerance_of(name, arrays, expected), name)


# shapes

SIZE_ATTRIBUTES = {
    "broadcast_to": ["shape"],
    "one_hot": ["depth"],
    "overlap_add": ["lengths"],
    "permutation": ["shape"],
    "random_bits": ["shape"],
    "random_uniform": ["shape"],
    "reshape": ["shape"],
    "scatter_add": ["size"],
    "scatter_along_axis": ["size"],
    "size": ["size"],
    "truncated_normal": ["shape"],
}
"""Attributes that hold sizes; what else stands in attributes (axes, starts, steps) is a number in any program."""


def loosen(size):
    """Return an unknown in place of a size; 1 stays, since it means "stretch this"."""
    return size if size == 1 else unknown(f"n{size}")


@pytest.mark.parametrize("name", [name for name in NAMES if OPS[name].kind != "state" or name == "size"])
def test_unknown_sizes_specialise_to_the_known_ones(name, run):
    for sample, arrays in cases(name):
        inputs = tuple(placeholder(map(loosen, x.shape), x.dtype, f"x{i}") for i, x in enumerate(arrays))
        attrs = dict(sample.attrs)
        for key in SIZE_ATTRIBUTES.get(name, []):
            attrs[key] = tuple(map(loosen, attrs[key])) if isinstance(attrs[key], tuple) else loosen(attrs[key])
        # a further input that holds every size, for those that stand in attributes only
        sizes = sorted({n for part in (*attrs.values(), *(x.shape for x in inputs)) for n in unknowns(part)}, key=str)
        extent = placeholder(sizes, "bool", "extent")
        loose = build(OPS[name], inputs, attrs)
        program = verify(Program((*inputs, extent), (), (loose,)))
        shapes = [*(x.shape for x in arrays), tuple(int(str(n)[1:]) for n in sizes)]
        strict = verify(specialise(program, shapes)).outputs[0]
        direct = node_of(name, sample, arrays)
        assert (strict.shape, strict.dtype) == (direct.shape, direct.dtype), f"{name} {sample}"
        assert dict(strict.attrs) == dict(direct.attrs)
        if OPS[name].gradient is None or direct.dtype.kind != "f":
            continue
        floats = [x for x in inputs if x.dtype.kind == "f"]
        back = [part for part in gradient(loose.sum(), floats) if part is not None]
        back_program = specialise(Program((*inputs, extent), (), tuple(back)), shapes)
        known_back = gradient(direct.sum(), [x for x in direct.inputs if x.dtype.kind == "f"])
        found = run(
            back_program.outputs, dict(zip(back_program.inputs, [*arrays, np.zeros(shapes[-1], bool)], strict=True))
        )
        wanted = run([part for part in known_back if part is not None], dict(zip(direct.inputs, arrays, strict=True)))
        for a, b in zip(found, wanted, strict=True):
            np.testing.assert_array_equal(a, b)


def unknowns(part):
    return [n for n in (part if isinstance(part, tuple) else [part]) if isinstance(n, Dimension)]


# gradients


def directions(rng, arrays, most):
    """Yield unit directions, all of them or `most` of them, and one of random numbers."""
    places = [(i, place) for i, x in enumerate(arrays) for place in np.ndindex(x.shape)]
    for choice in rng.permutation(len(places))[:most]:
        i, place = places[choice]
        unit = [np.zeros_like(x) for x in arrays]
        unit[i][place] = 1.0
        yield unit
    if places:
        yield [rng.uniform(-1, 1, x.shape) for x in arrays]


def assert_derivative(output, inputs, arrays, rng, most, run, central_difference):
    """Compare the gradient of a scalar node with central differences."""
    floats = [i for i, x in enumerate(arrays) if x.dtype.kind == "f"]
    parts = gradient(output, [inputs[i] for i in floats])
    feeds = dict(zip(inputs, arrays, strict=True))
    known = [(i, part) for i, part in zip(floats, parts, strict=True) if part is not None]
    found = {i: np.zeros_like(arrays[i]) for i in floats}
    for (i, part), value in zip(known, run([part for _, part in known], feeds), strict=True):
        assert part.shape == inputs[i].shape and part.dtype == inputs[i].dtype
        found[i] = value

    def function(values):
        return float(run([output], feeds | {inputs[i]: x for i, x in zip(floats, values, strict=True)})[0])

    scale = sum(float(np.abs(x).sum()) for x in found.values()) + abs(function([arrays[i] for i in floats]))
    for direction in directions(rng, [arrays[i] for i in floats], most):
        derivative = sum(float((found[i] * d).sum()) for i, d in zip(floats, direction, strict=True))
        expected, tolerance = central_difference(function, [arrays[i] for i in floats], direction, scale)
        assert abs(derivative - expected) <= tolerance, f"{derivative} is not {expected}, tolerance {tolerance}"


WITH_GRADIENT = [name for name in NAMES if OPS[name].gradient is not None]


@pytest.mark.parametrize("name", WITH_GRADIENT)
def test_gradient_is_the_central_difference(name, run, central_difference):
    rng = np.random.default_rng(seed_of(name))
    for sample, arrays in cases(name):
        node = node_of(name, sample, arrays)
        if node.dtype.kind != "f":
            continue  # a cast to an integer has no derivative
        weights = placeholder(node.shape, node.dtype, "weights")
        inputs, values = [*node.inputs, weights], [*arrays, rng.uniform(-1, 1, node.shape).astype(node.dtype)]
        if node.dtype == np.float32:
            continue  # a cast to float32 rounds, so no central difference exists: see test_elementwise.py
        assert_derivative((node * weights).sum(), inputs, values, rng, 24, run, central_difference)


def contracted(node, wanted, rng):
    """Return a sum of all derivatives of a scalar node, each times a random number; None where there are none."""
    parts = [part for part in gradient(node, wanted) if part is not None]
    products = [(part * rng.uniform(-1, 1, part.shape)).sum() for part in parts]
    return sum(products[1:], start=products[0]) if products else None


@pytest.mark.parametrize("order", [2, 3])
@pytest.mark.parametrize("name", WITH_GRADIENT)
def test_higher_and_mixed_derivatives_are_central_differences(name, order, run, central_difference):
    rng = np.random.default_rng(seed_of(name))
    for sample, arrays in cases(name):
        node = node_of(name, sample, arrays)
        if node.dtype != np.float64:
            continue
        weights = placeholder(node.shape, node.dtype, "weights")
        inputs, values = [*node.inputs, weights], [*arrays, rng.uniform(-1, 1, node.shape)]
        floats = [x for x in inputs if x.dtype.kind == "f"]
        total = (node * weights).sum()
        for _ in range(order - 1):
            total = None if total is None else contracted(total, floats, rng)
        if total is not None:
            assert_derivative(total, inputs, values, rng, 6, run, central_difference)


# wrong uses


@pytest.mark.parametrize(
    ("name", "row"),
    [pytest.param(name, row, id=f"{name}-{row}") for name in NAMES for row in range(len(OPS[name].invalid))],
)
def test_wrong_use_is_refused_with_its_message(name, row):
    invalid = OPS[name].invalid[row]
    with pytest.raises((ValueError, TypeError)) as caught:
        invalid.build()
    assert invalid.message in str(caught.value)


@pytest.mark.parametrize("name", NAMES)
def test_every_operation_refuses_a_wrong_use(name):
    assert OPS[name].invalid, f"no wrong use for ops.{name}"
