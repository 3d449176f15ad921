"""The elementary functions, emitted as LLVM instructions on scalars and vectors of float or double.

Every function takes a builder and values of one type (float, double or a vector of them) and returns a value of that
type. There is no call to a mathematics library, no branch and no fast-math flag, only operations that IEEE 754 defines
to the last bit; so an element's result depends on that element alone, not on the number of lanes or on the processor.
Subnormal numbers are zeros (``graph/subnormal.py``), and no function is given one. The sign and payload of a NaN mean
nothing, but are the same everywhere.

Reductions and polynomials are ours. Coefficients minimise the largest error relative to the function (Remez exchange in
60 digits on the stated interval, then rounded to the format; the stated error is that of the rounded ones). Accuracy is
in ulp, the distance of two neighbouring results, as measured by tests/compiler/test_elementary.py: in float against
float64, in double against the 64-bit significands of the x87 unit and against mpmath.

References: Cody and Waite, "Software Manual for the Elementary Functions", 1980 (reduction in parts); Muller,
"Elementary Functions", 3rd edition, 2016 (sections 3.4 Remez, 4.3 double-word arithmetic, 11.2 Cody and Waite);
Dekker, Numerische Mathematik 18, 1971 (sums with their rounding error).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from llvmlite import ir

from feedforward.compiler.vector import DOUBLE, FLOAT, Lanes, element_of

__all__ = [
    "exp",
    "expm1",
    "tanh",
    "erf",
    "log",
    "log1p",
    "sin",
    "cos",
    "power",
    "sqrt",
    "floor",
    "absolute",
    "maximum",
    "minimum",
]


@dataclass(frozen=True)
class _Format:
    """What a floating-point format needs: its layout, the bounds of its functions and the polynomials for it."""

    significand: int
    """Bits of the significand that are stored."""
    bias: int
    """Bias of the exponent."""
    log_2: tuple[float, float]
    """log 2 as high + low; the high part times any exponent is exact."""
    exp_bounds: tuple[float, float]
    """Below the first, exp rounds to 0; above the second, to infinity."""
    expm1_low: float
    """Below it, expm1 rounds to -1."""
    tanh_high: float
    """Above it, tanh rounds to 1."""
    tiny: float
    """Below it in absolute value, expm1(x) and log1p(x) round to x."""
    log1p_high: float
    """From it on, log1p(x) is log(1 + x) with 1 + x rounded."""
    exp: tuple[float, ...]
    """(e^r - 1 - r) / r^2 on |r| <= log(2) / 2."""
    log: tuple[float, ...]
    """(2 artanh(s) / s - 2) / s^2 in s^2, for sqrt(1/2) <= (1 + s) / (1 - s) <= sqrt(2)."""
    erf_high: float
    """Above it, erf rounds to 1."""
    erf: tuple[float, ...]
    """erf(x) / x - 1 in x^2, on |x| <= 1."""
    erfc: tuple[float, ...]
    """-log(1 - erf(x)) in x, from 1 to `erf_high`, the error weighted by (1 - erf(x)) / erf(x)."""

    @property
    def shift(self) -> float:
        """The number whose sum with x has the nearest integer to x in its lowest bits."""
        return 1.5 * 2.0**self.significand

    @property
    def significand_mask(self) -> int:
        return (1 << self.significand) - 1

    @property
    def sign(self) -> int:
        return 1 << (self.significand + self.bias.bit_length() + 1)

    @property
    def root_half(self) -> int:
        """The bits of sqrt(1/2)."""
        return ((self.bias - 1) << self.significand) + math.floor((math.sqrt(2.0) - 1.0) * 2.0**self.significand)

    @property
    def shift_bits(self) -> int:
        """The bits of `shift`."""
        return ((self.bias + self.significand) << self.significand) + (1 << (self.significand - 1))


_SINGLE = _Format(
    significand=23,
    bias=127,
    log_2=(0.693115234375, 3.194618329871446e-05),
    exp_bounds=(-104.0, 89.0),
    expm1_low=-20.0,
    tanh_high=10.0,
    tiny=2.0**-26,
    log1p_high=2.0**30,
    # Degree 4, error 2^-28.0 of e^r.
    exp=(0.4999999403953552, 0.1666652113199234, 0.04166838899254799, 0.00836874544620514, 0.0013814546400681138),
    # Degree 2, error 2^-30.0 of the logarithm.
    log=(0.6666677594184875, 0.3997749388217926, 0.2987308204174042),
    erf_high=4.0,
    # Degree 6, error 2^-29.6 of erf.
    erf=(
        0.12837916612625122,
        -0.3761262595653534,
        0.1128358542919159,
        -0.026853814721107483,
        0.005188330542296171,
        -0.0008010202436707914,
        7.853849820094183e-05,
    ),
    # Degree 8, error 2^-35.8 of erf.
    erfc=(
        -0.00020205606415402144,
        1.12964928150177,
        0.6330658793449402,
        0.10860645025968552,
        -0.025348806753754616,
        0.0042705778032541275,
        -0.0004603401757776737,
        2.4751283490331843e-05,
        -2.118769373282703e-07,
    ),
)
_DOUBLE = _Format(
    significand=52,
    bias=1023,
    log_2=(float.fromhex("0x1.62e42fefa3p-1"), 2.8235290563031577e-13),
    exp_bounds=(-746.0, 710.0),
    expm1_low=-40.0,
    tanh_high=20.0,
    tiny=2.0**-55,
    log1p_high=2.0**60,
    # Degree 9, error 2^-57.3 of e^r.
    exp=(
        0.5000000000000004,
        0.16666666666666427,
        0.04166666666657245,
        0.008333333333496557,
        0.0013888888934170734,
        0.00019841269486090156,
        2.480150172750793e-05,
        2.7557614814056096e-06,
        2.7627479107493583e-07,
        2.4988679193609087e-08,
    ),
    # Degree 6, error 2^-59.1 of the logarithm.
    log=(
        0.6666666666666735,
        0.3999999999941108,
        0.285714287432662,
        0.22222198475601992,
        0.1818356975966069,
        0.1531390275745028,
        0.1479751235142437,
    ),
    erf_high=6.0,
    # Degree 11, error 2^-56.9 of erf.
    erf=(
        0.12837916709551256,
        -0.3761263890318352,
        0.112837916709442,
        -0.026866170643113415,
        0.005223977606130842,
        -0.0008548325929766244,
        0.0001205529358693695,
        -1.4924712439534814e-05,
        1.6447132699786621e-06,
        -1.6206318752969208e-07,
        1.3710988704190523e-08,
        -7.779462971761597e-10,
    ),
    # Degree 18, error 2^-59.5 of erf.
    erfc=(
        1.797606134749724e-07,
        1.128377327807629,
        0.6366284959438379,
        0.1027472311806311,
        -0.01907811172711307,
        -0.0002805554400416627,
        0.0017690778680732346,
        -0.0006412420852511847,
        4.487165645217183e-05,
        7.033889182209557e-05,
        -4.5024901550143494e-05,
        1.650948320875287e-05,
        -4.32578902622444e-06,
        8.503007319427948e-07,
        -1.256596071312163e-07,
        1.3621187373101935e-08,
        -1.025236617262285e-09,
        4.793623879365774e-11,
        -1.0490374821279917e-12,
    ),
)
_FORMATS = {FLOAT: _SINGLE, DOUBLE: _DOUBLE}

_HALF_PI = (1.5707963267948966, 6.123233995736766e-17, -1.4973849048591698e-33)
_SINE_LIMIT = 2.0**49
# Of double, by the format of the result. sin: (sin(r) / r - 1) / r^2 in r^2 on |r| <= 1.01 pi / 4, degree 3 with error
# 2^-37.3 and degree 5 with 2^-56.6; cos: (cos(r) - 1 + r^2 / 2) / r^4, degree 3 with 2^-42.7 and degree 5 with 2^-62.1.
_SINE = {
    FLOAT: (-0.1666666663864068, 0.008333329056015274, -0.000198392326351506, 2.7173664851114965e-06),
    DOUBLE: (
        -0.16666666666666627,
        0.00833333333332094,
        -0.0001984126982861833,
        2.755731327587404e-06,
        -2.5050692454041663e-08,
        1.589296056586796e-10,
    ),
}
_COSINE = {
    FLOAT: (0.041666666615509496, -0.0013888883163473932, 2.479937273341138e-05, -2.719862834626366e-07),
    DOUBLE: (
        0.041666666666666595,
        -0.0013888888888873006,
        2.4801587288629002e-05,
        -2.755731407449234e-07,
        2.087568236317676e-09,
        -1.1357404693957584e-11,
    ),
}

# 1/3 as high + low, and (artanh(s) / s - 1 - s^2 / 3) / s^4 in s^2: degree 6, error 2^-65.3 of the logarithm.
_THIRD = (1 / 3, 1.850371707708594e-17)
_LOG_TAIL = (
    0.20000000000001125,
    0.1428571428504957,
    0.11111111260124718,
    0.09090892160954106,
    0.07693380015604306,
    0.06628371442512508,
    0.06598559423100946,
)


def _of(builder: ir.IRBuilder, x: ir.Value) -> tuple[Lanes, _Format]:
    return Lanes(builder, x), _FORMATS[element_of(x.type)]


def _fast_sum(a: Lanes, b: Lanes) -> tuple[Lanes, Lanes]:
    """Return a + b rounded, and what the rounding lost; |a| >= |b| or a = 0 (Dekker, 1971)."""
    total = a + b
    return total, b - (total - a)


def _sum(a: Lanes, b: Lanes) -> tuple[Lanes, Lanes]:
    """Return a + b rounded, and what the rounding lost (Knuth's six additions; Muller, 2016, section 4.3)."""
    total = a + b
    back = total - a
    return total, (a - (total - back)) + (b - back)


def _round(product: Lanes, format: _Format, bias: int) -> tuple[Lanes, Lanes]:
    """Return (bits whose lowest are n + bias, n) from `product` = the nearest integer n + shift + bias."""
    return product.bits(), product - (format.shift + bias)


def _exp_tail(r: Lanes, format: _Format) -> Lanes:
    """Return e^r - 1 - r for |r| <= log(2) / 2."""
    return (r * r) * r.polynomial(format.exp)


def _exp(x: Lanes, format: _Format, low: Lanes | None = None) -> Lanes:
    """Return e^(x + low), with |low| below an ulp of x or so."""
    x = x.at_least(format.exp_bounds[0]).at_most(format.exp_bounds[1])
    shift = format.shift + 2 * format.bias
    # a = n + 2 bias, so that a // 2 and a - a // 2 are the biased exponents of two factors of 2^n that never overflow.
    a, n = _round(x.fma(1 / math.log(2), shift), format, 2 * format.bias)
    r = n.fma(-format.log_2[0], x)
    if low is None:
        r = n.fma(-format.log_2[1], r)
        growth = (r * r).fma(r.polynomial(format.exp), r)
    else:
        r, low = _fast_sum(r, n.fma(-format.log_2[1], low))
        growth = r + (r * r).fma(r.polynomial(format.exp), low)
    doubled = a << format.significand
    first = (a << (format.significand - 1)) & -(1 << format.significand)
    scale = first.number(x.type)
    return scale.fma(growth, scale) * (doubled - first).number(x.type)


def exp(builder: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """Return e^x.

    x = n log 2 + r with n the nearest integer and |r| <= log(2) / 2, then e^x = 2^n (1 + r + r^2 Q(r)). 2^n is applied
    as two factors, which never overflow.

    Notes
    -----
    Error at most 1.01 ulp in float, 1.0 in double. exp(-inf) = 0, exp(inf) = inf, exp(0) = 1.
    """
    return _exp(*_of(builder, x)).value


def expm1(builder: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """Return e^x - 1, accurate near 0 too.

    As exp, but the last step is (2^n - 1 + 2^n r) + 2^n r^2 Q(r), computed at half its size so that it overflows only
    where the result does.

    Notes
    -----
    Error at most 1.4 ulp. expm1(-0) = -0, expm1(-inf) = -1, expm1(inf) = inf.
    """
    argument, format = _of(builder, x)
    bounded = argument.at_least(format.expm1_low).at_most(format.exp_bounds[1])
    shift = format.shift + format.bias - 1
    a, n = _round(bounded.fma(1 / math.log(2), shift), format, format.bias - 1)
    high = n.fma(-format.log_2[0], bounded)
    r, low = _fast_sum(high, n * -format.log_2[1])
    half_scale = (a << format.significand).number(x.type)
    half = (_exp_tail(r, format) + low).fma(half_scale, half_scale.fma(r, half_scale - 0.5))
    small = argument.call("llvm.fabs").compare("<", format.tiny)
    return argument.where(small, half + half).value


def tanh(builder: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """Return the hyperbolic tangent (e^2x - 1) / (e^2x + 1).

    With 2 |x| = n log 2 + r, s = 2^-n and q = e^r - 1 = r + r^2 Q(r), it is (1 - s + q) / (1 + s + q): one formula for
    every x. Numerator and denominator carry their rounding errors, which a last correction of the quotient takes in.

    Notes
    -----
    Error at most 1.5 ulp, reached next to +-1; where |x| < 8, 1.0 in float and 1.3 in double.
    tanh(-0) = -0, tanh(+-inf) = +-1; |tanh(x)| <= 1.
    """
    argument, format = _of(builder, x)
    size = argument.call("llvm.fabs").at_most(format.tanh_high)
    size = size + size
    shift = format.shift + format.bias
    # Here n is negative, so that the bits give 2^n = s at once.
    a, n = _round(size.fma(-1 / math.log(2), shift), format, format.bias)
    s = (a << format.significand).number(x.type)
    r = n.fma(format.log_2[1], n.fma(format.log_2[0], size))
    tail = _exp_tail(r, format)
    top, rest = _fast_sum(1.0 - s, r)
    numerator, numerator_rest = _fast_sum(top, tail + rest)
    bottom, rest = _fast_sum(s.constant(1.0), s)
    denominator, denominator_rest = _fast_sum(bottom, r + tail)
    denominator_rest = denominator_rest + rest
    reciprocal = 1.0 / denominator
    quotient = numerator * reciprocal
    residual = (-quotient).fma(denominator, numerator) + (-quotient).fma(denominator_rest, numerator_rest)
    return residual.fma(reciprocal, quotient).call("llvm.copysign", argument).value


def erf(builder: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """Return the error function 2 / sqrt(pi) times the integral of e^(-t^2) from 0 to x.

    x + x P(x^2) for |x| < 1. From there on 1 - e^(-g(|x|)), where g = -log(1 - erf) is smooth, and its errors count
    the less the nearer the result is to 1.

    Notes
    -----
    Error at most 1.2 ulp. erf(-0) = -0, erf(+-inf) = +-1; |erf(x)| <= 1.
    """
    argument, format = _of(builder, x)
    size = argument.call("llvm.fabs").at_most(format.erf_high)
    near = argument.fma((argument * argument).polynomial(format.erf), argument)
    far = 1.0 - _exp(-size.polynomial(format.erfc), format)
    return near.where(size.compare("<", 1.0), far.call("llvm.copysign", argument)).value


def _split(x: Lanes, format: _Format) -> tuple[Lanes, Lanes]:
    """Return (e, m) with x = 2^e m and sqrt(1/2) <= m < sqrt(2), for normal x > 0; e is an integer."""
    above = x.bits() - format.root_half
    fraction = (above & format.significand_mask) + format.root_half
    return above >> format.significand, fraction.number(x.type)


def _as_number(integer: Lanes, type: ir.Type, format: _Format) -> Lanes:
    """Return integers of small absolute value as floating-point lanes of `type`."""
    return (integer + format.shift_bits).number(type) - format.shift


def _log(f: Lanes, exponent: Lanes, format: _Format, low: Lanes | None = None) -> Lanes:
    """Return log(2^exponent (1 + f + low)) for sqrt(1/2) <= 1 + f < sqrt(2)."""
    s = f / (f + 2.0)
    z = s * s
    half_square = (f * 0.5) * f
    tail = s.fma(z.fma(z.polynomial(format.log), half_square), exponent * format.log_2[1])
    if low is not None:
        tail = tail + (-low).fma(f, low)
    return exponent.fma(format.log_2[0], f - (half_square - tail))


def _with_pole(x: Lanes, pole: float, result: Lanes) -> Lanes:
    """Return `result`, but -inf where x = pole, NaN where x < pole or NaN, and inf where x = inf."""
    result = result.where(x.compare("<", math.inf), x)
    outside = x.constant(-math.inf).where(x.compare("==", pole), math.nan)
    return result.where(x.compare(">", pole), outside)


def log(builder: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """Return the natural logarithm.

    x = 2^e (1 + f) with sqrt(1/2) <= 1 + f < sqrt(2), s = f / (2 + f), and
    log(1 + f) = 2 artanh(s) = f - f^2 / 2 + s (f^2 / 2 + s^2 G(s^2)), to which e log 2 is added in two parts.

    Notes
    -----
    Error at most 0.9 ulp. log(1) = 0, log(+-0) = -inf, log(x < 0) = NaN, log(inf) = inf.
    """
    argument, format = _of(builder, x)
    e, m = _split(argument, format)
    return _with_pole(argument, 0.0, _log(m - 1.0, _as_number(e, x.type, format), format)).value


def log1p(builder: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """Return log(1 + x), accurate near 0 too.

    As log with 1 + x = 2^e (1 + f); f = 2^-e x + (2^-e - 1) is computed from x itself, with its rounding error, because
    1 + x has lost the end of x. From x = 2^30 in float, 2^60 in double, that end no longer counts.

    Notes
    -----
    Error at most 0.9 ulp. log1p(-0) = -0, log1p(-1) = -inf, log1p(x < -1) = NaN, log1p(inf) = inf.
    """
    argument, format = _of(builder, x)
    e, m = _split(argument + 1.0, format)
    scale = ((argument.bits().constant(format.bias) - e) << format.significand).number(x.type)
    total, lost = _sum(argument * scale, scale - 1.0)
    exact = argument.compare("<", format.log1p_high)
    f, low = total.where(exact, m - 1.0), lost.where(exact, 0.0)
    result = _with_pole(argument, -1.0, _log(f, _as_number(e, x.type, format), format, low))
    return argument.where(argument.call("llvm.fabs").compare("<", format.tiny), result).value


def _sine(x: Lanes, quadrant: int) -> Lanes:
    """Return sin(x + quadrant pi / 2) for x >= 0, in the format of x, by way of double.

    x minus n times the first part of pi / 2 is exact with fma: both are multiples of 2^-53, the difference is below 1.
    Next to a multiple of pi / 2 the second part cancels most of what is left; for a double, its product must then keep
    its rounding error, while no float is so near.
    """
    element = element_of(x.type)
    wide = x.convert(DOUBLE)
    a, n = _round(wide.fma(2 / math.pi, _DOUBLE.shift), _DOUBLE, 0)
    high = n.fma(-_HALF_PI[0], wide)
    low = None
    if element == FLOAT:
        r = n.fma(-_HALF_PI[1], high)
    else:
        product = n * _HALF_PI[1]
        r, lost = _sum(high, -product)
        r, low = _fast_sum(r, n.fma(-_HALF_PI[2], lost - n.fma(_HALF_PI[1], -product)))
    if quadrant:
        a = a + quadrant
    z = r * r
    half = z * 0.5
    near_one = 1.0 - half
    sine_tail = (r * z) * z.polynomial(_SINE[element])
    cosine_tail = (z * z) * z.polynomial(_COSINE[element])
    if low is not None:
        sine_tail = low.fma(near_one, sine_tail)
        cosine_tail = ((1.0 - near_one) - half) + (-low).fma(r, cosine_tail)
    odd = (a & 1).compare("==", 1)
    value = (near_one + cosine_tail).where(odd, r + sine_tail)
    negative = (a << 62) & _DOUBLE.sign
    result = (value.bits() ^ negative).number(wide.type).convert(element)
    # x - x is 0, or NaN for infinity and NaN.
    fallback = x - x if quadrant == 0 else (x - x) + 1.0
    return result.where(x.compare("<", _SINE_LIMIT), fallback)


def sin(builder: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """Return the sine of an angle in radians.

    |x| = n pi / 2 + r with |r| <= pi / 4, by parts of pi / 2 and fma (Cody and Waite, 1980): three of them, or two for
    float, which is computed in double. Then the sine or cosine polynomial of r, by the lowest bit of n, with the sign
    of the next bit and of x.

    Notes
    -----
    Error at most 0.501 ulp in float, 1.1 in double (0.8 for |x| <= 1e5), for |x| < 2^49 (5.6e14). From there on,
    neighbouring floats lie many turns apart and neighbouring doubles an eighth of a radian; the angle is taken as 0, so
    that sin = 0 and cos = 1. sin(-0) = -0, sin(+-inf) = NaN.
    """
    argument, format = _of(builder, x)
    result = _sine(argument.call("llvm.fabs"), 0).bits() ^ (argument.bits() & format.sign)
    return result.number(x.type).value


def cos(builder: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """Return the cosine of an angle in radians: sin(x + pi / 2) by one quadrant more, see `sin`.

    Notes
    -----
    Error at most 0.501 ulp in float, 1.1 in double (0.8 for |x| <= 1e5), for |x| < 2^49; from there on, cos = 1.
    cos(+-inf) = NaN.
    """
    argument, _ = _of(builder, x)
    return _sine(argument.call("llvm.fabs"), 1).value


def _log_in_two(x: Lanes) -> tuple[Lanes, Lanes]:
    """Return log(x) of doubles x >= 0 as high + low, relative error near 2^-64; low means nothing at 0 and inf.

    log(1 + f) = 2 s (1 + z (1/3 + z R(z))), s = f / (2 + f), z = s^2, in double-word arithmetic but for z R(z)
    (Muller, 2016, section 4.3; Dekker, 1971).
    """
    e, m = _split(x, _DOUBLE)
    exponent = _as_number(e, x.type, _DOUBLE)
    f = m - 1.0
    denominator = f + 2.0
    denominator_low = f - (denominator - 2.0)
    reciprocal = 1.0 / denominator
    s = f * reciprocal
    s_low = (-s).fma(denominator_low, (-s).fma(denominator, f)) * reciprocal
    z = s * s
    z_low = (s + s).fma(s_low, s.fma(s, -z))
    a, a_low = _fast_sum(z.constant(_THIRD[0]), z * z.polynomial(_LOG_TAIL))
    a_low = a_low + _THIRD[1]
    b = z * a
    b_low = z.fma(a, -b) + (z * a_low + z_low * a)
    twice, twice_low = s + s, s_low + s_low
    c = twice * b
    c_low = twice.fma(b, -c) + (twice * b_low + twice_low * b)
    mantissa, mantissa_low = _fast_sum(twice, c)
    total, total_low = _fast_sum(exponent * _DOUBLE.log_2[0], mantissa)
    rest = exponent.fma(_DOUBLE.log_2[1], total_low + (mantissa_low + (c_low + twice_low)))
    high, low = _fast_sum(total, rest)
    return _with_pole(x, 0.0, high), low


def power(builder: ir.IRBuilder, x: ir.Value, y: ir.Value) -> ir.Value:
    """Return x to the power y.

    |x|^y = e^(y log |x|). In float, log, product and exp are taken in double. In double, the logarithm and the product
    are sums of two doubles, so that an exponent of some hundreds keeps its last bits.

    Notes
    -----
    Error at most 0.501 ulp in float, 1.0 in double. Special values as C99 (annex F.9.4.4) and NumPy have them: x^0 and
    1^y are 1 even for NaN, (-1)^(+-inf) = 1, a negative finite x to a y that is no integer is NaN, the sign of x counts
    where y is odd, and (+-0)^y = inf for y < 0, with the sign of x where y is odd.
    """
    base, format = _of(builder, x)
    exponent = Lanes(builder, y)
    size = base.call("llvm.fabs")
    wide_size, wide_exponent = size.convert(DOUBLE), exponent.convert(DOUBLE)
    if format is _SINGLE:
        logarithm = Lanes(builder, log(builder, wide_size.value))
        magnitude = _exp(wide_exponent * logarithm, _DOUBLE).convert(FLOAT)
    else:
        logarithm, logarithm_low = _log_in_two(wide_size)
        product = exponent * logarithm
        low = exponent.fma(logarithm_low, exponent.fma(logarithm, -product))
        # Outside these bounds the result is 0, infinity or NaN already, and the low part may be NaN.
        inside = product.call("llvm.fabs").compare("<", 800.0)
        magnitude = _exp(product, _DOUBLE, low.where(inside, 0.0))
    magnitude = magnitude.where(base.compare("ord", exponent), math.nan)
    magnitude = base.constant(1.0).where(size.compare("==", 1.0) & exponent.compare("ord", exponent), magnitude)
    half = exponent * 0.5
    whole = exponent.compare("==", exponent.call("llvm.floor"))
    odd = whole & half.compare("!=", half.call("llvm.floor"))
    sign = base.bits() & format.sign
    result = (magnitude.bits() ^ sign.where(odd, 0)).number(x.type)
    undefined = base.compare("<", 0.0) & base.compare(">", -math.inf) & ~whole
    result = base.constant(math.nan).where(undefined, result)
    return base.constant(1.0).where(base.compare("==", 1.0) | exponent.compare("==", 0.0), result).value


def sqrt(builder: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """Return the square root, rounded correctly; sqrt(-0) = -0, NaN for x < 0."""
    return Lanes(builder, x).call("llvm.sqrt").value


def floor(builder: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """Return the largest integer <= x; floor(-0) = -0, infinities and NaN stay."""
    return Lanes(builder, x).call("llvm.floor").value


def absolute(builder: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """Return x without its sign; abs(-0) = 0."""
    return Lanes(builder, x).call("llvm.fabs").value


def maximum(builder: ir.IRBuilder, x: ir.Value, y: ir.Value) -> ir.Value:
    """Return the larger of x and y, x in a tie (so of zeros with different signs), NaN where either is NaN."""
    second = Lanes(builder, y)
    return second.where(second.compare("uno", second) | second.compare(">", Lanes(builder, x)), Lanes(builder, x)).value


def minimum(builder: ir.IRBuilder, x: ir.Value, y: ir.Value) -> ir.Value:
    """Return the smaller of x and y, x in a tie (so of zeros with different signs), NaN where either is NaN."""
    second = Lanes(builder, y)
    return second.where(second.compare("uno", second) | second.compare("<", Lanes(builder, x)), Lanes(builder, x)).value
