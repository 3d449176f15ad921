import tensorflow as tf

a = tf.Variable(1.0, name="a")
b = tf.Variable(2.0, trainable=False, name="b")
c = tf.Variable(3.0, collections=[tf.GraphKeys.LOCAL_VARIABLES], name="c", trainable=False)
tf.add_to_collection("losses", a * 2)
tf.add_to_collection("losses", b * 3)
tf.get_default_graph().add_to_collection("mine", "word")
step = tf.train.get_or_create_global_step()
with tf.Session() as sess:
    sess.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
    result = {
        "global": [v.name for v in tf.global_variables()],
        "trainable": [v.name for v in tf.trainable_variables()],
        "local": [v.name for v in tf.local_variables()],
        "losses": sess.run(tf.get_collection("losses")),
        "sum": sess.run(tf.add_n(tf.get_collection("losses"))),
        "mine": tf.get_collection("mine"),
        "missing": tf.get_collection("nothing"),
        "step": [step.name, sess.run(step), tf.train.get_global_step() is step],
        "only_a": sess.run(tf.variables_initializer([a])),
        "uninitialized": sess.run(tf.report_uninitialized_variables()),
    }
