import numpy as np
import tensorflow as tf

tf.enable_eager_execution()
v = tf.Variable([1.0, 2.0], name="v")
n = tf.Variable(3)
old = v + 0
v.assign([5.0, 6.0])
v.assign_add([1.0, 1.0])
v.assign_sub(0.5 * v)
n.assign_add(2)
x = tf.get_variable("x", [2, 2], initializer=tf.ones_initializer())
result = {
    "values": [v.numpy(), n.numpy(), old.numpy(), x.numpy(), v.read_value().numpy(), tf.identity(v).numpy()],
    "arithmetic": [
        (v * 2).numpy(),
        (1 - v).numpy(),
        (v + np.float32([1, 2])).numpy(),
        v[0].numpy(),
        (v**2).numpy(),
        (-v).numpy(),
    ],
    "attributes": [v.name, v.dtype.name, v.shape.as_list(), v.trainable, v.get_shape().as_list()],
    "functions": [tf.reduce_sum(v).numpy(), tf.matmul(x, [[1.0], [2.0]]).numpy(), np.array(v)],
    "assigned": tf.assign(v, [0.0, 1.0]).numpy(),
    "after": v.numpy(),
}
