"""Oracles: float64 NumPy formulas, jax.nn in float64, values worked by hand, and values recorded from PyTorch.

Recorded with torch 2.13.0, from ``x = torch.tensor([-3, -1, -0.5, 0, 0.5, 1, 3], dtype=torch.float64)`` with
``requires_grad``: ``f(x)`` and ``torch.autograd.grad(f(x).sum(), x)[0]`` for torch.sigmoid, torch.tanh, torch.relu,
F.leaky_relu(x, 0.2), F.elu, F.softplus, F.silu, F.relu6, F.celu, F.selu, F.softsign, F.gelu, F.mish, F.hardtanh,
F.hardswish, torch.exp, F.logsigmoid and torch.sign; not F.hardsigmoid, whose slope is 1/6 in float32 only.
"""

import functools
import gc
import math

import jax
import numpy as np
import pytest

import feedforward as ff
from feedforward.derivatives import grad
from feedforward.errors import ShapeError
from feedforward.nn import activations
from feedforward.nn.activations import ACTIVATIONS, log_softmax, logits_of
from feedforward.tape import GradientTape
from feedforward.tensor import Tensor

ORACLES = {
    "linear": lambda x: x,
    "sigmoid": jax.nn.sigmoid,
    "tanh": jax.numpy.tanh,
    "relu": jax.nn.relu,
    "leaky_relu": lambda x: jax.nn.leaky_relu(x, 0.2),
    "elu": jax.nn.elu,
    "softplus": jax.nn.softplus,
    "swish": jax.nn.silu,
    "softmax": jax.nn.softmax,
    "log_softmax": jax.nn.log_softmax,
    "softmin": lambda x: jax.nn.softmax(-x),
    "relu6": jax.nn.relu6,
    "celu": jax.nn.celu,
    "selu": jax.nn.selu,
    "softsign": jax.nn.soft_sign,
    "gelu": lambda x: jax.nn.gelu(x, approximate=False),
    "mish": jax.nn.mish,
    "hard_sigmoid": jax.nn.hard_sigmoid,
    "hard_tanh": jax.nn.hard_tanh,
    "hard_swish": jax.nn.hard_silu,
    "exponential": jax.numpy.exp,
    "log_sigmoid": jax.nn.log_sigmoid,
    "sign": jax.numpy.sign,
}
NAMES = [name for name in ACTIVATIONS if name != "maxout"]  # which returns less than it takes: see its own tests
ALONG_AN_AXIS = ("softmax", "log_softmax", "softmin")
ELEMENTWISE = [name for name in NAMES if name not in ALONG_AN_AXIS]
X = np.array([-3, -1, -0.5, 0, 0.5, 1, 3])

