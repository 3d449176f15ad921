import tensorflow as tf

v = tf.Variable(3.0, name="v")
w = tf.Variable([1.0, 2.0])
count = tf.Variable(0, dtype=tf.int32)
doubled = tf.assign(v, v * 2)
after = doubled + 1.0
increment = count.assign_add(1)
with tf.control_dependencies([increment]):
    read = count.read_value()
    squared = count * count + 0
with tf.control_dependencies([tf.assign(w, [5.0, 6.0])]):
    done = tf.no_op()
subtract = w.assign_sub([1.0, 1.0])
new = tf.assign(count, tf.identity(count) * 10 + 1)
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    result = [sess.run(doubled), sess.run(v), sess.run(after), sess.run(v)]
    result += [sess.run(read), sess.run(squared), sess.run(count)]
    result += [sess.run(done), sess.run(w), sess.run(subtract), sess.run(w)]
    result += [sess.run(new), sess.run(new), v.eval(), sess.run(v.initial_value)]
    sess.run(v.initializer)
    result += [sess.run(v), sess.run(v.initialized_value()), sess.run(tf.is_variable_initialized(v))]
    v.load(8.5, sess)
    result.append(sess.run(v))
