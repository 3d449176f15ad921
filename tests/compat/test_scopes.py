"""Oracle: TensorFlow 2.21 (tf.compat.v1), whose names record_expressions.py recorded; its documentation's errors."""

import numpy as np
import pytest

import feedforward.compat.tensorflow.random as random_operations
from compat.compared import EXPECTED, tensorflow
from compat.scoped import names_of


@pytest.fixture
def tf():
    with tensorflow() as module:
        yield module


def test_variables_operations_and_scopes_have_tensorflow_s_names(tf):
    assert names_of(tf) == EXPECTED["names"]


def test_a_variable_is_made_once(tf):
    tf.get_variable("w", [2])
    with pytest.raises(ValueError, match="Variable w already exists, disallowed"):
        tf.get_variable("w", [2])


def test_a_variable_to_be_used_again_must_be_there(tf):
    with tf.variable_scope("s", reuse=True), pytest.raises(ValueError, match="Variable s/w does not exist, or was not"):
        tf.get_variable("w", [2])


def test_reuse_variables_holds_from_then_on(tf):
    with tf.variable_scope("s") as scope:
        w = tf.get_variable("w", [2])
        scope.reuse_variables()
        assert tf.get_variable("w", [2]) is w
        assert tf.get_variable_scope().reuse is True
    assert not tf.get_variable_scope().reuse


def test_a_variable_is_not_shared_in_another_shape_or_dtype(tf):
    tf.get_variable("w", [2])
    with tf.variable_scope(tf.get_variable_scope(), reuse=True):
        with pytest.raises(ValueError, match=r"Trying to share variable w, but specified shape \(3,\) and found shape"):
            tf.get_variable("w", [3])
        with pytest.raises(ValueError, match="specified dtype int32 and found dtype float32"):
            tf.get_variable("w", [2], tf.int32)


def test_a_new_variable_needs_a_whole_shape(tf):
    with pytest.raises(ValueError, match=r"Shape of a new variable \(w\) must be fully defined"):
        tf.get_variable("w", [None, 2])
    with pytest.raises(ValueError, match="If initializer is a constant, do not specify shape"):
        tf.get_variable("w", [2], initializer=[1.0, 2.0])


def test_regularizers_of_scopes_are_kept_for_new_variables_alone(tf):
    with tf.variable_scope("s", regularizer=tf.contrib.layers.l2_regularizer(0.5), reuse=tf.AUTO_REUSE):
        tf.get_variable("w", initializer=[2.0, 4.0])
        tf.get_variable("w", [2])
        tf.get_variable("free", [2], regularizer=tf.no_regularizer)
    (cost,) = tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert session.run(cost) == 0.5 * (4 + 16) / 2


def test_getters_of_scopes_are_called_from_the_outermost_inwards(tf):
    calls = []

    def noting(word):
        def getter(inner, name, *args, **kwargs):
            calls.append((word, name))
            return inner(name, *args, **kwargs)

        return getter

    with (
        tf.variable_scope("s", custom_getter=noting("outer")),
        tf.variable_scope("t", custom_getter=noting("inner")),
    ):
        tf.get_variable("w", [1])
    assert calls == [("inner", "s/t/w"), ("outer", "s/t/w")]


def test_the_argument_orders_of_tensorflow_0_hold():
    with tensorflow("tf0.12") as tf:
        x = tf.constant([1.0])
        with tf.op_scope([x], None, "scope") as name, tf.variable_op_scope([x], None, "variables"):
            assert name == "scope/"
            assert tf.get_variable("w", [1]).name == "variables/w:0"
        assert tf.zeros_initializer([2, 3]).get_shape().as_list() == [2, 3]


