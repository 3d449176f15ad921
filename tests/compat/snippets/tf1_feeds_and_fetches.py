import collections

import numpy as np
import tensorflow as tf

a = tf.placeholder(tf.float32, name="a")
b = tf.placeholder_with_default([1.0, 2.0], [2], name="b")
c = tf.multiply(a, b, name="c")
d = tf.reduce_sum(c, name="d")
v = tf.Variable(4.0, name="v")
Pair = collections.namedtuple("Pair", ["left", "right"])
sess = tf.InteractiveSession()
tf.global_variables_initializer().run()
pair = sess.run(Pair(c, {"inner": [d, (b, v)]}), {a: 2})
result = {
    "default": sess.run(c, {a: 3.0}),
    "fed_default": sess.run(c, feed_dict={a: 3.0, b: [0.0, 1.0]}),
    "intermediate": sess.run(d, {c: [10.0, 20.0]}),
    "fed_variable": sess.run(v * 2, {v: 1.5}),
    "by_name": sess.run(["d:0", "v:0"], {"a:0": [1.0, 1.0]}),
    "operation_by_name": [sess.run("d", {a: 1.0}) is None, sess.run(d.op, {a: 1.0}) is None],
    "nested": sess.run({"x": [c, (d,)], "y": d}, {a: 2.0}),
    "pair": [type(pair).__name__, pair.left, pair.right["inner"]],
    "tuple": isinstance(sess.run((c, d), {a: 1.0}), tuple),
    "kinds": [type(sess.run(d, {a: 1.0})).__name__, type(sess.run(c, {a: 1.0})).__name__],
    "empty": sess.run([]),
    "same_twice": sess.run([d, d], {a: 1}),
    "broadcast": sess.run(c, {a: np.ones([3, 1])}),
    "eval": [c.eval({a: 1.0}), v.eval(), d.eval(feed_dict={a: 5})],
    "feedable": [tf.get_default_graph().is_feedable(c), sess.graph is tf.get_default_graph()],
    "fed_and_fetched": sess.run(a, {a: [1, 2]}),
}
sess.close()
