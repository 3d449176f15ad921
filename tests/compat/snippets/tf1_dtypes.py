import numpy as np
import tensorflow as tf

f = tf.constant([1.7, -1.7, 2.5])
n = tf.constant([7, -7, 2])
values = {
    "casts": [tf.cast(f, tf.int32), tf.cast(n, tf.float32), tf.cast(f, tf.bool), tf.to_int64(f), tf.to_float(n)],
    "of_python": [
        tf.constant(1),
        tf.constant(1.0),
        tf.constant(True),
        tf.constant([1, 2.5]),
        tf.constant(2, tf.float64),
    ],
    "of_numpy": [tf.constant(np.float64(2)), tf.constant(np.arange(3)), tf.constant(np.uint8([255]))],
    "doubles": tf.constant(1.0, tf.float64) / 3.0,
    "more": [tf.to_double(f) * 2, tf.cast(n, "int64") + 1],
    "saturated": tf.saturate_cast(tf.constant([300.0, -5.0]), tf.uint8),
    "unsigned": tf.cast([255, 3], tf.uint8),
    "wide": tf.constant(2**31 - 1) + 1,
    "converted": tf.convert_to_tensor([[1, 2]]),
    "as_double": tf.convert_to_tensor(np.ones(2)),
    "bits": tf.cast(True, tf.int32) + 1,
}
errors = []
for wrong in (
    lambda: f + n,
    lambda: tf.matmul(tf.ones([2, 2]), tf.ones([2, 2], tf.int32)),
    lambda: f * tf.constant(1.0, tf.float64),
    lambda: tf.constant(1.5, tf.int32),
    lambda: n + 0.5,
    lambda: tf.nn.relu(tf.constant("a")),
):
    try:
        wrong()
        errors.append("none")
    except (TypeError, ValueError) as error:
        errors.append(type(error).__name__)
result = tf.Session().run(values)
result["errors"] = errors
result["names"] = [
    tf.float32.name,
    tf.as_dtype("int32").name,
    str(f.dtype),
    tf.float64.is_floating,
    tf.int32.is_integer,
]
result["numpy"] = [np.dtype(tf.float32.as_numpy_dtype).name, tf.float32 == f.dtype, f.dtype == "float32"]
