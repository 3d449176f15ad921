"""Oracles: the moments of the distributions, by hand and numerical integration; formulas of the cited papers; Keras.

Fans are those that Keras 3.15.1 returns: ``from keras.src.initializers.random_initializers import compute_fans``.
"""

import math

import numpy as np
import pytest

from feedforward import random
from feedforward.errors import ShapeError
from feedforward.nn.config import from_config, resolve, to_config
from feedforward.nn.initializers import (
    INITIALIZERS,
    Constant,
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    Identity,
    Initializer,
    LecunNormal,
    LecunUniform,
    Ones,
    Orthogonal,
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
    Zeros,
    fans,
)

NAMES = {
    "zeros": Zeros,
    "ones": Ones,
    "constant": Constant,
    "random_uniform": RandomUniform,
    "random_normal": RandomNormal,
    "truncated_normal": TruncatedNormal,
    "glorot_uniform": GlorotUniform,
    "glorot_normal": GlorotNormal,
    "he_uniform": HeUniform,
    "he_normal": HeNormal,
    "lecun_uniform": LecunUniform,
    "lecun_normal": LecunNormal,
}
MATRICES = {"orthogonal": Orthogonal, "identity": Identity}
"""Those that fill no vectors: see their own tests."""
RANDOM = [name for name in NAMES if name not in ("zeros", "ones", "constant")]

# Variance for a weight (d, k) = (300, 200), by the equations cited in each docstring.
VARIANCES = {
    "glorot_uniform": 2 / 500,
    "glorot_normal": 2 / 500,
    "he_uniform": 2 / 300,
    "he_normal": 2 / 300,
    "lecun_uniform": 1 / 300,
    "lecun_normal": 1 / 300,
    "random_uniform": 0.1**2 / 12,
    "random_normal": 0.05**2,
}


def truncated_moments():
    """Return variance and fourth moment of a standard normal cut off at -2 and 2, by the midpoint rule."""
    x = (np.arange(200_000) + 0.5) * 2e-5 - 2
    density = np.exp(-(x**2) / 2)
    density /= density.sum()
    return (x**2 * density).sum(), (x**4 * density).sum()


FILLED = {"zeros": 0, "ones": 1, "constant": 0}
"""What those that draw nothing fill with by default."""


def test_every_initializer_is_registered_under_its_snake_case_name_and_has_an_oracle():
    oracles = {*FILLED, *VARIANCES, *MATRICES, "truncated_normal"}  # the last has a test of its own
    missing = [f"no oracle for initializers.{name}" for name in INITIALIZERS if name not in oracles]
    assert not missing, missing
    assert {name: INITIALIZERS[name] for name in INITIALIZERS} == NAMES | MATRICES
    assert oracles == {*INITIALIZERS}


@pytest.mark.parametrize("name", FILLED)
def test_by_default_a_constant_fills_with_its_number(name):
    assert INITIALIZERS[name]()((2, 2)).tolist() == [[FILLED[name]] * 2] * 2


def test_constants_fill_with_their_number():
    assert Zeros()((2, 3)).tolist() == [[0, 0, 0]] * 2
    assert Ones()((2,), "float64").tolist() == [1, 1]
    assert Constant(0.1)((3,), "float64").tolist() == [0.1] * 3
    assert Constant()(()).tolist() == 0
    assert Ones()((2,), "int32").dtype == np.int32


@pytest.mark.parametrize("name", list(NAMES))
@pytest.mark.parametrize("shape", [(), (1,), (0,), (5,), (0, 3), (4, 2), (3, 2, 4, 5)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_shape_and_dtype_are_those_asked_for(name, shape, dtype):
    value = NAMES[name]()(shape, dtype).numpy()
    assert value.shape == shape
    assert value.dtype == dtype
    assert np.isfinite(value).all()


def test_the_dtype_is_float32_by_default():
    assert GlorotUniform()((2, 2)).dtype == np.float32


@pytest.mark.parametrize("name", list(VARIANCES))
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_mean_and_variance_are_those_of_the_formula(name, dtype):
    values = NAMES[name](seed=11)((300, 200), dtype).numpy().astype(np.float64)
    n, variance = values.size, VARIANCES[name]
    # The kurtosis bounds the spread of the sample variance: 3 for the normal, less for uniform and truncated.
    assert abs(values.mean()) < 5 * math.sqrt(variance / n)
    assert abs(values.var() / variance - 1) < 5 * math.sqrt(2 / n)


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("glorot_uniform", math.sqrt(6 / 500)),
        ("he_uniform", math.sqrt(6 / 300)),
        ("lecun_uniform", math.sqrt(3 / 300)),
        ("random_uniform", 0.05),
    ],
)
def test_uniform_numbers_fill_their_interval(name, limit):
    values = NAMES[name](seed=12)((300, 200)).numpy()
    # The chance that 60,000 numbers miss a thousandth of the interval at one end is exp(-60).
    assert -limit <= values.min() < -0.998 * limit
    assert 0.998 * limit < values.max() <= limit * (1 + 2**-24)


