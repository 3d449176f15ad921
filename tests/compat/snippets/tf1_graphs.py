import tensorflow as tf

first = tf.Graph()
with first.as_default():
    a = tf.constant(2.0, name="a")
    v = tf.Variable(3.0)
    product = a * v
second = tf.Graph()
with second.as_default():
    a2 = tf.constant(5.0, name="a")
with tf.Session(graph=first) as sess:
    sess.run([tf.global_variables_initializer()])
    result = [sess.run(product), a.graph is first, tf.get_default_graph() is first, a.name, a2.name]
    late = product + 1.0
    result.append(sess.run(late))
with tf.Session(graph=second) as sess:
    result.append(sess.run(a2))
result.append(tf.get_default_graph() is first)
result.append([op.name for op in first.get_operations()][:2])
tf.reset_default_graph()
result.append(len(tf.global_variables()))
first.finalize()
try:
    with first.as_default():
        tf.constant(1)
except RuntimeError as error:
    result.append(type(error).__name__)