# fmt: off
TORCH = {
    "sigmoid": ([0.04742587317756678, 0.2689414213699951, 0.3775406687981454, 0.5, 0.6224593312018546,
                 0.7310585786300049, 0.9525741268224334],
                [0.04517665973091214, 0.19661193324148185, 0.2350037122015945, 0.25, 0.2350037122015945,
                 0.19661193324148185, 0.045176659730912]),
    "tanh": ([-0.9950547536867305, -0.7615941559557649, -0.46211715726000974, 0.0, 0.46211715726000974,
              0.7615941559557649, 0.9950547536867305],
             [0.009866037165440166, 0.41997434161402614, 0.7864477329659274, 1.0, 0.7864477329659274,
              0.41997434161402614, 0.009866037165440166]),
    "relu": ([0.0, 0.0, 0.0, 0.0, 0.5, 1.0, 3.0], [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0]),
    "leaky_relu": ([-0.6, -0.2, -0.1, 0.0, 0.5, 1.0, 3.0], [0.2, 0.2, 0.2, 0.2, 1.0, 1.0, 1.0]),
    "elu": ([-0.950212931632136, -0.6321205588285577, -0.3934693402873666, 0.0, 0.5, 1.0, 3.0],
            [0.049787068367863944, 0.36787944117144233, 0.6065306597126334, 1.0, 1.0, 1.0, 1.0]),
    "softplus": ([0.04858735157374206, 0.31326168751822286, 0.4740769841801067, 0.6931471805599453, 0.9740769841801067,
                  1.3132616875182228, 3.048587351573742],
                 [0.04742587317756679, 0.2689414213699951, 0.37754066879814546, 0.5, 0.6224593312018546,
                  0.7310585786300049, 0.9525741268224333]),
    "swish": ([-0.14227761953270035, -0.2689414213699951, -0.1887703343990727, 0.0, 0.3112296656009273,
               0.7310585786300049, 2.8577223804672998],
              [-0.08810410601516962, 0.07232948812851325, 0.2600388126973482, 0.5, 0.7399611873026519,
               0.9276705118714869, 1.0881041060151693]),
    "relu6": ([0.0, 0.0, 0.0, 0.0, 0.5, 1.0, 3.0], [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0]),
    "celu": ([-0.950212931632136, -0.6321205588285577, -0.3934693402873666, 0.0, 0.5, 1.0, 3.0],
             [0.049787068367863944, 0.36787944117144233, 0.6065306597126334, 1.0, 1.0, 1.0, 1.0]),
    "selu": ([-1.6705687287671118, -1.1113307378125625, -0.6917581878028713, 0.0, 0.5253504936777402,
              1.0507009873554805, 3.1521029620664414],
             [0.08753061208026487, 0.646768603034814, 1.0663411530445053, 1.7580993408473766, 1.0507009873554805,
              1.0507009873554805, 1.0507009873554805]),
    "softsign": ([-0.75, -0.5, -0.3333333333333333, 0.0, 0.3333333333333333, 0.5, 0.75],
                 [0.0625, 0.25, 0.4444444444444444, 1.0, 0.4444444444444444, 0.25, 0.0625]),
    "gelu": ([-0.00404969409489031, -0.15865525393145702, -0.15426876936299344, 0.0, 0.34573123063700656,
              0.841344746068543, 2.99595030590511],
             [-0.01194564720418392, -0.08331547058768635, 0.13250487534383712, 0.5, 0.8674951246561629,
              1.0833154705876864, 1.011945647204184]),
    "mish": ([-0.1456474612756246, -0.30340146137410895, -0.22074377465173, 0.0, 0.3752452113048951,
              0.8650983882673103, 2.9865350049679575],
             [-0.09339311453232084, 0.059216755877395014, 0.28951067791351226, 0.6, 0.8864243753577272,
              1.0490362200997922, 1.0211069109294435]),
    "hard_tanh": ([-1.0, -1.0, -0.5, 0.0, 0.5, 1.0, 1.0], [0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0]),
    "hard_swish": ([-0.0, -0.3333333333333333, -0.20833333333333334, 0.0, 0.2916666666666667, 0.6666666666666666,
                    3.0],
                   [0.0, 0.16666666666666669, 0.33333333333333337, 0.5, 0.6666666666666666, 0.8333333333333333, 1.0]),
    "exponential": ([0.049787068367863944, 0.36787944117144233, 0.6065306597126334, 1.0, 1.6487212707001282,
                     2.718281828459045, 20.085536923187668],
                    [0.049787068367863944, 0.36787944117144233, 0.6065306597126334, 1.0, 1.6487212707001282,
                     2.718281828459045, 20.085536923187668]),
    "log_sigmoid": ([-3.048587351573742, -1.3132616875182228, -0.9740769841801067, -0.6931471805599453,
                     -0.4740769841801067, -0.31326168751822286, -0.04858735157374206],
                    [0.9525741268224333, 0.7310585786300049, 0.6224593312018545, 0.5, 0.37754066879814546,
                     0.2689414213699951, 0.04742587317756679]),
    "sign": ([-1.0, -1.0, -1.0, 0.0, 1.0, 1.0, 1.0], [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]),
}
# fmt: on


def derivative(function, x):
    return grad(lambda t: function(t).sum())(Tensor(x)).numpy()


def relative_error(y, exact):
    return np.max(np.abs(y - exact) / np.abs(exact))