@pytest.mark.parametrize("name", ["glorot_normal", "he_normal", "lecun_normal"])
def test_normal_numbers_are_cut_off_at_two_deviations_of_the_uncut_distribution(name):
    bound = 2 * math.sqrt(VARIANCES[name]) / 0.87962566103423978
    values = NAMES[name](seed=13)((300, 200)).numpy()
    assert 0.99 * bound < np.abs(values).max() <= bound * (1 + 2**-22)  # a draw, and two roundings


def test_the_constant_of_the_cut_is_the_deviation_of_a_cut_normal_distribution():
    assert math.sqrt(truncated_moments()[0]) == pytest.approx(
        0.87962566103423978, rel=1e-9
    )  # the rule's error, h^2 / 24 with h = 2e-5, is 2e-11


def test_truncated_normal_keeps_within_two_deviations_of_the_mean():
    values = TruncatedNormal(mean=1.0, stddev=0.5, seed=14)((300, 200)).numpy().astype(np.float64)
    variance, fourth = truncated_moments()
    n = values.size
    assert np.abs(values - 1).max() <= 1 + 2**-21  # rounding of draw, product and sum, each near 1
    assert np.abs(values - 1).max() > 0.99
    assert abs(values.mean() - 1) < 5 * 0.5 * math.sqrt(variance / n)
    assert abs(values.var() / (0.25 * variance) - 1) < 5 * math.sqrt((fourth / variance**2 - 1) / n)


def test_random_normal_has_its_mean_and_deviation():
    values = RandomNormal(mean=-3.0, stddev=2.0, seed=15)((200_000,)).numpy().astype(np.float64)
    assert abs(values.mean() + 3) < 5 * 2 / math.sqrt(200_000)
    assert abs(values.std() / 2 - 1) < 5 / math.sqrt(400_000)


def test_a_deviation_of_zero_gives_the_mean():
    assert RandomNormal(mean=2.0, stddev=0)((3,)).tolist() == [2, 2, 2]
    assert RandomUniform(minval=1.5, maxval=1.5)((2,)).tolist() == [1.5, 1.5]


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((), (1, 1)),
        ((5,), (5, 5)),
        ((7, 3), (7, 3)),
        ((3, 4, 5), (12, 15)),
        ((3, 2, 4, 5), (24, 30)),
        ((0, 3), (0, 3)),
    ],
)
def test_fans_are_those_of_keras(shape, expected):
    assert fans(shape) == expected


def test_the_variance_of_a_convolution_kernel_counts_its_window():
    values = HeUniform(seed=16)((5, 5, 20, 30)).numpy().astype(np.float64)
    assert abs(values.var() / (2 / 500) - 1) < 5 * math.sqrt(2 / values.size)


@pytest.mark.parametrize("name", RANDOM)
def test_a_seed_gives_the_same_numbers_each_time_and_another_seed_others(name):
    first = NAMES[name](seed=1)
    assert first((3, 4)).tolist() == first((3, 4)).tolist() == NAMES[name](seed=1)((3, 4)).tolist()
    assert first((3, 4)).tolist() != NAMES[name](seed=2)((3, 4)).tolist()


@pytest.mark.parametrize("name", RANDOM)
def test_without_a_seed_the_global_sequence_goes_on(name):
    random.set_seed(5)
    draw = NAMES[name]()
    first, second = draw((3, 4)).tolist(), draw((3, 4)).tolist()
    assert first != second
    random.set_seed(5)
    assert [draw((3, 4)).tolist(), draw((3, 4)).tolist()] == [first, second]


@pytest.mark.parametrize("name", [*NAMES, *MATRICES])
def test_a_configuration_makes_an_equal_initializer(name):
    kind = (NAMES | MATRICES)[name]
    made = kind(seed=3) if name in (*RANDOM, "orthogonal") else kind()
    assert from_config(INITIALIZERS, to_config(made)) == made
    assert resolve(INITIALIZERS, name) == resolve(INITIALIZERS, kind.__name__) == kind()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(1, 1), (5, 5), (7, 3), (3, 7), (3, 2, 4, 5), (0, 3), (3, 0), (1, 4)])
def test_an_orthogonal_matrix_keeps_lengths_times_its_gain(shape, dtype):
    for gain in (1.0, -0.5, 2.0):
        value = Orthogonal(gain, seed=7)(shape, dtype).numpy()
        assert value.shape == shape and value.dtype == dtype
        matrix = np.float64(value).reshape(math.prod(shape[:-1]), shape[-1])
        matrix = matrix if matrix.shape[0] >= matrix.shape[1] else matrix.T
        expected = gain**2 * np.eye(matrix.shape[1])
        # Sums of up to 24 products, whose factors are rounded to the dtype.
        np.testing.assert_allclose(matrix.T @ matrix, expected, rtol=0, atol=gain**2 * 24 * np.finfo(dtype).eps)


