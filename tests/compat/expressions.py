"""Expressions of TensorFlow 1 and their inputs; ``record_expressions.py`` records their values and gradients."""

import numpy as np

_random = np.random.RandomState(3)
INPUTS = {
    "x": np.array([[1.5, -2.0, 0.0, 3.0], [0.5, 2.5, -0.5, -1.5], [7.25, -0.75, 6.0, 1.0]], np.float32),
    "y": _random.randn(3, 4).astype(np.float32),
    "p": _random.uniform(0.05, 0.95, (3, 4)).astype(np.float32),
    "d": _random.randn(2, 3).astype(np.float64),
    "n": np.array([[7, -7, 2], [0, 5, -3]], np.int32),
    "m": np.array([[2, 3, -3], [1, -2, 5]], np.int32),
    "b": np.array([[True, False, True, True], [False, False, True, False], [True, True, False, False]]),
    "image": _random.randn(2, 5, 6, 3).astype(np.float32),
    "kernel": _random.randn(3, 2, 3, 4).astype(np.float32),
    "depth": _random.randn(3, 3, 3, 2).astype(np.float32),
    "square": _random.randn(3, 3).astype(np.float64),
    "bytes": np.array([3, 200, 255], np.uint8),
}

EXPRESSIONS = {
    "arrays": """
        tf.constant([1, 2], shape=[2, 3])
        tf.constant(4.0, tf.float64)
        tf.reshape(x, [2, -1])
        tf.transpose(image, [0, 3, 1, 2])
        tf.matrix_transpose(image)
        tf.expand_dims(x, -1)
        tf.expand_dims(x, dim=1)
        tf.squeeze(image[:1, :1])
        tf.squeeze(image[:1, :1], squeeze_dims=[0])
        tf.zeros_like(n, dtype=tf.float32)
        tf.ones_like(d)
        tf.fill([2, 3], 7)
        [tf.shape(image), tf.shape(x, out_type=tf.int64), tf.size(image), tf.rank(image)]
        tf.shape_n([x, y[:1]])
        [tf.range(4), tf.range(1, 10, 3), tf.range(3, 0, -1), tf.range(1.0, 2.0, 0.25)]
        [tf.linspace(1.0, 3.0, 4), tf.linspace(0.0, 1.0, 1)]
        [tf.eye(2), tf.eye(2, 3, batch_shape=[2]), tf.eye(3, dtype=tf.int32)]
        tf.broadcast_to(x[0], [2, 4])
        tf.sequence_mask([2, 0, 3], 4, tf.float32)
        [tf.string_join(["a", "b"], "-"), tf.as_string([1, 20]), tf.as_string(2.5, precision=2)]
        tf.concat([x, y], 1)
        tf.concat(axis=0, values=[x, y, x])
        tf.stack([x[0], y[1], x[2]], axis=1)
        tf.unstack(x, axis=1)
        tf.unstack(x, 3)
        tf.split(x, 2, axis=1)
        tf.split(image, [1, 3, 2], 2)
        tf.split(x, [1, -1], 1)
        tf.tile(n, [2, 3])
        tf.pad(x, [[1, 2], [0, 1]])
        tf.pad(x, [[1, 2], [2, 1]], mode="REFLECT")
        tf.pad(x, [[3, 2], [4, 1]], mode="SYMMETRIC")
        tf.pad(x, [[1, 0], [0, 0]], constant_values=-1.0)
        tf.reverse(image, [1, -1])
        tf.meshgrid([1.0, 2.0], [3.0, 4.0, 5.0])
        tf.meshgrid([1, 2], [3, 4, 5], indexing="ij")
        [x[0], x[-1, 1:], x[:, ::2], x[::-1, 3:0:-1], x[..., 0], x[tf.newaxis, 1], x[1][2], image[..., 1:, None, 0]]
        x[tf.constant(1):]
        tf.slice(image, [0, 1, 2, 0], [1, -1, 3, 2])
        tf.strided_slice(x, [0, 1], [3, 4], [2, 2])
        tf.strided_slice(x, [0, 1], [3, 2], begin_mask=1, shrink_axis_mask=2)
        tf.gather(x, [2, 0, 2])
        tf.gather(x, [[1], [3]], axis=1)
        tf.gather_nd(image, [[0, 1], [1, 4]])
        tf.gather_nd(x, [[0, 3], [2, 1]])
        tf.boolean_mask(x, b)
        tf.boolean_mask(x, [True, False, True])
        tf.boolean_mask(x, [True, False, True, True], axis=1)
        tf.where(b)
        tf.where(b, x, y)
        tf.where([True, False, True], x, y)
        tf.one_hot([0, 3, 1, -1], 3)
        tf.one_hot([[0, 2]], 3, on_value=2, off_value=-1, axis=1)
        tf.one_hot([1, 0], 2, dtype=tf.bool, on_value=True, off_value=False)
        [tf.diag([1, 2, 3]), tf.diag_part(square), tf.matrix_diag(x), tf.matrix_diag_part(image[0])]
        tf.matrix_set_diag(square, tf.constant([1.0, 2.0, 3.0], tf.float64))
        [tf.trace(square), tf.matrix_band_part(square, 1, 0), tf.matrix_band_part(square, 0, -1)]
        tf.scatter_nd([[0], [2], [0]], x, [4, 4])
        tf.scatter_nd([[0, 1], [1, 1]], [5, 6], [2, 3])
        tf.invert_permutation([2, 0, 3, 1])
        list(tf.unique([5, 1, 5, 2, 1]))
        list(tf.unique_with_counts([5, 1, 5, 2, 1]))
        list(tf.setdiff1d([1, 2, 3, 4], [2, 4]))
        tf.sparse_to_dense([[0, 1], [2, 0]], [3, 2], [4.0, 5.0], -1.0)
        tf.space_to_depth(image[:, :4], 2)
    """,
    "maths": """
        [x + y, x - y, x * y, x / y, -x, x ** 2, 2.0 ** x, x // y, x % y, abs(x)]
        [1 + n, n - 1, 3 * n, n / m, n // m, n % m, n ** 2, -n]
        [tf.truncatemod(n, m), tf.truncatediv(n, m), tf.div(n, m), tf.floordiv(n, m), tf.mod(n, m), tf.div_no_nan(x, x)]
        [bytes + 1, tf.maximum(bytes, 100), bytes > 100, bytes // 7]
        [tf.maximum(x, 0.0), tf.minimum(x, y), tf.squared_difference(x, y)]
        [tf.equal(n, m), tf.not_equal(n, 5), x < y, x <= 0.0, x > y, x >= 3.0]
        [tf.logical_and(b, x > 0), tf.logical_or(b, x > 0), tf.logical_xor(b, x > 0), tf.logical_not(b), b & b, ~b]
        [tf.exp(x), tf.log(p), tf.log1p(p), tf.expm1(x), tf.sqrt(p), tf.rsqrt(p), tf.reciprocal(p), tf.square(x)]
        [tf.sin(x), tf.cos(x), tf.tan(x), tf.atan(x), tf.asin(p), tf.acos(-p), tf.sinh(x), tf.cosh(x), tf.tanh(x)]
        [tf.asin([1.0, -1.0]), tf.acos([1.0, -1.0]), tf.atan(tf.constant([0.7, -3.0, 1e9], tf.float64))]
        [tf.erf(x), tf.erfc(x), tf.lgamma(p), tf.lgamma([-0.5, -2.25, 30.0]), tf.sigmoid(x), tf.log_sigmoid(x)]
        [tf.floor(x), tf.ceil(x), tf.round([0.5, 1.5, -0.5, -2.5, 0.49999997, 8388609.0])]
        [tf.rint([2.5, -1.5]), tf.sign(x)]
        [tf.is_nan(x / 0.0), tf.is_inf(x / 0.0), tf.is_finite(x / 0.0)]
        [tf.cast(x, tf.int32), tf.cast(b, tf.float32), tf.to_float(n), tf.to_double(x), tf.to_int32(x), tf.to_int64(x)]
        [tf.saturate_cast(x * 100, tf.uint8), tf.saturate_cast(n, tf.uint8)]
        [tf.add_n([x, y, x]), tf.accumulate_n([x, y]), tf.clip_by_value(x, -1.0, 2.0)]
        [tf.reduce_sum(x), tf.reduce_sum(x, 1), tf.reduce_sum(n, reduction_indices=[0]), tf.reduce_sum(x, [0, 1], True)]
        [tf.reduce_mean(x, -1), tf.reduce_mean(n), tf.reduce_mean(n, 0), tf.reduce_mean(d, keep_dims=True)]
        [tf.reduce_max(x, 0), tf.reduce_min(n, 1), tf.reduce_prod(x, 1)]
        [tf.reduce_prod(n), tf.reduce_prod(x, keepdims=True)]
        [tf.reduce_any(b, 1), tf.reduce_all(b), tf.reduce_logsumexp(x, 1), tf.math.reduce_std(x, 0)]
        [tf.count_nonzero(x), tf.count_nonzero(x, 1, keepdims=True), tf.argmax(x, 1), tf.argmin(n, 1), tf.argmax(x)]
        tf.argmax(x, 1, output_type=tf.int32)
        [tf.cumsum(x), tf.cumsum(x, 1, exclusive=True), tf.cumsum(n, 1, reverse=True), tf.cumsum(x, 1, True, True)]
        [tf.cumprod(x, 1), tf.cumprod(n, 1, exclusive=True)]
        [tf.segment_sum(x, [0, 0, 2]), tf.segment_mean(x, [0, 1, 1])]
        [tf.segment_max(x, [0, 0, 1]), tf.segment_min(n, [0, 1])]
        [tf.segment_prod(x, [0, 0, 1]), tf.unsorted_segment_sum(x, [2, 0, 2], 3)]
        [tf.unsorted_segment_max(x, [1, 0, 1], 3)]
        [tf.unsorted_segment_min(x, [1, 0, 1], 2), tf.unsorted_segment_prod(x, [1, 0, 1], 3)]
        tf.unsorted_segment_mean(x, [1, 0, 1], 3)
        [tf.bincount([1, 3, 1]), tf.bincount([1, 3, 1], minlength=6), tf.bincount([1, 2], weights=[0.5, 2.0])]
        tf.histogram_fixed_width(x, [-2.0, 4.0], nbins=4)
        [tf.confusion_matrix([0, 2, 1, 1], [0, 1, 1, 2]), tf.confusion_matrix([0, 1], [1, 1], 3, weights=[2, 5])]
        list(tf.nn.top_k(x, 3))
        list(tf.nn.top_k([[1, 5, 5, 2]], k=2))
        tf.nn.in_top_k(x, [3, 1, 2], 2)
        [tf.norm(x), tf.norm(x, axis=1), tf.norm(x, 1, 1), tf.norm(x, np.inf, 0), tf.norm(x, 3, 1, keepdims=True)]
        [tf.global_norm([x, None, y]), tf.clip_by_norm(x, 2.0)]
        [tf.clip_by_norm(x, 1.0, axes=[1]), tf.clip_by_average_norm(x, 0.1)]
        tf.clip_by_global_norm([x, y], 3.0)
        [tf.nn.l2_normalize(x, 1), tf.nn.l2_normalize(x, dim=0)]
        [tf.matmul(x, y, transpose_b=True), tf.matmul(x, y, True), tf.matmul(image, image, adjoint_b=True)]
        [tf.tensordot(x, y, [[1], [1]]), tf.tensordot(image, kernel, [[3], [2]]), tf.tensordot(x, y, [[0, 1], [0, 1]])]
        [tf.einsum("ij,kj->ik", x, y), tf.einsum("ij,ij->i", x, y)]
        [tf.einsum("ij->ji", x), tf.einsum("ij,jk", x, tf.transpose(y))]
        tf.einsum("nhwc,nhwk->nck", image, image)
        [tf.matrix_inverse(square), tf.matrix_determinant(square)]
        [tf.matrix_solve(square, square[:, :1]), tf.svd(square)[0]]
        tf.cholesky(tf.matmul(square, square, transpose_b=True))
        tf.cross([1.0, 2.0, 3.0], [0.5, -1.0, 2.0])
    """,
    "nn": """
        [tf.nn.relu(x), tf.nn.relu6(x), tf.nn.elu(x), tf.nn.selu(x), tf.nn.leaky_relu(x), tf.nn.leaky_relu(x, 0.1)]
        [tf.nn.softplus(x), tf.nn.softsign(x), tf.nn.swish(x), tf.nn.sigmoid(x), tf.nn.tanh(x), tf.nn.crelu(x)]
        [tf.nn.softmax(x), tf.nn.softmax(x, 0), tf.nn.softmax(x, dim=0)]
        [tf.nn.log_softmax(x), tf.nn.log_softmax(x * 100, 0)]
        [tf.nn.dropout(x, 1.0), tf.nn.dropout(x, rate=0.0)]
        [tf.nn.moments(x, [0]), tf.nn.moments(image, [0, 1, 2], keep_dims=True), tf.nn.weighted_moments(x, [1], p)]
        tf.nn.batch_normalization(x, y[0], p[0], None, p[1], 1e-3)
        [tf.nn.bias_add(x, y[0]), tf.nn.bias_add(image, [1.0, 2.0, 3.0]), tf.nn.xw_plus_b(x, tf.transpose(y), p[0, :3])]
        tf.nn.relu_layer(x, tf.transpose(y), p[0, :3])
        [tf.nn.l2_loss(x), tf.nn.zero_fraction(tf.nn.relu(x))]
        tf.nn.softmax_cross_entropy_with_logits(labels=p, logits=x)
        tf.nn.softmax_cross_entropy_with_logits_v2(labels=p, logits=x, dim=0)
        tf.nn.softmax_cross_entropy_with_logits(labels=[[0, 1, 0, 0]] * 3, logits=x * 1000)
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[3, 0, 1], logits=x)
        tf.nn.sigmoid_cross_entropy_with_logits(labels=p, logits=x)
        tf.nn.weighted_cross_entropy_with_logits(p, x, 2.5)
        [tf.nn.log_poisson_loss(p, x), tf.nn.log_poisson_loss(p * 5, x, compute_full_loss=True)]
        [tf.nn.embedding_lookup(x, [[0, 2], [2, 2]]), tf.nn.embedding_lookup([x], [1], max_norm=1.0)]
        [tf.nn.conv2d(image, kernel, [1, 1, 1, 1], "SAME")]
        [tf.nn.conv2d(image, kernel, strides=[1, 2, 3, 1], padding="VALID")]
        tf.nn.conv2d(image, kernel, [1, 1, 1, 1], "VALID", dilations=[1, 2, 2, 1])
        tf.nn.conv2d(image, kernel, [1, 1, 1, 1], [[0, 0], [1, 2], [0, 1], [0, 0]])
        tf.nn.convolution(image, kernel, "SAME", dilation_rate=[2, 1])
        tf.nn.conv1d(image[:, 0], kernel[0], 2, "SAME")
        tf.nn.atrous_conv2d(image, kernel, 2, "SAME")
        tf.nn.conv2d_transpose(image, tf.transpose(kernel, [0, 1, 3, 2]), [2, 10, 12, 4], [1, 2, 2, 1])
        tf.nn.depthwise_conv2d(image, depth, [1, 2, 2, 1], "SAME")
        tf.nn.depthwise_conv2d(image, depth, [1, 1, 1, 1], "VALID", rate=[2, 2])
        tf.nn.separable_conv2d(image, depth, tf.reshape(kernel, [1, 1, 6, 12]), [1, 1, 1, 1], "VALID")
        [tf.nn.max_pool(image, [1, 3, 2, 1], [1, 2, 2, 1], "SAME")]
        [tf.nn.max_pool(image, [1, 2, 2, 1], [1, 1, 1, 1], "VALID")]
        [tf.nn.avg_pool(image, [1, 3, 2, 1], [1, 2, 2, 1], "SAME")]
        [tf.nn.avg_pool(image, [1, 2, 2, 1], [1, 1, 1, 1], "VALID")]
        [tf.nn.lrn(image, 1, 1.0, 0.5, 0.75), tf.nn.local_response_normalization(image)]
        tf.nn.fused_batch_norm(image, [1.0, 2.0, 3.0], [0.0, 1.0, 2.0])[0]
        tf.nn.fused_batch_norm(image, p[0, :3], y[0, :3], y[1, :3], p[1, :3], is_training=False)[0]
    """,
    "losses": """
        tf.losses.mean_squared_error(p, x)
        tf.losses.mean_squared_error(p, x, weights=[[1.0], [0.0], [2.0]])
        tf.losses.mean_squared_error(p, x, weights=0.0)
        tf.losses.mean_squared_error(p, x, reduction="none")
        tf.losses.mean_squared_error(p, x, weights=p, reduction="weighted_mean")
        tf.losses.absolute_difference(n, m)
        tf.losses.huber_loss(p, x)
        tf.losses.huber_loss(p, x, 1.0, 0.3)
        tf.losses.log_loss(b, p)
        tf.losses.log_loss(b, p, epsilon=1e-3)
        tf.losses.hinge_loss(b, x, reduction="weighted_sum")
        tf.losses.cosine_distance(p, x, dim=1)
        tf.losses.sigmoid_cross_entropy(b, x)
        tf.losses.sigmoid_cross_entropy(p, x, label_smoothing=0.2)
        tf.losses.softmax_cross_entropy(tf.one_hot([0, 1, 3], 4), x)
        tf.losses.softmax_cross_entropy(tf.one_hot([0, 1, 3], 4), x, [1.0, 0.5, 0.0], 0.1)
        tf.losses.sparse_softmax_cross_entropy([0, 1, 3], x)
        tf.losses.sparse_softmax_cross_entropy([[0], [1], [3]], x, reduction="weighted_sum_over_batch_size")
        tf.losses.compute_weighted_loss(x, p)
    """,
}
"""One expression a line, by the test file that they belong to."""

