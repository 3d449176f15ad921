"""Oracles: TensorFlow 1's documentation of what a run reads and writes, worked by hand; float64 NumPy written here."""

import numpy as np
import pytest

import feedforward.compat


@pytest.fixture
def tf():
    feedforward.compat.install("tf1.15")
    import tensorflow

    yield tensorflow
    feedforward.compat.uninstall()


def test_only_what_a_fetch_needs_is_fed(tf):
    x, step = tf.placeholder(tf.float32), tf.placeholder(tf.int32)
    rate = tf.train.exponential_decay(0.1, step, 10, 0.5)
    y = x * 2.0
    with tf.Session() as sess:
        assert sess.run(y, {x: 3.0}) == 6.0
        with pytest.raises(tf.errors.InvalidArgumentError, match="You must feed a value for placeholder tensor"):
            sess.run(rate, {x: 3.0})


def test_a_graph_grows_after_its_session_has_begun(tf):
    v = tf.Variable(2.0)
    sess = tf.Session()
    sess.run(tf.global_variables_initializer())
    w = tf.Variable(5.0)
    with pytest.raises(tf.errors.FailedPreconditionError, match="uninitialized value Variable_1"):
        sess.run(v * w)
    sess.run(w.initializer)
    assert sess.run(v * w) == 10.0
    sess.run(v.assign(7.0))
    sess.run(tf.global_variables_initializer())  # an initializer runs again
    assert sess.run([v, w]) == [2.0, 5.0]


def test_two_sessions_keep_values_of_their_own(tf):
    v = tf.Variable(1.0)
    one, other = tf.Session(), tf.Session()
    for sess in (one, other):
        sess.run(v.initializer)
    one.run(v.assign_add(10.0))
    assert (one.run(v), other.run(v)) == (11.0, 1.0)


def test_a_size_that_is_fed_is_one(tf):
    n = tf.placeholder(tf.int32, [])
    sess = tf.Session()
    filled = tf.fill(tf.stack([n, 2]), 1.5)
    for count in (3, 4):
        np.testing.assert_array_equal(sess.run(filled, {n: count}), np.full((count, 2), 1.5, np.float32))


def test_of_a_choice_that_is_fed_only_one_branch_is_computed(tf):
    training = tf.placeholder(tf.bool)
    x, noise = tf.placeholder(tf.float32), tf.placeholder(tf.float32)
    y = tf.cond(training, lambda: x + noise, lambda: x)
    with tf.Session() as sess:
        assert sess.run(y, {training: False, x: 1.0}) == 1.0  # the noise is not fed
        assert sess.run(y, {training: True, x: 1.0, noise: 0.5}) == 1.5


def test_an_assignment_in_a_branch_is_made_where_the_branch_is_taken(tf):
    v, x = tf.Variable(1.0), tf.placeholder(tf.float32)
    y = tf.cond(x > 0.0, lambda: tf.assign_add(v, x), lambda: tf.identity(v))
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        assert sess.run(y, {x: -3.0}) == 1.0
        assert sess.run(v) == 1.0
        assert sess.run(y, {x: 2.0}) == 3.0
        assert sess.run(v) == 3.0


def test_a_run_reads_what_variables_were_when_it_began(tf):
    a, b = tf.Variable(1.0), tf.Variable(2.0)
    swap = tf.group(a.assign(b.read_value()), b.assign(a.read_value()))
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        sess.run(swap)
        assert sess.run([a, b]) == [2.0, 1.0]


def test_what_depends_on_an_assignment_reads_the_new_value(tf):
    v = tf.Variable(1.0)
    with tf.control_dependencies([v.assign(5.0)]):
        after = v + 1.0
    with tf.Session() as sess:
        sess.run(v.initializer)
        assert sess.run([after, v]) == [6.0, 5.0]


def test_another_learning_rate_compiles_nothing(tf):
    rate, x = tf.placeholder(tf.float32, []), tf.placeholder(tf.float32, [None])
    v = tf.Variable(3.0)
    step = tf.train.GradientDescentOptimizer(rate).minimize(tf.reduce_sum(tf.square(v * x)))
    with tf.Session() as sess:
        sess.run(v.initializer)
        for number in (0.1, 0.2, 0.3):
            sess.run(step, {rate: number, x: [1.0]})
        assert len(sess.plans) == 2  # of the initializer, and of the step
        expected = 3.0
        for number in (0.1, 0.2, 0.3):
            expected -= number * 2.0 * expected
        assert sess.run(v) == pytest.approx(expected, rel=1e-6)


def test_a_placeholder_without_a_shape_takes_any(tf):
    x = tf.placeholder("float")
    y = tf.reduce_sum(x * x)
    with tf.Session() as sess:
        assert [sess.run(y, {x: value}) for value in (3.0, [1.0, 2.0], np.ones((2, 3)))] == [9.0, 5.0, 6.0]


def test_a_shape_is_known_as_far_as_it_can_be(tf):
    x = tf.placeholder(tf.float32, [None, 28, 28, 1])
    assert tf.reshape(x, [-1, 784]).shape.as_list() == [None, 784]
    assert tf.transpose(x).shape.as_list() == [1, 28, 28, None]
    assert (x[:, 0] + tf.zeros([28, 1])).shape.as_list() == [None, 28, 1]
    assert tf.reshape(x, tf.stack([tf.shape(x)[0], 784])).shape.as_list() == [None, 784]
    assert tf.placeholder(tf.float32).shape.dims is None


