import numpy as np
import tensorflow as tf


def name_of(function):
    try:
        function()
    except tf.errors.OpError as error:
        return type(error).__name__
    except (TypeError, ValueError, RuntimeError) as error:  # some versions have kinds of their own below these
        return next(kind.__name__ for kind in (TypeError, ValueError, RuntimeError) if isinstance(error, kind))
    return "none"


x = tf.placeholder(tf.float32, [None, 3])
v = tf.Variable(tf.ones([3, 2]))
y = tf.matmul(x, v)
sess = tf.Session()
closed = tf.Session()
closed.close()
other = tf.Graph()
with other.as_default():
    stranger = tf.constant(1.0)
result = {"before": name_of(lambda: sess.run(v)), "uninitialized": name_of(lambda: sess.run(y, {x: np.ones([1, 3])}))}
sess.run(tf.global_variables_initializer())
result.update(
    missing_feed=name_of(lambda: sess.run(y)),
    shape_of_a_feed=name_of(lambda: sess.run(y, {x: np.ones([2, 4])})),
    words_as_numbers=name_of(lambda: sess.run(y, {x: [["a", "b", "c"]]})),
    matmul=name_of(lambda: tf.matmul(tf.ones([2, 3]), tf.ones([2, 3]))),
    addition=name_of(lambda: tf.ones([2, 3]) + tf.ones([2, 4])),
    reshape=name_of(lambda: tf.reshape(tf.ones([2, 3]), [4])),
    fetch=name_of(lambda: sess.run(3)),
    fetch_by_name=name_of(lambda: sess.run("nothing:0")),
    stranger=name_of(lambda: sess.run(stranger)),
    closed=name_of(lambda: closed.run(y)),
    truth=name_of(lambda: bool(tf.constant(True))),
    iteration=name_of(lambda: list(tf.placeholder(tf.float32, [None]))),
    no_variables=name_of(lambda: tf.train.GradientDescentOptimizer(0.1).minimize(tf.constant(1.0))),
    variable_again=name_of(lambda: [tf.get_variable("q", [1]), tf.get_variable("q", [1])]),
    unknown_shape=name_of(lambda: tf.get_variable("r")),
    out_of_range=name_of(lambda: sess.run(tf.check_numerics(tf.log(tf.constant(-1.0)), "here"))),
    assign=name_of(lambda: tf.assign(v, tf.ones([2, 2]))),
    unhashed=name_of(lambda: sess.run(y, {"x": 1.0})),
    concat=name_of(lambda: tf.concat([tf.ones([2, 2]), tf.ones([3, 3])], 0)),
    tensor_as_feed=name_of(lambda: sess.run(y, {x: tf.ones([1, 3])})),
)
