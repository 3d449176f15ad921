import numpy as np
import tensorflow as tf

a = tf.constant([1.5, -2.0, 0.25, 3.0])
b = tf.constant([2.0, 3.0, -0.5, 0.7])
i = tf.constant([7, -7, 8, 5])
j = tf.constant([2, 2, -3, 5])
values = {
    "add": [tf.add(a, b), a + b, 1 + a, a + np.float32(2)], "subtract": [tf.subtract(a, b), 1 - a, -a, tf.negative(b)],
    "multiply": [tf.multiply(a, b), 2 * a, a * i[0] if False else a * 2.5], "divide": [a / b, 1 / a, tf.divide(a, 2.0)],
    "powers": [tf.pow(b, 2), b**2, 2.0**a, tf.square(a), tf.sqrt(tf.abs(a)), tf.rsqrt(tf.abs(b)), tf.pow(i, 2)],
    "modulo": [tf.mod(i, j), i % j, tf.floormod(a, b), a % b, tf.truncatemod(i, j)],
    "integer_division": [tf.floordiv(i, j), i // j, a // b, tf.div(i, j), tf.truncatediv(i, j), tf.floor_div(i, j)],
    "true_division": [tf.truediv(i, j), i / j, tf.divide(i, j), tf.realdiv(a, b)],
    "div_of_floats": tf.div(a, b), "differences": [tf.squared_difference(a, b), tf.abs(i)],
    "exponentials": [tf.exp(a), tf.expm1(a), tf.log(tf.abs(a)), tf.log1p(tf.abs(a)), tf.log(tf.constant(0.0))],
    "trigonometry": [tf.sin(a), tf.cos(a), tf.tan(a), tf.asin(a / 4), tf.acos(a / 4), tf.atan(a)],
    "hyperbolic": [tf.tanh(a), tf.sinh(a), tf.cosh(a), tf.sigmoid(a)],
    "rounding": [tf.floor(a), tf.ceil(a), tf.round(tf.constant([0.5, 1.5, 2.5, -0.5])), tf.rint(a), tf.sign(a)],
    "extremes": [tf.maximum(a, b), tf.minimum(a, 0.0), tf.clip_by_value(a, -1.0, 1.0)],
    "sums": [tf.add_n([a, b, a]), tf.accumulate_n([a, b]), tf.cumsum(a), tf.cumprod(a), tf.cumsum(i, reverse=True)],
    "exclusive": tf.cumsum(a, exclusive=True), "reciprocal": tf.reciprocal(a), "erf": [tf.erf(a), tf.lgamma(tf.abs(a))],
    "products": [tf.tensordot(a, b, 1), tf.matmul([a], [b], transpose_b=True), tf.einsum("i,j->ij", a, b)],
    "finite": [tf.is_nan(a / 0.0), tf.is_inf(a / 0.0), tf.is_finite(a)],
}  # fmt: skip
result = tf.Session().run(values)