def test_every_activation_has_an_oracle():
    missing = [f"no oracle for activations.{name}" for name in NAMES if name not in ORACLES]
    assert not missing, missing
    assert ORACLES.keys() == set(NAMES)


def test_each_is_registered_under_the_name_of_its_function():
    for name in ACTIVATIONS:
        assert ACTIVATIONS[name] is getattr(activations, name)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("ReLU", "relu"),
        ("LeakyReLU", "leaky_relu"),
        ("SiLU", "swish"),
        ("silu", "swish"),
        ("hard_silu", "hard_swish"),
        ("logsigmoid", "log_sigmoid"),
        ("Hardtanh", "hard_tanh"),
        ("GELU", "gelu"),
    ],
)
def test_names_of_classes_and_of_other_libraries_are_known_and_kept_as_ours(given, name):
    assert ACTIVATIONS[given] is ACTIVATIONS[name]
    assert ff.layers.Dense(2, activation=given).activation == ff.layers.Activation(given).activation == name


@pytest.fixture(scope="module")
def by_jax():
    """Return a function that gives 12 pairs of inputs and of what comes back, and JAX's values and gradients of them.

    JAX compiles each operation once a shape, which takes longer than all else here: so it gets all inputs at once.
    """

    @functools.cache
    def computed(name):
        random = np.random.default_rng(3)
        x, g = random.normal(size=(12, 2)) * 3, random.normal(size=(12, 2))
        expected, pull = jax.vjp(ORACLES[name], x)
        return x, g, np.asarray(expected), np.asarray(pull(jax.numpy.asarray(g))[0])

    return computed


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(), (1,), (0,), (5,), (2, 3), (4, 1, 3)])
def test_value_and_gradient_are_those_of_jax(name, shape, by_jax):
    shape = (*shape, 2) if name in ALONG_AN_AXIS else shape  # an axis with elements
    x, g, expected, expected_slope = (part.reshape(-1)[: math.prod(shape)].reshape(shape) for part in by_jax(name))
    # A dozen roundings of numbers no larger than those compared, and two exponentials.
    tolerance = {"rtol": 32 * 2**-53, "atol": 32 * 2**-53}
    np.testing.assert_allclose(ACTIVATIONS[name](Tensor(x)).numpy(), expected, **tolerance)
    slope = grad(lambda t: (ACTIVATIONS[name](t) * g).sum())(Tensor(x)).numpy()
    np.testing.assert_allclose(slope, expected_slope, **tolerance)


@pytest.mark.parametrize("name", TORCH)
def test_value_and_gradient_are_those_of_torch(name):
    value, slope = TORCH[name]
    np.testing.assert_allclose(ACTIVATIONS[name](Tensor(X)).numpy(), value, rtol=16 * 2**-53)
    # 1 - y^2 and y (1 - y) are differences from 1: half a rounding of 1 on either side.
    np.testing.assert_allclose(derivative(ACTIVATIONS[name], X), slope, rtol=16 * 2**-53, atol=4 * 2**-53)


@pytest.mark.parametrize("name", NAMES)
def test_gradient_is_that_of_central_differences(name, central_difference):
    random = np.random.default_rng(4)
    x = random.uniform(0.1, 2, (3, 4)) * random.choice([-1, 1], (3, 4))
    direction, weight = random.normal(size=(2, 3, 4))

    def value(arrays):
        return float((ACTIVATIONS[name](Tensor(arrays[0])) * weight).sum())

    expected, tolerance = central_difference(value, [x], [direction], np.abs(weight).sum() * 2)
    slope = grad(lambda t: (ACTIVATIONS[name](t) * weight).sum())(Tensor(x)).numpy()
    assert abs((slope * direction).sum() - expected) <= tolerance


@pytest.mark.parametrize(
    ("name", "slope"),
    [
        ("linear", 1),
        ("sigmoid", 0.25),
        ("tanh", 1),
        ("relu", 0),
        ("leaky_relu", np.float32(0.2)),
        ("elu", 1),
        ("softplus", 0.5),
        ("swish", 0.5),
        ("relu6", 0),
        ("celu", 1),
        ("softsign", 1),
        ("gelu", 0.5),
        ("hard_sigmoid", np.float32(1 / 6)),
        ("hard_tanh", 1),
        ("hard_swish", 0.5),
        ("exponential", 1),
        ("log_sigmoid", 0.5),
        ("sign", 0),
    ],
)
def test_the_derivative_at_zero_is_the_documented_one(name, slope):
    for zero in (0.0, -0.0):
        assert derivative(ACTIVATIONS[name], np.float32([zero])).tolist() == [slope]


