import numpy as np
import tensorflow as tf

x = tf.constant(np.arange(24).reshape(2, 3, 4))
v = tf.constant([10.0, 11.0, 12.0, 13.0, 14.0])
i = tf.constant(1)
mask = tf.constant([True, False, True, True, False])
values = {
    "index": [x[0], x[1, 2], x[-1, -1, -1], x[i], x[:, i]],
    "range": [v[1:3], v[:-1], v[-2:], v[:], v[1::2], v[i:]],
    "negative_steps": [v[::-1], v[3:0:-2], x[:, ::-1, 1], v[4:1:-1]],
    "new_axis": [v[:, tf.newaxis], v[None, 1:3], x[0, tf.newaxis, :, 1]],
    "ellipsis": [x[..., 0], x[0, ...], x[..., 1:3], x[1, ..., -1]],
    "slice": [tf.slice(x, [0, 1, 1], [2, 2, -1]), tf.slice(v, [2], [2])],
    "strided": [tf.strided_slice(v, [0], [5], [2]), tf.strided_slice(v, [-1], [-4], [-1])],
    "gather": [tf.gather(v, [4, 0, 0]), tf.gather(x, [1], axis=1), tf.gather(x, [[0, 1], [2, 2]], axis=2)],
    "gather_nd": [tf.gather_nd(x, [[0, 1, 2], [1, 0, 3]]), tf.gather_nd(x, [[0, 1]]), tf.gather_nd(x, [1, 2])],
    "mask": [tf.boolean_mask(v, mask), tf.boolean_mask(x[0], [True, False, True]), tf.boolean_mask(x, x > 20)],
    "gradient": tf.gradients(tf.reduce_sum(v[::-2] * v[1:4]), v)[0],
    "gather_gradient": tf.convert_to_tensor(tf.gradients(tf.gather(v, [1, 1, 2]) ** 2, [v])[0]),
}
with tf.Session() as sess:
    result = sess.run(values)
    result["rows"] = [sess.run(row) for row in tf.unstack(x[0])]
