import numpy as np
import tensorflow as tf

x = tf.placeholder(tf.float32, [None, 4])
unknown = tf.placeholder(tf.float32)
fixed = tf.placeholder(tf.float32, (8))
image = tf.placeholder(tf.float32, shape=(None, 28, 28, 3))
w = tf.Variable(tf.zeros([4, 5]))


def shape(tensor):
    return None if tensor.get_shape().ndims is None else tensor.get_shape().as_list()


result = {
    "shapes": [
        shape(tensor)
        for tensor in (
            x,
            unknown,
            fixed,
            image,
            tf.matmul(x, w),
            x[1:],
            x[0],
            x[:, 1:3],
            tf.reshape(x, [-1, 2]),
            tf.reshape(x, [2, -1]),
            tf.reduce_mean(x, 0),
            tf.reduce_sum(x),
            tf.concat([x, x], 0),
            tf.concat([x, x], 1),
            tf.transpose(x),
            tf.expand_dims(x, 0),
            tf.argmax(x, 1),
            tf.shape(x),
            tf.one_hot(tf.argmax(x, 1), 7),
            x + tf.ones([3, 4]),
            x + unknown,
            tf.matmul(x, x, transpose_a=True),
            tf.stack([x, x]),
            tf.tile(x, [1, 2]),
            tf.nn.max_pool(image, [1, 2, 2, 1], [1, 2, 2, 1], "SAME"),
            tf.layers.flatten(image),
            tf.squeeze(x),
            tf.placeholder(tf.int32, []),
            tf.zeros_like(x),
            tf.nn.conv2d(image, tf.zeros([5, 5, 3, 2]), [1, 2, 2, 1], "VALID"),
        )
    ],
    "texts": [str(x.shape), str(unknown.shape), str(image.get_shape()), str(tf.TensorShape([None, 2]))],
    "compatible": [x.shape.is_compatible_with([3, 4]), x.shape.is_compatible_with([3, 5]), x.shape.is_fully_defined()],
}
unknown.set_shape([None, 2])
result["set"] = unknown.shape.as_list()
with tf.Session() as sess:
    result["ran"] = sess.run([tf.shape(x), tf.reshape(x, [-1, 2])], {x: np.ones([3, 4])})