@pytest.mark.parametrize(
    ("name", "kinks", "values", "slopes"),
    [  # by hand, from the formulas: a bound has the derivative of what lies beyond it
        ("relu6", [0, 6], [0, 6], [0, 0]),
        ("hard_tanh", [-1, 1], [-1, 1], [0, 0]),
        ("hard_sigmoid", [-3, 3], [0, 1], [0, 0]),
        ("hard_swish", [-3, 3], [0, 3], [0, 1]),
        ("sign", [-1e-30, 0, 1e-30], [-1, 0, 1], [0, 0, 0]),
    ],
)
def test_values_and_derivatives_at_kinks_are_the_documented_ones(name, kinks, values, slopes):
    assert ACTIVATIONS[name](Tensor(np.float32(kinks))).tolist() == values
    assert derivative(ACTIVATIONS[name], np.float32(kinks)).tolist() == slopes


@pytest.mark.parametrize(("name", "curvature"), [("sigmoid", 0.0), ("softplus", 0.25), ("swish", 0.5), ("tanh", 0.0)])
def test_the_second_derivative_at_zero_is_right(name, curvature):
    # By hand: s'' = s (1 - s) (1 - 2 s) = 0; softplus'' = s (1 - s) = 1/4; swish'' = 2 s' + x s'' = 1/2.
    second = grad(grad(lambda t: ACTIVATIONS[name](t).sum()))(Tensor(0.0))
    assert float(second) == curvature


@pytest.mark.parametrize("name", NAMES)
def test_large_inputs_give_finite_values_and_gradients_in_float32(name):
    x = np.float32([[-1e4, -200, -104, -88, -1e-30, 0, 1e-30, 88, 104, 200, 1e4]])
    if name == "exponential":
        x = x[:, :8]  # it is infinite beyond
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        value, slope = ACTIVATIONS[name](Tensor(x)).numpy(), derivative(ACTIVATIONS[name], x)
    assert value.dtype == slope.dtype == np.float32
    assert np.isfinite(value).all()
    assert np.isfinite(slope).all()


@pytest.mark.parametrize("name", NAMES)
def test_nan_stays_nan_and_its_neighbours_stay_what_they_are(name):
    x = np.float32([[1.0, np.nan, -1.0], [1.0, 2.0, -1.0]])
    y = ACTIVATIONS[name](Tensor(x)).numpy()
    assert np.isnan(y[0, 1])
    if name in ELEMENTWISE:
        np.testing.assert_array_equal(y[0, [0, 2]], y[1, [0, 2]])
        assert np.isfinite(y[0, [0, 2]]).all()
    else:
        assert np.isnan(y[0]).all()
    assert np.isfinite(y[1]).all()


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("sigmoid", 0, 1),
        ("tanh", -1, 1),
        ("relu", 0, np.inf),
        ("leaky_relu", -np.inf, np.inf),
        ("elu", -1, np.inf),
        ("softplus", 0, np.inf),
        ("linear", -np.inf, np.inf),
        ("relu6", 0, 6),
        ("celu", -1, np.inf),
        ("selu", -1.0507009873554805 * 1.6732632423543772, np.inf),
        ("hard_sigmoid", 0, 1),
        ("hard_tanh", -1, 1),
        ("exponential", 0, np.inf),
        ("log_sigmoid", -np.inf, 0),
        ("sign", -1, 1),
    ],
)
def test_infinity_gives_the_limit(name, low, high):
    assert ACTIVATIONS[name](Tensor(np.float32([-np.inf, np.inf]))).numpy().tolist() == np.float32([low, high]).tolist()


