"""Oracle: what TensorFlow 2.21's compat.v1 gives or refuses for the same lines, noted by hand; small sums by hand."""

import threading

import numpy as np
import pytest

import feedforward.compat


@pytest.fixture
def tf():
    feedforward.compat.install("tf1.15")
    import tensorflow

    yield tensorflow
    feedforward.compat.uninstall()


@pytest.fixture
def eager(tf):
    tf.enable_eager_execution()
    return tf


# Sessions


def test_threads_that_share_a_session_lose_no_update(tf):
    v = tf.Variable(0.0)
    more = v.assign_add(1.0)
    sess = tf.Session()
    sess.run(v.initializer)
    threads = [threading.Thread(target=lambda: [sess.run(more) for _ in range(100)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sess.run(v) == 400.0


def test_what_is_fed_is_of_the_graph_of_the_session(tf):
    with tf.Graph().as_default():
        stranger = tf.placeholder(tf.float32)
    with pytest.raises(TypeError, match="not an element of this session's graph"):
        tf.Session().run(tf.constant(1.0), {stranger: 2.0})


def test_a_feed_dict_is_a_dict(tf):
    x = tf.placeholder(tf.float32)
    with pytest.raises(TypeError, match="expected a dict, with an array for each tensor"):
        tf.Session().run(x, [(x, 1.0)])


@pytest.mark.parametrize(("dtype", "value"), [("int32", 2**40), ("uint8", 300)])
def test_a_number_too_large_for_a_placeholder_is_refused(tf, dtype, value):
    x = tf.placeholder(dtype)
    with pytest.raises(TypeError, match=f"not compatible with Tensor .* of type {dtype}: it is too large"):
        tf.Session().run(x, {x: value})


def test_a_variable_may_change_its_shape_between_runs(tf):
    x = tf.placeholder(tf.float32, [None])
    v = tf.Variable([1.0, 2.0], validate_shape=False)
    longer, doubled = tf.assign(v, x, validate_shape=False), v * 2
    sess = tf.Session()
    sess.run(v.initializer)
    np.testing.assert_array_equal(sess.run(doubled), [2, 4])
    sess.run(longer, {x: [1, 2, 3]})
    np.testing.assert_array_equal(sess.run(doubled), [2, 4, 6])


def test_a_place_that_counts_from_the_end_is_refused(tf):
    ids = tf.placeholder(tf.int32, [None])
    logits = [[1.0, 2.0]]
    of_fed = [
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=ids, logits=logits),
        tf.gather([1.0, 2.0], ids),
        tf.nn.embedding_lookup(tf.constant([[1.0], [2.0]]), ids),
    ]
    for made in of_fed:
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"index -1 is not in \[0, 2\)"):
            tf.Session().run(made, {ids: [-1]})
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"index 5 is not in \[0, 2\)"):
        tf.Session().run(of_fed[0], {ids: [5]})
    with pytest.raises(tf.errors.InvalidArgumentError, match="index -1 is negative"):
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[-1], logits=logits)
    assert tf.Session().run(tf.constant([1.0, 2.0])[-1]) == 2.0


def test_a_run_is_told_to_have_no_time_limit(tf, capsys):
    tf.Session().run(tf.constant(1.0), options=tf.RunOptions(timeout_in_ms=5))
    assert "timeout_in_ms=...) has no effect" in capsys.readouterr().err


# Names


def test_reading_a_variable_twice_makes_two_operations(tf):
    v = tf.Variable(1.0, name="v")
    assert [v.value().name, v.read_value().name] == ["v/read:0", "v/read_1:0"]
    numbers = [op.number for op in tf.get_default_graph().get_operations()]
    assert numbers == list(range(len(numbers)))


def test_two_operations_of_one_whole_name_are_refused(tf):
    tf.constant(1.0, name="c/")
    with pytest.raises(ValueError, match="Duplicate node name in graph: 'c'"):
        tf.constant(2.0, name="c/")


# Variables


@pytest.mark.parametrize("method", ["assign", "assign_add", "assign_sub"])
def test_an_assignment_whose_value_is_not_read_is_an_operation(tf, method):
    made = getattr(tf.Variable(1.0), method)(2.0, read_value=False)
    assert isinstance(made, tf.Operation)


@pytest.mark.parametrize("method", ["assign", "assign_add", "assign_sub"])
def test_an_eager_assignment_takes_what_tensorflow_takes(eager, method):
    v = eager.Variable(1.0)
    assert getattr(v, method)(2.0, read_value=False) is None
    assert getattr(v, method)(2.0) is v
    with pytest.raises(TypeError, match="unexpected keyword argument 'foo'"):
        getattr(v, method)(2.0, foo=1)


def test_the_shape_given_for_a_variable_is_checked(tf):
    with pytest.raises(ValueError, match=r"initial value has shape \(3,\). Expected the shape given"):
        tf.Variable([1.0, 2.0, 3.0], shape=[2])
    with pytest.raises(ValueError, match="variable_def and import_scope are TensorFlow's own"):
        tf.Variable(1.0, import_scope="a")