@pytest.mark.parametrize(
    ("make", "bound", "deviation"),
    [
        (lambda tf: tf.glorot_uniform_initializer(), (6 / 500) ** 0.5, (2 / 500) ** 0.5),
        (lambda tf: tf.glorot_normal_initializer(), 2 * (2 / 500) ** 0.5 / 0.8796, (2 / 500) ** 0.5),
        (lambda tf: tf.contrib.layers.xavier_initializer(), (6 / 500) ** 0.5, (2 / 500) ** 0.5),
        (
            lambda tf: tf.contrib.layers.variance_scaling_initializer(),
            2 * (2.6 / 300) ** 0.5,
            0.8796 * (2.6 / 300) ** 0.5,
        ),
        (lambda tf: tf.variance_scaling_initializer(2.0, "fan_out", "uniform"), (6 / 200) ** 0.5, (2 / 200) ** 0.5),
        (lambda tf: tf.uniform_unit_scaling_initializer(), (3 / 300) ** 0.5, (1 / 300) ** 0.5),
        (lambda tf: tf.truncated_normal_initializer(stddev=0.1), 0.2, 0.08796),
        (lambda tf: tf.random_uniform_initializer(-0.1, 0.1), 0.1, 0.2 / 12**0.5),
        (lambda tf: tf.initializers.he_normal(), 2 * (2 / 300) ** 0.5 / 0.8796, (2 / 300) ** 0.5),
    ],
)
def test_initializers_have_their_bounds_and_deviations(tf, make, bound, deviation):
    tf.set_random_seed(1)
    w = tf.get_variable("w", [300, 200], initializer=make(tf))
    with tf.Session() as session:
        session.run(w.initializer)
        found = session.run(w)
    assert np.abs(found).max() <= bound * 1.0001
    # The deviation of 60,000 numbers is off by 1 / sqrt(120,000) of itself: five times that, and 0.8796 for its digits.
    assert abs(found.std() / deviation - 1) < 0.016
    assert abs(found.mean()) < 5 * deviation / 60000**0.5


def test_orthogonal_and_identity_initializers_are_so(tf):
    q = tf.get_variable("q", [5, 3], initializer=tf.orthogonal_initializer(gain=2.0, seed=1))
    i = tf.get_variable("i", [2, 3], initializer=tf.initializers.identity())
    with tf.Session() as session:
        session.run([q.initializer, i.initializer])
        found, eye = session.run([q, i])
    np.testing.assert_allclose(found.T @ found, 4 * np.eye(3), atol=1e-5)
    assert eye.tolist() == [[1, 0, 0], [0, 1, 0]]


def test_a_seed_of_an_operation_gives_tensorflow_s_numbers(tf):
    a = tf.random_normal([2], seed=1)
    with tf.Session() as session:
        first, second = session.run(a), session.run(a)
    # tf.compat.v1 of TensorFlow 2.21 prints these.
    np.testing.assert_allclose(first, [-0.8113182, 1.4845988], rtol=1e-6)
    np.testing.assert_allclose(second, [1.3587774, 0.5417413], rtol=1e-6)
    with tf.Session() as session:
        assert session.run(a).tolist() == first.tolist()


def test_a_graph_s_seed_gives_the_same_numbers_in_each_session(tf):
    tf.set_random_seed(7)
    x = tf.random_uniform([3], 0, 100, tf.int32)
    rows = tf.random_shuffle(tf.range(20))
    with tf.Session() as session:
        first = session.run([x, rows])
        assert session.run(x).tolist() != first[0].tolist()
    with tf.Session() as session:
        again = session.run([x, rows])
    assert [each.tolist() for each in first] == [each.tolist() for each in again]
    assert sorted(first[1]) == list(range(20))


def test_eager_draws_follow_the_global_seed(tf):
    tf.enable_eager_execution()
    tf.set_random_seed(3)
    first = tf.random_normal([2]).numpy()
    assert tf.random_normal([2]).numpy().tolist() != first.tolist()
    tf.set_random_seed(3)
    assert tf.random_normal([2]).numpy().tolist() == first.tolist()
    random_operations._eager = random_operations._EagerSeed(None)


def test_draws_of_classes_follow_their_probabilities(tf):
    tf.set_random_seed(2)
    drawn = tf.multinomial(tf.log([[0.2, 0.5, 0.3]]), 4000)
    with tf.Session() as session:
        counts = np.bincount(session.run(drawn)[0], minlength=3) / 4000
    # Three deviations of a share of 4,000 draws are at most 3 / sqrt(4 * 4000).
    np.testing.assert_allclose(counts, [0.2, 0.5, 0.3], atol=0.024)


def test_a_seed_must_be_whole_and_whole_numbers_need_bounds(tf):
    with pytest.raises(TypeError, match="seed='a': expected an int"):
        tf.random_normal([2], seed="a")
    with pytest.raises(ValueError, match="Must specify maxval for integer dtype int32"):
        tf.random_uniform([2], dtype=tf.int32)
    with pytest.raises(ValueError, match="a seed of its own is not provided"):
        tf.multinomial([[0.0, 1.0]], 3, seed=1)