def test_sigmoid_keeps_its_relative_accuracy_in_both_tails():
    x = np.linspace(-87, 87, 100_001).astype(np.float32)
    wide = x.astype(np.float64)
    exact = 1 / (1 + np.exp(-wide))
    # Two exponentials of at most 2 units in the last place each (2**-23 of the value), a sum and a quotient.
    assert relative_error(ACTIVATIONS["sigmoid"](Tensor(x)).numpy(), exact) < 6 * 2**-24
    slope = np.exp(-np.abs(wide)) / (1 + np.exp(-np.abs(wide))) ** 2
    # The same, and y (1 - y) from its parts: near 0, where the parts cancel most, they differ by a factor of 2.
    assert relative_error(derivative(ACTIVATIONS["sigmoid"], x), slope) < 24 * 2**-24


def test_sigmoid_of_minus_eighty_is_not_zero():
    assert float(ACTIVATIONS["sigmoid"](Tensor(-80.0))) == pytest.approx(1.8048513878454153e-35, rel=4 * 2**-24)


def test_softplus_keeps_its_relative_accuracy_in_both_tails():
    x = np.linspace(-87, 200, 100_001).astype(np.float32)
    exact = np.logaddexp(0, x.astype(np.float64))
    assert relative_error(ACTIVATIONS["softplus"](Tensor(x)).numpy(), exact) < 8 * 2**-24  # as for sigmoid, and log1p


def test_elu_of_a_tiny_negative_number_is_that_number():
    assert ACTIVATIONS["elu"](Tensor(np.float32([-1e-20]))).numpy() == np.float32(-1e-20)


def test_leaky_relu_and_elu_take_their_parameter():
    x = Tensor(np.array([-2.0, 3.0]))
    assert activations.leaky_relu(x, negative_slope=0.5).tolist() == [-1, 3]
    np.testing.assert_allclose(activations.elu(x, alpha=2.0).numpy(), [2 * np.expm1(-2), 3], rtol=2**-51)


def test_swish_celu_and_gelu_take_their_parameter():
    x = np.array([-2.0, 0.0, 3.0])
    for beta in (0.0, 0.5, 2.0):
        np.testing.assert_allclose(activations.swish(x, beta).numpy(), x * jax.nn.sigmoid(beta * x), rtol=2**-50)
    np.testing.assert_allclose(activations.celu(x, alpha=2.0).numpy(), jax.nn.celu(x, 2.0), rtol=2**-50)
    # Recorded with torch 2.13.0: F.gelu(X, approximate="tanh") and its gradient.
    value = [-0.0036373920817729943, -0.15880800939172324, -0.15428599017485606, 0.0, 0.34571400982514394]
    slope = [-0.011584166630969648, -0.08296408384578252, 0.13263009646535764, 0.5, 0.8673699035346424]

    def approximate(t):
        return activations.gelu(t, approximate=True)

    # 1 + tanh is a difference from 1 for negative x.
    np.testing.assert_allclose(approximate(Tensor(X[:5])).numpy(), value, rtol=16 * 2**-53, atol=4 * 2**-53)
    np.testing.assert_allclose(derivative(approximate, X[:5]), slope, rtol=16 * 2**-53, atol=8 * 2**-53)


def test_selu_keeps_mean_0_and_variance_1():
    # By the fixed point of Klambauer et al., over standard normal numbers; the midpoint rule on [-10, 10].
    x = (np.arange(200_000) + 0.5) * 1e-4 - 10
    weight = np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi) * 1e-4
    y = activations.selu(x).numpy()
    assert abs((y * weight).sum()) < 1e-7
    assert abs((y**2 * weight).sum() - 1) < 1e-7


def test_maxout_takes_the_largest_of_neighbours_and_ties_share_the_derivative():
    x = np.array([[1.0, 5.0, -2.0, -3.0, 4.0, 4.0], [np.nan, 0.0, -0.0, 0.0, -np.inf, np.inf]])
    np.testing.assert_array_equal(activations.maxout(x).numpy(), [[5, -2, 4], [np.nan, 0, np.inf]])
    np.testing.assert_array_equal(activations.maxout(x[:1], pieces=3).numpy(), [[5, 4]])
    assert derivative(activations.maxout, x[:1]).tolist() == [[0, 1, 1, 0, 0.5, 0.5]]
    np.testing.assert_array_equal(activations.maxout(x, pieces=1).numpy(), x)
    assert activations.maxout(np.ones((0, 4), np.float32)).shape == (0, 2)


