import numpy as np
import tensorflow as tf

random = np.random.RandomState(20)
a = tf.constant(random.randn(2, 3, 4))
b = tf.constant(random.randn(2, 4, 3))
m = tf.constant(random.randn(3, 3))
s = tf.matmul(m, m, transpose_b=True) + tf.eye(3, dtype=tf.float64)
values = {
    "batches": [tf.matmul(a, b), a @ b, tf.matmul(a, a, transpose_b=True), tf.matmul(a, b, True, True)],
    "tensordot": [tf.tensordot(a, b, [[2], [1]]), tf.tensordot(a, b, axes=2 if False else [[1, 2], [2, 1]])],
    "einsum": [tf.einsum("bij,bjk->bik", a, b), tf.einsum("bij->j", a)],
    "solved": [tf.matrix_inverse(m), tf.matrix_determinant(m), tf.matrix_solve(m, m[:, :1]), tf.cholesky(s)],
    "cross": tf.cross(m, m[::-1]),
    "gradient": tf.gradients(tf.reduce_sum(tf.matmul(a, b) ** 2), [a, b]),
    "matrix_vector": tf.squeeze(tf.matmul(m, tf.expand_dims(m[0], 1))),
}
result = tf.Session().run(values)
