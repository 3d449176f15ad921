import numpy as np
import tensorflow as tf

tf.enable_eager_execution()
x = tf.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
n = tf.constant([3, 1, 2])
ones = np.ones([3, 2], np.float32)
result = {
    "arithmetic": [
        (x + 1).numpy(),
        (2 * x).numpy(),
        (x + ones).numpy(),
        (x / 2).numpy(),
        (-x).numpy(),
        (x @ x[:2]).numpy(),
    ],
    "integers": [(n / 2).numpy(), (n // 2).numpy(), (n % 2).numpy(), (n**2).numpy(), int(n[0]), float(x[1, 0])],
    "indexing": [x[0].numpy(), x[:, 1].numpy(), x[-1, 0].numpy(), x[..., None].shape.as_list(), x[1:, ::-1].numpy()],
    "iteration": [row.numpy() for row in x],
    "unpacked": [float(a) + float(b) for a, b in x],
    "to_numpy": [np.array(x), np.argmax(x, axis=1), np.sum(x), x.numpy().dtype.name],
    "text": ["{:.4f}".format(x[0, 1]), "%f" % x[0, 0], "%d" % n[0], "{}".format(n[1].numpy()), f"{float(x[2, 1]):.2f}"],
    "shown": [str(n), str(n[0]), str(x[0]), str(x.shape), str(x.dtype)],
    "length": [len(x), x.shape[0].value, x.ndim, n.shape.as_list()],
    "truth": [bool(n[0] > 2), bool(tf.reduce_all(n > 0)), 5 if n[1] == 7 else 6, (n > 1).numpy()],
    "as_index": [[10, 20, 30, 40][n[0]], list(range(n[2])), np.arange(5)[n[1]]],
    "functions": [tf.nn.softmax(x).numpy(), tf.matmul(x, tf.transpose(x)).numpy(), tf.reduce_mean(x, axis=0).numpy()],
    "of_lists": [
        tf.add([1, 2], [3, 4]).numpy(),
        tf.square(3).numpy(),
        tf.reduce_sum([1, 2, 3]).numpy(),
        tf.multiply(2.0, 3.5).numpy(),
    ],
    "cast": [tf.cast(x > 2, tf.int32).numpy(), tf.argmax(x, 1).numpy(), tf.one_hot(n, 4).numpy()],
    "eager": [tf.executing_eagerly(), tf.zeros([2]).numpy(), tf.ones_like(n).numpy(), tf.range(3).numpy()],
    "size": [tf.size(x).numpy(), tf.shape(x).numpy(), tf.rank(x).numpy()],
}