def test_maxout_has_the_gradient_of_jax():
    random = np.random.default_rng(6)
    x, g = random.normal(size=(4, 3, 6)), random.normal(size=(4, 3, 2))
    expected, pull = jax.vjp(lambda x: x.reshape(4, 3, 2, 3).max(-1), x)
    np.testing.assert_array_equal(activations.maxout(x, 3).numpy(), expected)
    slope = grad(lambda t: (activations.maxout(t, 3) * g).sum())(Tensor(x)).numpy()
    np.testing.assert_array_equal(slope, pull(jax.numpy.asarray(g))[0])


def test_maxout_of_a_size_that_is_no_multiple_says_what_to_do():
    message = r"maxout: input shape \(1, 3\).* with pieces=2\. The last size must be a multiple of 2: give the layer"
    with pytest.raises(ShapeError, match=message):
        activations.maxout([[1.0, 2.0, 3.0]])
    with pytest.raises(ValueError, match=r"maxout\(pieces=0\): pieces must be an int >= 1\. Got 0\."):
        activations.maxout([[1.0, 2.0]], pieces=0)
    with pytest.raises(ValueError, match=r"gelu\(approximate='tanh'\): approximate must be True or False"):
        activations.gelu([1.0], approximate="tanh")


def test_softmax_by_hand():
    # exp(log 1), exp(log 2), exp(log 5) over their sum 8.
    x = np.log([[1.0, 2.0, 5.0]]) + 1000
    np.testing.assert_allclose(ACTIVATIONS["softmax"](Tensor(x)).numpy(), [[0.125, 0.25, 0.625]], rtol=1000 * 2**-52)


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2])
def test_softmax_and_log_softmax_go_along_any_axis(axis):
    x = np.random.default_rng(5).normal(size=(2, 3, 4)) * 5
    y = activations.softmax(Tensor(x), axis=axis).numpy()
    np.testing.assert_allclose(y, jax.nn.softmax(x, axis), rtol=32 * 2**-53)
    np.testing.assert_allclose(y.sum(axis), 1, rtol=8 * 2**-53)
    expected = jax.nn.log_softmax(x, axis)
    np.testing.assert_allclose(log_softmax(Tensor(x), axis=axis).numpy(), expected, rtol=32 * 2**-53, atol=2**-50)


def test_softmax_of_one_class_is_one():
    assert ACTIVATIONS["softmax"](Tensor(np.float32([[3], [-1e4]]))).tolist() == [[1], [1]]


def test_log_softmax_of_large_numbers_keeps_its_digits_and_has_a_finite_gradient():
    x = np.float32([[1e4, 1e4 - 1, -1e4]])
    expected = np.array([[0, -1, -2e4]]) - np.log1p(np.exp(-1))
    np.testing.assert_allclose(log_softmax(Tensor(x)).numpy(), expected, rtol=4 * 2**-24)
    slope = grad(lambda t: log_softmax(t)[0, 2])(Tensor(x)).numpy()
    p = np.exp([0, -1]) / np.exp([0, -1]).sum()
    np.testing.assert_allclose(slope, [[-p[0], -p[1], 1]], rtol=8 * 2**-24)


def test_log_softmax_of_finite_numbers_is_finite_and_of_minus_infinity_is_minus_infinity():
    # By hand: 3.4e38 below the maximum is -3.4e38; the largest float, 3.4028235e38, is the most, less 2**-20 of it.
    inf, most = np.inf, np.float32(3.4028235e38)
    for x, expected in [
        ([3.4e38, 0, -3.4e38], [0, -3.4e38, -most]),
        ([-most, most, -most], [-most, 0, -most]),
        ([0, -inf, 0], [-np.log(2), -inf, -np.log(2)]),
        ([-inf, most, -most], [-inf, 0, -most]),
        ([inf, 0, 0], [np.nan] * 3),
        ([-inf, -inf, -inf], [np.nan] * 3),
        ([np.nan, 0, 1], [np.nan] * 3),
    ]:
        np.testing.assert_allclose(log_softmax(Tensor(np.float32(x))).numpy(), expected, rtol=2**-19, err_msg=str(x))