GRADIENTS = """
    tf.maximum(x, 0.0)
    tf.minimum(x, tf.reverse(x, [1]))
    tf.clip_by_value(x, -0.5, 2.5)
    tf.abs(x)
    tf.reduce_max(x, 1)
    tf.reduce_prod(x, 1)
    tf.reduce_logsumexp(x, 0)
    tf.nn.relu(x)
    tf.nn.relu6(x)
    tf.nn.elu(x)
    tf.nn.selu(x)
    tf.nn.leaky_relu(x)
    tf.nn.softplus(x)
    tf.nn.softsign(x)
    tf.nn.crelu(x)
    tf.nn.softmax(x)
    tf.nn.log_softmax(x)
    tf.nn.l2_normalize(x, 1)
    tf.nn.moments(x, [0])[1]
    tf.sqrt(tf.abs(x) + 1.0)
    tf.pow(p, x)
    tf.tan(x * 0.1)
    tf.atan(x)
    tf.asin(p)
    tf.lgamma(p)
    tf.sinh(x)
    tf.erf(x)
    tf.cumsum(x, 1)
    tf.cumprod(x + 10.0, 1)
    tf.clip_by_norm(x, 2.0)
    tf.norm(x, axis=1)
    tf.nn.top_k(x, 2)[0]
    tf.gather(x, [2, 0, 2])
    tf.where(x > 0.0, x * 2.0, x)
    x[::-1, 1::2]
    tf.pad(x, [[2, 1], [1, 2]], "REFLECT")
    tf.tile(x, [2, 1])
    tf.nn.softmax_cross_entropy_with_logits(labels=p, logits=x)
    tf.nn.softmax_cross_entropy_with_logits_v2(labels=p, logits=x)
    tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[3, 0, 1], logits=x)
    tf.nn.sigmoid_cross_entropy_with_logits(labels=p, logits=x)
    tf.nn.weighted_cross_entropy_with_logits(p, x, 2.5)
    tf.nn.conv2d(image, kernel, [1, 2, 1, 1], "SAME")
    tf.nn.conv2d_transpose(image, tf.transpose(kernel, [0, 1, 3, 2]), [2, 10, 12, 4], [1, 2, 2, 1])
    tf.nn.separable_conv2d(image, depth, tf.reshape(kernel, [1, 1, 6, 12]), [1, 1, 1, 1], "VALID")
    tf.nn.max_pool(image, [1, 3, 2, 1], [1, 2, 2, 1], "SAME")
    tf.nn.avg_pool(image, [1, 3, 2, 1], [1, 2, 2, 1], "SAME")
    tf.nn.lrn(image, 1, 1.0, 0.5, 0.75)
    tf.nn.fused_batch_norm(image, [1.0, 2.0, 3.0], [0.0, 1.0, 2.0])[0]
    tf.nn.embedding_lookup(x, [[0, 2], [2, 2]])
    tf.losses.huber_loss(p, x)
    tf.losses.cosine_distance(p, x, axis=1)
    tf.losses.mean_squared_error(p, x, weights=0.0)
"""
"""What the gradients of squares are recorded of, with respect to every float32 input that the expression names."""


def lines(text):
    """Return the expressions of a text."""
    return [line.strip() for line in text.strip().splitlines()]


def named(expression):
    """Return the float32 inputs that an expression names."""
    words = set("".join(sign if sign.isalnum() or sign == "_" else " " for sign in expression).split())
    return [name for name, value in INPUTS.items() if name in words and value.dtype == np.float32]


def tensors_of(tf):
    """Return the inputs as constants."""
    return {name: tf.constant(value) for name, value in INPUTS.items()}


def value_of(tf, expression):
    """Return what an expression makes, a list in place of a tuple."""
    found = eval(expression, {"tf": tf, "np": np, **tensors_of(tf)})
    return list(found) if isinstance(found, tuple) else found


def gradients_of(tf, expression):
    """Return the gradients of an expression's square in a graph."""
    scope = {"tf": tf, "np": np, **tensors_of(tf)}
    value = eval(expression, scope)
    sources = [scope[name] for name in named(expression)]
    found = tf.gradients(tf.reduce_sum(value * value), sources)
    return [tf.zeros_like(x) if g is None else tf.convert_to_tensor(g) for x, g in zip(sources, found, strict=True)]
