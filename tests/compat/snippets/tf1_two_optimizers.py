import numpy as np
import tensorflow as tf

random = np.random.RandomState(40)
real = random.randn(10, 2).astype(np.float32) + 3
noise = random.rand(10, 3).astype(np.float32)
x = tf.placeholder(tf.float32, [None, 2])
z = tf.placeholder(tf.float32, [None, 3])


def generator(z):
    with tf.variable_scope("generator"):
        w = tf.get_variable("w", initializer=tf.constant(np.linspace(-1, 1, 6, dtype=np.float32).reshape(3, 2)))
        return tf.matmul(z, w)


def discriminator(x, reuse=False):
    with tf.variable_scope("discriminator") as scope:
        if reuse:
            scope.reuse_variables()
        w = tf.get_variable("w", [2, 1], initializer=tf.constant_initializer([0.3, -0.2]))
        b = tf.get_variable("b", [1], initializer=tf.zeros_initializer())
        return tf.matmul(x, w) + b


fake = generator(z)
on_real, on_fake = discriminator(x), discriminator(fake, reuse=True)
cross_entropy = tf.nn.sigmoid_cross_entropy_with_logits
d_loss = tf.reduce_mean(cross_entropy(logits=on_real, labels=tf.ones_like(on_real))) + tf.reduce_mean(
    cross_entropy(logits=on_fake, labels=tf.zeros_like(on_fake))
)
g_loss = tf.reduce_mean(cross_entropy(logits=on_fake, labels=tf.ones_like(on_fake)))
d_vars = [v for v in tf.trainable_variables() if v.name.startswith("discriminator")]
g_vars = tf.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES, scope="generator")
d_train = tf.train.AdamOptimizer(0.05, beta1=0.5).minimize(d_loss, var_list=d_vars)
g_train = tf.train.AdamOptimizer(0.05, beta1=0.5).minimize(g_loss, var_list=g_vars)
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    trace = []
    for _ in range(10):
        _, d = sess.run([d_train, d_loss], {x: real, z: noise})
        _, g = sess.run([g_train, g_loss], {z: noise})
        trace.append((d, g))
    result = {"trace": trace, "weights": sess.run(d_vars + g_vars), "names": [v.name for v in d_vars + g_vars]}