# Branches


def test_a_list_of_one_stays_one_where_a_condition_is_strict(tf):
    p = tf.placeholder(tf.bool)
    branches = (lambda: [tf.constant(1.0)], lambda: [tf.constant(2.0)])
    sess = tf.Session()
    assert sess.run(tf.cond(p, *branches), {p: True}) == 1.0
    assert sess.run(tf.cond(p, *branches, strict=True), {p: True}) == [1.0]
    with pytest.raises(TypeError, match="both given"):
        tf.cond(p, *branches, fn1=branches[0])


def test_an_eager_condition_may_be_a_bool_of_pythons(eager):
    branches = (lambda: [eager.constant(1.0)], lambda: [eager.constant(2.0)])
    assert eager.cond(True, *branches).numpy() == 1.0
    assert eager.cond(eager.constant(False), *branches, strict=True)[0].numpy() == 2.0


def test_a_case_in_which_no_condition_holds_needs_a_default(tf):
    x = tf.placeholder(tf.float32)
    pairs = [(x > 0, lambda: tf.constant(1)), (x > 1, lambda: tf.constant(2))]
    found = tf.case(pairs)
    sess = tf.Session()
    assert sess.run(found, {x: 0.5}) == 1
    with pytest.raises(tf.errors.InvalidArgumentError, match="none of the conditions holds"):
        sess.run(found, {x: -2.0})


def test_of_an_exclusive_case_only_one_condition_may_hold(tf):
    x = tf.placeholder(tf.float32)
    pairs = [(x > 0, lambda: tf.constant(1)), (x > 1, lambda: tf.constant(2))]
    found = tf.case(pairs, default=lambda: tf.constant(0), exclusive=True)
    sess = tf.Session()
    assert [sess.run(found, {x: number}) for number in (-1.0, 0.5)] == [0, 1]
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"2 conditions hold\. Expected one"):
        sess.run(found, {x: 2.0})


def test_no_gradient_goes_through_a_loop_without_back_prop(tf):
    x = tf.Variable(2.0)
    for has_gradient in (True, False):
        _, y = tf.while_loop(
            lambda i, y: i < 3,
            lambda i, y: (i + 1, y * x),
            [tf.constant(0), tf.constant(1.0)],
            back_prop=has_gradient,
        )
        assert (tf.gradients(y, x)[0] is not None) == has_gradient


def test_an_eager_loop_of_one_variable_returns_it_as_the_body_does(eager):
    assert eager.while_loop(lambda i: i < 3, lambda i: i + 1, [eager.constant(0)]).numpy() == 3
    assert eager.while_loop(lambda i: i < 3, lambda i: [i + 1], [eager.constant(0)])[0].numpy() == 3


def test_tensors_are_tied_together_in_eager_mode_too(eager):
    assert eager.tuple([eager.constant(1.0)])[0].numpy() == 1.0


def test_a_check_shows_the_data_that_it_is_given(eager):
    with pytest.raises(eager.errors.InvalidArgumentError, match=r"y = 2 \[42, 43\]"):
        eager.assert_equal(1, 2, data=[[42, 43, 44]], summarize=2)
    with pytest.raises(eager.errors.InvalidArgumentError, match=r"x = -1 \[7\]"):
        eager.assert_positive(-1, data=[7])


# Optimizers


def test_two_steps_of_one_optimizer_run_together(tf):
    v = tf.Variable(1.0)
    optimizer = tf.train.AdamOptimizer(0.1)
    both = [optimizer.minimize(v * v), optimizer.minimize(v)]
    sess = tf.Session()
    sess.run(tf.global_variables_initializer())
    sess.run(both)
    assert sess.run(v) < 1.0


@pytest.mark.parametrize("is_eager", [False, True])
def test_variables_of_two_dtypes_have_a_step_each_in_their_own(tf, is_eager):
    if is_eager:
        tf.enable_eager_execution()
    a, b = tf.Variable(1.0), tf.Variable(np.float64(2.0))
    optimizer = tf.train.AdamOptimizer(0.1)
    if is_eager:
        for _ in range(2):
            optimizer.minimize(lambda: tf.cast(a, tf.float64) * b, var_list=[a, b])
        found = a.numpy(), b.numpy()
    else:
        step = optimizer.minimize(tf.cast(a, tf.float64) * b)
        sess = tf.Session()
        sess.run(tf.global_variables_initializer())
        for _ in range(2):
            sess.run(step)
        found = sess.run([a, b])
    np.testing.assert_allclose(found, [0.80016685, 1.8004126185462637], rtol=1e-6)  # float32's 8 eps
    assert found[1].dtype == np.float64


