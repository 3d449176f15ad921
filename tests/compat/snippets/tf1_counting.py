import tensorflow as tf

state = tf.Variable(0, name="counter")
one = tf.constant(1)
new_value = tf.add(state, one)
update = tf.assign(state, new_value)
with tf.Session() as sess:
    sess.run(tf.initialize_all_variables())
    result = [sess.run(state)]
    for _ in range(3):
        sess.run(update)
        result.append(sess.run(state))
    result.append(state.name)
    sess.run(tf.global_variables_initializer())
    result.append(sess.run(state))
with tf.Session() as sess:
    sess.run(state.initializer)
    result.append(sess.run([update, one]))
