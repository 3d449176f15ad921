import tensorflow as tf

condition = tf.constant([[True, False], [False, True]])
a = tf.constant([[1, 2], [3, 4]])
rows = tf.constant([True, False])
labels = tf.placeholder(tf.int32, [None])
values = {
    "where": [
        tf.where(condition, a, -a),
        tf.where(rows, a, a * 10),
        tf.where(condition),
        tf.where([0.0, 2.0, 3.0] > tf.ones(3)),
    ],
    "one_hot": [
        tf.one_hot([0, 2, -1, 5], 3),
        tf.one_hot(labels, 4),
        tf.one_hot([1, 0], depth=2, on_value=5.0, off_value=-1.0),
        tf.one_hot([1, 2], 3, axis=0),
        tf.one_hot([[0], [1]], 2, dtype=tf.int32),
        tf.one_hot(1, 3),
        tf.one_hot([1], 2, on_value=True, off_value=False),
    ],
    "sequence_mask": [tf.sequence_mask([1, 3, 2], 5), tf.sequence_mask([2, 0])],
    "range": [tf.range(5), tf.range(2, 8, 3), tf.range(3.0), tf.range(5, 0, -2), tf.range(0, 1, 0.25)],
    "linspace": [tf.linspace(0.0, 1.0, 5), tf.lin_space(-1.0, 2.0, 4)],
    "fills": [
        tf.fill([2, 2], 7),
        tf.zeros([2]),
        tf.ones([1, 2], tf.int32),
        tf.constant(3, shape=[2, 2]),
        tf.fill([2], 0.5),
    ],
    "constant_repeats": tf.constant([1, 2], shape=[5]),
    "matrices": [
        tf.eye(3),
        tf.eye(2, 3),
        tf.diag([1.0, 2.0]),
        tf.diag_part([[1, 2], [3, 4]]),
        tf.matrix_diag([1, 2]),
        tf.trace(a),
    ],
    "bands": tf.matrix_band_part(tf.ones([3, 3]), -1, 0),
    "segments": [
        tf.segment_sum(tf.constant([[1, 2], [3, 4], [5, 6]]), [0, 0, 1]),
        tf.segment_mean([1.0, 3.0, 5.0], [0, 0, 1]),
    ],
    "unsorted": [tf.unsorted_segment_sum([1.0, 2.0, 3.0], [2, 0, 2], 4), tf.segment_max([1, 5, 3], [0, 0, 1])],
    "scatter_nd": tf.scatter_nd([[1], [3], [1]], [9.0, 8.0, 1.0], [5]),
    "unique": tf.unique([3, 1, 3, 2])[:2],
    "invert": tf.invert_permutation([2, 0, 1]),
    "meshgrid": tf.meshgrid([1, 2], [3, 4, 5]),
    "confusion": tf.confusion_matrix([0, 1, 1], [0, 1, 0]),
}
with tf.Session() as sess:
    result = sess.run(values, {labels: [3, 0]})