def test_a_decayed_rate_of_float32_serves_variables_of_float64(tf):
    v = tf.Variable(np.float64(1.0))
    rate = tf.train.exponential_decay(0.1, tf.constant(0), 10, 0.5)
    step = tf.train.GradientDescentOptimizer(rate).minimize(v * v)
    sess = tf.Session()
    sess.run(v.initializer)
    sess.run(step)
    assert sess.run(v) == 1.0 - 2.0 * float(np.float32(0.1))
    assert tf.train.exponential_decay(np.float64(0.1), tf.constant(0), 10, 0.5).dtype == tf.float64


@pytest.mark.parametrize(
    "settings",
    [{"learning_rate_power": 0.5}, {"initial_accumulator_value": -1.0}, {"l1_regularization_strength": -1.0}],
)
def test_settings_of_ftrl_are_checked(tf, settings):
    with pytest.raises(ValueError, match=f"{next(iter(settings))} .* needs to be"):
        tf.train.FtrlOptimizer(0.1, **settings)


def test_steps_are_counted_by_a_variable(tf):
    with pytest.raises(TypeError, match="global_step=0: expected a variable"):
        tf.train.GradientDescentOptimizer(0.1).minimize(tf.Variable(1.0) ** 2.0, global_step=0)


# Operations


def test_the_largest_element_is_no_nan(eager):
    x = [np.nan, 1.0, -np.inf]
    found = [eager.argmax(x, 0), eager.argmin(x, 0), eager.argmax([-np.inf, np.nan], 0), eager.argmax([np.nan] * 3, 0)]
    assert [each.numpy() for each in found] == [1, 2, 0, 0]


def test_selu_has_the_derivative_of_the_upper_side_at_zero(tf):
    x = tf.constant([0.0, 1.0, -1.0])
    found = tf.Session().run(tf.gradients(tf.nn.selu(x), x)[0])
    np.testing.assert_allclose(found, [1.0507010, 1.0507010, 0.64676857], rtol=1e-6)  # 8 digits of TensorFlow's


def test_counts_and_shapes_that_are_given_twice_agree(tf):
    with pytest.raises(ValueError, match="num=3, but there are 2 sizes"):
        tf.split(tf.ones([4, 2]), [1, 3], num=3)
    with pytest.raises(ValueError, match=r"accumulate_n\(shape=\[3\]\)"):
        tf.accumulate_n([tf.ones([2]), tf.ones([2])], shape=[3])
    with pytest.raises(TypeError, match="accumulate_n"):
        tf.accumulate_n([tf.ones([2]), tf.ones([2])], tensor_dtype=tf.int32)


def test_what_is_unconnected_is_none_or_zero(tf):
    x = tf.constant(1.0)
    with pytest.raises(ValueError, match="Unknown value for unconnected_gradients: 'foo'"):
        tf.gradients(x, x, unconnected_gradients="foo")


@pytest.mark.parametrize(
    "call",
    [
        lambda tf, x: tf.layers.max_pooling2d(x, 2, 2, data_format="channel_first"),
        lambda tf, x: tf.layers.flatten(x, data_format="first"),
        lambda tf, x: tf.nn.bias_add(x, [1.0], data_format="first"),
        lambda tf, x: tf.nn.fused_batch_norm(x, [1.0], [0.0], data_format="first"),
        lambda tf, x: tf.contrib.layers.max_pool2d(x, 2, data_format="first"),
    ],
)
def test_a_data_format_that_is_none_is_refused(tf, call):
    with pytest.raises(ValueError, match="Expected 'NHWC' or 'NCHW'"):
        call(tf, tf.zeros([1, 4, 4, 1]))


def test_batches_are_normalized_along_one_axis(tf):
    with pytest.raises(ValueError, match="expected one axis, that of the channels"):
        tf.layers.batch_normalization(tf.zeros([1, 4, 4, 1]), axis=[1, 2])


def test_a_linear_layer_has_no_activation(tf):
    made = tf.contrib.layers.linear(-tf.ones([1, 2]), 1, weights_initializer=tf.ones_initializer())
    sess = tf.Session()
    sess.run(tf.global_variables_initializer())
    assert sess.run(made) == [[-2.0]]


def test_variables_of_a_normalization_are_kept_where_a_program_says(tf):
    tf.contrib.layers.batch_norm(tf.zeros([2, 3]), variables_collections={"beta": ["b"], "moving_mean": ["m"]})
    names = [[v.op.name for v in tf.get_collection(key)] for key in ("b", "m", "c")]
    assert names == [["BatchNorm/beta"], ["BatchNorm/moving_mean"], []]


def test_a_checkpoint_is_removed_by_its_name_alone(tf):
    with pytest.raises(TypeError, match="unexpected keyword argument 'foo'"):
        tf.train.remove_checkpoint("x", foo=1)


def test_a_configuration_of_eager_execution_is_obeyed(tf):
    with pytest.raises(TypeError, match=r"config must be a tf\.ConfigProto"):
        tf.enable_eager_execution(config=3)