def test_orthogonal_matrices_are_spread_evenly():
    # Of an even (Haar) distribution each entry of a 2 x 2 matrix has mean 0 and variance 1/2; both determinants occur.
    matrices = np.array([Orthogonal(seed=seed)((2, 2), "float64").numpy() for seed in range(400)])
    assert abs(matrices.mean(0)).max() < 5 * math.sqrt(0.5 / 400)
    np.testing.assert_allclose((matrices**2).mean(0), 0.5, atol=5 * math.sqrt(0.125 / 400))
    assert 0.3 < (np.linalg.det(matrices) > 0).mean() < 0.7


def test_an_orthogonal_matrix_goes_by_its_seed():
    first = Orthogonal(seed=1)((3, 4)).tolist()
    assert first == Orthogonal(seed=1)((3, 4)).tolist() != Orthogonal(seed=2)((3, 4)).tolist()
    random.set_seed(5)
    draws = [Orthogonal()((3, 4)).tolist() for _ in range(2)]
    random.set_seed(5)
    assert draws[0] != draws[1] and draws == [Orthogonal()((3, 4)).tolist() for _ in range(2)]


def test_identity_has_its_gain_on_the_diagonal():
    assert Identity()((2, 2)).tolist() == [[1, 0], [0, 1]]
    assert Identity(0.1)((3, 2), "float64").tolist() == [[0.1, 0], [0, 0.1], [0, 0]]
    assert Identity()((0, 3)).shape == (0, 3)
    assert Identity()((1, 1)).dtype == np.float32


@pytest.mark.parametrize(
    ("make", "shape", "message"),
    [
        (Orthogonal(), (3,), r"Orthogonal: got shape \(3,\)\. Expected at least two axes, as a kernel has: choose"),
        (Orthogonal(), (), r"Orthogonal: got shape \(\)\."),
        (Identity(), (3, 3, 2, 2), r"Identity: got shape \(3, 3, 2, 2\)\. Expected two axes"),
    ],
)
def test_what_is_no_matrix_is_refused(make, shape, message):
    with pytest.raises(ShapeError, match=message):
        make(shape)


@pytest.mark.parametrize(
    ("given", "name"),
    [("zero", "zeros"), ("one", "ones"), ("normal", "random_normal"), ("uniform", "random_uniform")],
)
def test_short_names_that_keras_takes_are_known(given, name):
    assert resolve(INITIALIZERS, given) == NAMES[name]()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RandomNormal(stddev=-1), r"RandomNormal(stddev=-1): stddev must be a number >= 0. Got -1."),
        (
            lambda: TruncatedNormal(stddev=-0.5),
            r"TruncatedNormal(stddev=-0.5): stddev must be a number >= 0. Got -0.5.",
        ),
        (lambda: RandomNormal(stddev="a"), r"RandomNormal(stddev='a'): stddev must be a number >= 0. Got 'a'."),
        (lambda: RandomNormal(mean=math.nan), r"RandomNormal(mean=nan): mean must be a number. Got nan."),
        (lambda: RandomNormal(stddev=math.inf), r"RandomNormal(stddev=inf): stddev must be a number >= 0. Got inf."),
        (lambda: RandomNormal(stddev=True), r"RandomNormal(stddev=True): stddev must be a number >= 0. Got True."),
        (lambda: Constant(value=None), r"Constant(value=None): value must be a number. Got None."),
        (
            lambda: RandomUniform(minval=1, maxval=0),
            r"RandomUniform(minval=1, maxval=0): minval must be <= maxval. Got 1 and 0.",
        ),
        (lambda: RandomUniform(minval="0"), r"RandomUniform(minval='0'): minval must be a number. Got '0'."),
        (lambda: RandomUniform(maxval=math.inf), r"RandomUniform(maxval=inf): maxval must be a number. Got inf."),
        (lambda: Orthogonal(gain="1"), r"Orthogonal(gain='1'): gain must be a number. Got '1'."),
        (lambda: Identity(gain=math.inf), r"Identity(gain=inf): gain must be a number. Got inf."),
        (lambda: HeNormal(seed=-1), r"seed -1 must be an int from 0 to 2**63 - 1."),
        (lambda: RandomUniform(seed=1.5), r"seed 1.5 must be an int from 0 to 2**63 - 1."),
        (lambda: TruncatedNormal(seed=2**63), r"seed 9223372036854775808 must be an int from 0 to 2**63 - 1."),
    ],
)
def test_a_wrong_setting_is_refused_with_what_was_expected(make, message):
    with pytest.raises(ValueError) as caught:
        make()
    assert str(caught.value) == message


def test_random_integers_are_refused():
    with pytest.raises(TypeError, match="int32"):
        GlorotUniform()((2, 2), "int32")


def test_the_base_class_says_what_to_define():
    with pytest.raises(NotImplementedError, match=r"Initializer has no __call__\(\)\. Define"):
        Initializer()((2,))
