import tensorflow as tf

tf.random.set_seed(5)
result = [tf.random.uniform([3]).numpy(), tf.random.normal([2, 2]).numpy(), tf.random.normal([2], seed=3).numpy()]
result += [
    tf.random.normal([2], seed=3).numpy(),
    tf.random.uniform(shape=[4], minval=0, maxval=9, dtype=tf.int32).numpy(),
]
tf.random.set_seed(5)
result += [
    tf.random.uniform([3]).numpy(),
    tf.random.shuffle(tf.range(5)).numpy(),
    tf.random.truncated_normal([3]).numpy(),
]
v = tf.Variable(tf.random.normal([3, 1], stddev=0.03), name="v")
result.append(v.numpy())
