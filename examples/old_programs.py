"""A program as people wrote it in 2017, for TensorFlow 1, and one for Keras 1: both run here, with no TensorFlow.

The first two lines stand here so that it runs by itself; ``feedforward run FILE`` needs neither.
"""

import feedforward.compat

feedforward.compat.install("tf1.4")

import numpy as np
import tensorflow as tf
from keras.layers import Dense
from keras.models import Sequential

import feedforward as ff

(images, labels), (test_images, test_labels) = ff.datasets.digits()
images, test_images = (x.reshape(-1, 64) / 16.0 for x in (images, test_images))

# TensorFlow 1: first a graph, then a session that runs parts of it
tf.set_random_seed(1)
x = tf.placeholder(tf.float32, [None, 64])
y_ = tf.placeholder(tf.int64, [None])
hidden = tf.layers.dense(x, 64, activation=tf.nn.relu)
logits = tf.layers.dense(hidden, 10)
loss = tf.losses.sparse_softmax_cross_entropy(labels=y_, logits=logits)
train_step = tf.train.AdamOptimizer(1e-2).minimize(loss)
accuracy = tf.reduce_mean(tf.cast(tf.equal(tf.argmax(logits, 1), y_), tf.float32))

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for step in range(201):
        rows = np.random.RandomState(step).randint(0, len(images), 64)
        _, value = sess.run([train_step, loss], feed_dict={x: images[rows], y_: labels[rows]})
        if step % 100 == 0:
            print("step", step, "loss", value)
    reached = sess.run(accuracy, feed_dict={x: test_images, y_: test_labels})
    print("TensorFlow 1:", reached)

# Keras, with the names of its first version
model = Sequential()
model.add(Dense(output_dim=64, input_dim=64, init="glorot_uniform", activation="relu"))
model.add(Dense(output_dim=10, activation="softmax"))
model.compile(loss="sparse_categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
history = model.fit(images, labels, nb_epoch=20, batch_size=32, verbose=0)
print("Keras 1:", model.evaluate(test_images, test_labels, verbose=0), sorted(history.history))

feedforward.compat.uninstall()
