import tensorflow as tf

logits = tf.constant([[1.0, 2.0, -1.0], [1000.0, 0.0, -1000.0], [-80.0, 90.0, 0.0]])
labels = tf.constant([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.5, 0.25, 0.25]])
classes = tf.constant([1, 2, 0])
sigmoid = tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits)
softmax = tf.nn.softmax_cross_entropy_with_logits(labels=labels, logits=logits)
second = tf.nn.softmax_cross_entropy_with_logits_v2(labels=labels, logits=logits, dim=0)
sparse = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=classes, logits=logits)
weighted = tf.nn.weighted_cross_entropy_with_logits(labels, logits, pos_weight=3.0)
by_hand = -tf.reduce_sum(labels * tf.log(tf.clip_by_value(tf.nn.softmax(logits), 1e-10, 1.0)), reduction_indices=[1])
values = {
    "sigmoid": sigmoid, "softmax": softmax, "columns": second, "sparse": sparse, "weighted": weighted,
    "by_hand": by_hand, "softmax_gradient": tf.gradients(softmax, logits)[0],
    "sparse_gradient": tf.gradients(sparse, logits)[0], "sigmoid_gradient": tf.gradients(sigmoid, logits)[0],
    "log_softmax": tf.nn.log_softmax(logits), "softmax_of_columns": tf.nn.softmax(logits, dim=0),
    "both_sides": tf.gradients(second, labels)[0],
}  # fmt: skip
result = tf.Session().run(values)
