import numpy as np
import tensorflow as tf

x = tf.constant(np.arange(24, dtype=np.float32).reshape(2, 3, 4))
m = tf.constant([[1, 2], [3, 4], [5, 6]])
first, second, third = tf.unstack(m)
values = {
    "reshape": [tf.reshape(x, [4, -1]), tf.reshape(x, [-1]), tf.reshape(x, (3, 2, -1)), tf.reshape(x[0, 0, 0], [])],
    "transpose": [tf.transpose(m), tf.transpose(x, [2, 0, 1]), tf.transpose(x, perm=[1, 0, 2]), tf.matrix_transpose(x)],
    "concat": [tf.concat([m, m], 0), tf.concat(values=[m, m + 1], axis=1), tf.concat([x, x], -1)],
    "stack": [tf.stack([first, second]), tf.stack([first, third], axis=1)],
    "unstack": [second, tf.unstack(m, axis=1)],
    "split": [tf.split(x, 2, 2), tf.split(x, [1, 2], 1), tf.split(value=m, num_or_size_splits=3)],
    "tile": [tf.tile(m, [1, 2]), tf.tile([1, 2], [3])],
    "pad": [
        tf.pad(m, [[1, 0], [0, 2]]),
        tf.pad(m, [[1, 1], [1, 1]], "REFLECT"),
        tf.pad(m, [[0, 1], [1, 0]], "SYMMETRIC"),
    ],
    "pad_with": tf.pad(m, [[0, 0], [1, 1]], constant_values=9),
    "expand": [tf.expand_dims(m, 0), tf.expand_dims(m, -1), tf.expand_dims(m, axis=1)],
    "squeeze": [
        tf.squeeze([[[1.0], [2.0]]]),
        tf.squeeze(tf.ones([1, 2, 1]), [0]),
        tf.squeeze(tf.ones([1, 2, 1]), axis=-1),
    ],
    "reverse": [tf.reverse(m, [0]), tf.reverse(x, axis=[-1, 0])],
    "sizes": [tf.shape(x), tf.size(x), tf.rank(x), tf.shape(x)[1], tf.shape_n([m, m[:1]])],
    "broadcast": [tf.broadcast_to([1, 2], [3, 2]), tf.zeros_like(m), tf.ones_like(x, dtype=tf.int32)],
}
result = tf.Session().run(values)
result["static"] = [
    tf.reshape(x, [4, -1]).get_shape().as_list(),
    x.shape[1].value,
    str(x.shape),
    m.shape.ndims,
    len(tf.split(x, 2, 2)),
    x.get_shape()[0].value * 2,
    tf.transpose(x).shape.as_list(),
    x.shape.num_elements(),
    str(x.get_shape().as_list()),
]
