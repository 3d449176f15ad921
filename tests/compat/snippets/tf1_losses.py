import tensorflow as tf

predictions = tf.constant([[1.0, 2.5], [0.5, -1.0], [3.0, 0.1]])
labels = tf.constant([[1.5, 2.0], [0.0, 1.0], [3.0, 1.0]])
weights = tf.constant([[1.0], [0.0], [2.0]])
probabilities = tf.constant([[0.9, 0.2], [0.4, 0.0], [1.0, 0.7]])
bits = tf.constant([[1, 0], [1, 1], [1, 0]])
classes = tf.constant([0, 1, 1])
mean = tf.losses.mean_squared_error(labels, predictions)
weighted = tf.losses.mean_squared_error(labels, predictions, weights=weights)
values = {
    "mean_squared": mean,
    "weighted": weighted,
    "constant_weight": tf.losses.mean_squared_error(labels, predictions, weights=0.5),
    "sum": tf.losses.mean_squared_error(labels, predictions, weights, reduction=tf.losses.Reduction.SUM),
    "none": tf.losses.mean_squared_error(
        labels, predictions, weights, loss_collection=None, reduction=tf.losses.Reduction.NONE
    ),
    "mean": tf.losses.mean_squared_error(labels, predictions, weights, reduction=tf.losses.Reduction.MEAN),
    "over_size": tf.losses.mean_squared_error(
        labels, predictions, weights, reduction=tf.losses.Reduction.SUM_OVER_BATCH_SIZE
    ),
    "absolute": tf.losses.absolute_difference(labels, predictions),
    "huber": tf.losses.huber_loss(labels, predictions, delta=0.7),
    "hinge": tf.losses.hinge_loss(bits, predictions),
    "log": tf.losses.log_loss(bits, probabilities),
    "cosine": tf.losses.cosine_distance(labels, predictions, axis=1),
    "sigmoid": tf.losses.sigmoid_cross_entropy(bits, predictions),
    "sigmoid_smoothed": tf.losses.sigmoid_cross_entropy(bits, predictions, label_smoothing=0.1),
    "softmax": tf.losses.softmax_cross_entropy(tf.one_hot(classes, 2), predictions),
    "softmax_smoothed": tf.losses.softmax_cross_entropy(tf.one_hot(classes, 2), predictions, label_smoothing=0.2),
    "sparse": tf.losses.sparse_softmax_cross_entropy(labels=classes, logits=predictions, weights=[1.0, 0.0, 3.0]),
}
count = len(tf.losses.get_losses())
total = tf.losses.get_total_loss()
with tf.Session() as sess:
    result = sess.run(values)
    result["count"] = count
    result["total"] = sess.run(total)
    result["one_of_them"] = mean in tf.get_collection(tf.GraphKeys.LOSSES)
