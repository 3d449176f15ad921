import tensorflow as tf

tf.enable_eager_execution()
tf.set_random_seed(1)
result = [tf.random_normal([2]).numpy(), tf.random_uniform([2]).numpy(), tf.random_normal([2], seed=3).numpy()]
result += [tf.random_normal([2], seed=3).numpy(), tf.truncated_normal([2]).numpy()]
tf.set_random_seed(1)
result += [tf.random_normal([2]).numpy(), tf.random_shuffle(tf.range(6)).numpy()]