def test_log_softmax_has_the_bits_of_its_formula():
    x = np.random.default_rng(3).normal(0, [[1], [100], [1e30]], (3, 1000)).astype(np.float32)
    t = Tensor(x)
    top = t.max(-1, keepdims=True)
    formula = (t - top) - ff.log(ff.exp(t - top).sum(-1, keepdims=True))
    np.testing.assert_array_equal(log_softmax(t).numpy(), formula.numpy())


def test_results_keep_the_dtype():
    for name in ACTIVATIONS:
        for dtype in (np.float32, np.float64):
            assert ACTIVATIONS[name](Tensor(np.ones((1, 2), dtype))).dtype == dtype


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_arrays_and_nested_lists_are_taken_as_tensors_are(name):
    x = np.array([[-1.0, 0.5], [2.0, -0.25]])
    for data, dtype in ((x, np.float64), (x.astype(np.float32), np.float32), (x.tolist(), np.float32)):
        y = getattr(activations, name)(data)
        assert isinstance(y, Tensor) and y.dtype == dtype
        np.testing.assert_array_equal(y.numpy(), ACTIVATIONS[name](Tensor(x, dtype)).numpy())
    np.testing.assert_array_equal(getattr(activations, name)(x=x).numpy(), ACTIVATIONS[name](Tensor(x)).numpy())


def test_log_softmax_takes_a_list():
    np.testing.assert_allclose(log_softmax([0.0, 0.0]).numpy(), [-np.log(2)] * 2, rtol=4 * 2**-24)  # by hand


def test_an_activation_keeps_its_name_and_its_documentation():
    assert activations.relu.__name__ == "relu"
    assert activations.relu.__doc__.startswith("Return max(x, 0)")
    x = Tensor([1.0])
    assert activations.linear(x) is x


def test_integers_are_refused_with_what_to_do():
    with pytest.raises(TypeError, match=r"exp: dtype int32 is not float.*Cast it: x\.astype\('float32'\)"):
        ACTIVATIONS["softmax"](Tensor([[1, 2]]))


def test_a_misspelt_name_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match=r"Unknown activation 'rellu'\. Did you mean 'relu'\?"):
        ACTIVATIONS["rellu"]


# where probabilities came from


@pytest.mark.parametrize("name", ["softmax", "sigmoid"])
def test_logits_of_probabilities_are_what_the_activation_was_applied_to(name):
    x = Tensor(np.float32([[1, 2]]))
    kind, logits = logits_of(ACTIVATIONS[name](x))
    assert kind == name
    assert logits.tolist() == [[1, 2]]


def test_logits_lead_back_to_the_input_in_a_gradient():
    x = Tensor(np.array([[1.0, 2.0]]))
    with GradientTape() as tape:
        tape.watch(x)
        loss = (logits_of(ACTIVATIONS["softmax"](x))[1] * np.array([3.0, 4.0])).sum()
    assert tape.gradient(loss, x).tolist() == [[3, 4]]


def test_logits_of_anything_else_are_none():
    x = Tensor(np.float32([[1, 2], [3, 4]]))
    assert logits_of(x) is None
    assert logits_of(ACTIVATIONS["relu"](x)) is None
    assert logits_of(ACTIVATIONS["softmax"](x) * 1.0) is None
    assert logits_of(activations.softmax(x, axis=0)) is None
    assert logits_of(activations.softmax(x, axis=1))[0] == "softmax"


def test_origins_do_not_keep_results_alive():
    gc.collect()
    before = len(activations._origins)
    y = ACTIVATIONS["sigmoid"](Tensor(1.0))
    assert len(activations._origins) == before + 1
    del y
    gc.collect()
    assert len(activations._origins) <= before
