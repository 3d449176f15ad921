import tensorflow as tf

w = tf.Variable([1.0, 2.0], name="w")
b = tf.Variable(0.5, name="b")
step = tf.Variable(0, trainable=False, name="step")
plain = tf.train.ExponentialMovingAverage(0.9)
counted = tf.train.ExponentialMovingAverage(decay=0.99, num_updates=step)
measured = tf.train.ExponentialMovingAverage(0.5)
maintain_plain = plain.apply([w, b])
maintain_counted = counted.apply(tf.trainable_variables())
batch = tf.placeholder(tf.float32, [None])
mean = tf.reduce_mean(batch)
maintain_mean = measured.apply([mean])
change = tf.group(tf.assign_add(w, [1.0, -1.0]), tf.assign(b, b * 2.0), tf.assign_add(step, 1))
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    trace = []
    for i in range(5):
        sess.run(change)
        sess.run([maintain_plain, maintain_counted])
        sess.run(maintain_mean, {batch: [i, i + 2.0]})
        trace.append(sess.run([plain.average(w), plain.average(b), counted.average(w), measured.average(mean)]))
    result = {
        "trace": trace,
        "names": [plain.average_name(w), plain.average(w).op.name, counted.average(b).name],
        "restored": sorted(plain.variables_to_restore([w, b])),
        "none": plain.average(step) is None,
    }
