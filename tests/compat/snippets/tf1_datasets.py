import numpy as np
import tensorflow as tf

x = np.arange(6, dtype=np.float32).reshape(3, 2)
dataset = tf.data.Dataset.from_tensor_slices((x, [1, 2, 3])).repeat(2).batch(2)
iterator = dataset.make_one_shot_iterator()
features, labels = iterator.get_next()
total = tf.reduce_sum(features)
placeholder = tf.placeholder(tf.int64, [None])
fed = tf.data.Dataset.from_tensor_slices(placeholder).map(lambda n: n * 10).make_initializable_iterator()
element = fed.get_next()
first = tf.data.Dataset.range(3)
second = tf.data.Dataset.range(10, 12)
switched = tf.data.Iterator.from_structure(first.output_types, first.output_shapes)
switch_first, switch_second = switched.make_initializer(first), switched.make_initializer(second)
number = switched.get_next()
result = []
with tf.Session() as sess:
    try:
        while True:
            result.append(sess.run([total, labels]))
    except tf.errors.OutOfRangeError:
        result.append("end")
    for values in ([1, 2], [7]):
        sess.run(fed.initializer, {placeholder: values})
        for _ in values:
            result.append(sess.run(element))
    sess.run(switch_first)
    result += [sess.run(number), sess.run(number)]
    sess.run(switch_second)
    result.append(sess.run(number))
    result.append([features.shape.as_list(), labels.dtype.name])