def test_a_mistake_is_found_where_it_is_made(tf):
    x = tf.placeholder(tf.float32, [None, 784])
    with pytest.raises(ValueError, match=r"matmul: inner sizes differ.*test_session.py"):
        tf.matmul(x, tf.zeros([500, 10]))
    with pytest.raises(TypeError, match="int32 that does not match type float32"):
        x + tf.constant([1])
    assert [op.name for op in tf.get_default_graph().get_operations()].count("MatMul") == 0


@pytest.mark.parametrize(
    ("fetch", "feed", "message"),
    [
        (lambda tf, x: None, {}, "Fetch argument None has invalid type"),
        (lambda tf, x: 3, {}, "must be a string or Tensor"),
        (lambda tf, x: "nothing:0", {}, "refers to an Operation not in the graph"),
        (lambda tf, x: x, {"x:0": [[1.0, 2.0]]}, r"Cannot feed value of shape \(1, 2\) for Tensor 'x:0'"),
        (lambda tf, x: x, {"x:0": ["a", "b", "c"]}, "Cannot feed"),
        (lambda tf, x: x, {"x": [1.0]}, "is an operation"),
        (lambda tf, x: x, {"z:0": [1.0]}, "refers to an Operation not in the graph"),
    ],
)
def test_what_cannot_be_fetched_or_fed_is_said(tf, fetch, feed, message):
    x = tf.placeholder(tf.float32, [3], name="x")
    with pytest.raises((TypeError, ValueError), match=message), tf.Session() as sess:
        sess.run(fetch(tf, x), feed)


def test_a_failed_run_changes_no_variable(tf):
    v, table = tf.Variable(1.0), tf.constant([1.0, 2.0])
    place = tf.placeholder(tf.int32, [1])
    step = tf.group(v.assign(2.0), v.assign_add(tf.reduce_sum(tf.gather(table, place))))
    with tf.Session() as sess:
        sess.run(v.initializer)
        with pytest.raises(Exception, match="2"):
            sess.run(step, {place: [7]})
        assert sess.run(v) == 1.0


def test_a_graph_seed_gives_the_same_draws_in_each_session(tf):
    tf.set_random_seed(7)
    x = tf.random_normal([3])
    runs = []
    for _ in range(2):
        with tf.Session() as sess:
            runs.append([sess.run(x), sess.run(x)])
    np.testing.assert_array_equal(runs[0], runs[1])
    assert (runs[0][0] != runs[0][1]).all()


def test_the_first_line_of_programs_that_ran_on_both_keeps_graphs(tf):
    import tensorflow.compat.v1 as v1

    v1.disable_v2_behavior()
    x = v1.placeholder(v1.float32)
    assert v1.Session().run(x + 1.0, {x: 2.0}) == 3.0


def test_what_is_fed_is_looked_at_again_whenever_it_is_another(tf):
    x = tf.placeholder(tf.float32, [None, 2])
    y = 2.0 * x
    with tf.Session() as sess:
        for rows in (1, 1, 3, 1):  # each kind of array twice, or anew
            np.testing.assert_array_equal(sess.run(y, {x: np.ones((rows, 2), np.float32)}), np.full((rows, 2), 2.0))
        assert sess.run(y, {x: [[1, 2]]}).tolist() == [[2.0, 4.0]]
        assert sess.run(y, {x: np.array([[1.5, 2.5]])}).tolist() == [[3.0, 5.0]]  # float64
        with pytest.raises(ValueError, match=r"Cannot feed value of shape \(1, 3\)"):
            sess.run(y, {x: np.ones((1, 3), np.float32)})
        x.set_shape([3, 2])
        with pytest.raises(ValueError, match=r"Cannot feed value of shape \(1, 2\)"):
            sess.run(y, {x: np.ones((1, 2), np.float32)})


def test_a_truth_that_is_fed_decides_in_each_run(tf):
    x, is_up = tf.placeholder(tf.float32), tf.placeholder(tf.bool)
    y = tf.cond(is_up, lambda: x + 1.0, lambda: x - 1.0)
    number = np.float32(5.0)
    with tf.Session() as sess:
        truths = [True, True, False, True, False]
        found = [sess.run(y, {x: np.array(number), is_up: np.array(truth)}) for truth in truths]
    assert found == [6.0, 6.0, 4.0, 6.0, 4.0]


def test_an_element_of_a_graph_is_of_the_kind_that_is_allowed(tf):
    graph, x = tf.get_default_graph(), tf.constant(1.0, name="x")
    assert graph.as_graph_element("x:0", allow_operation=False) is x
    assert graph.as_graph_element(x.op, allow_tensor=False) is x.op
    for thing, allowed, message in (
        ("x", {"allow_operation": False}, "into a Tensor: 'x' is an operation"),
        (x, {"allow_tensor": False}, "into a Operation: .* is a tensor"),
    ):
        with pytest.raises(TypeError, match=message):
            graph.as_graph_element(thing, **allowed)


def test_a_dtype_that_is_preferred_is_taken_where_it_fits(tf):
    assert tf.convert_to_tensor([1, 2], preferred_dtype=tf.float32).dtype == tf.float32
    assert tf.convert_to_tensor([1.5], preferred_dtype=tf.int32).dtype == tf.float32
