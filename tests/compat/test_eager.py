"""Oracle: TensorFlow 2.21.0, recorded from the same lines; second derivatives and Jacobians also worked by hand."""

import numpy as np
import pytest

import feedforward.compat
from feedforward.compat.names import NotProvidedError


@pytest.fixture(params=["tf1.15", "tf2.0"])
def tf(request):
    feedforward.compat.install(request.param)
    import tensorflow

    if request.param == "tf1.15":
        tensorflow.enable_eager_execution()
    yield tensorflow
    feedforward.compat.uninstall()


@pytest.fixture
def tfe(tf):
    import tensorflow.contrib.eager

    return tensorflow.contrib.eager


def numbers(value):
    """Return nested lists with arrays in place of tensors, as lists."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return [numbers(part) for part in value]
    return np.asarray(value).tolist()


# What a tape gives: each with x = [1, 2], which is watched, v = [3, 4], a variable, and c = 2, a constant


def intermediate(tf, x, v, c):
    with tf.GradientTape() as tape:
        y = v * v
        z = y * y
    return tape.gradient(z, y)


def of_nothing_watched(tf, x, v, c):
    with tf.GradientTape() as tape:
        y = c * c
        z = y * y
    return tape.gradient(z, y)


def of_several_targets(tf, x, v, c):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
        z = x * v
    return tape.gradient([y, z], [x, v])


def unconnected_as_zero(tf, x, v, c):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    return tape.gradient(y, {"x": x, "v": v}, unconnected_gradients=tf.UnconnectedGradients.ZERO)["v"]


def with_output_gradients(tf, x, v, c):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    return tape.gradient(y, x, output_gradients=tf.constant([10.0, 1.0]))


def after_recording_stopped(tf, x, v, c):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
        with tape.stop_recording():
            z = y * y
    return tape.gradient(z, x)


def watching_no_variables(tf, x, v, c):
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(x)
        y = x * x * v
    return tape.gradient(y, [x, v])


def across_an_assignment(tf, x, v, c):
    with tf.GradientTape() as tape:
        y = v * v
        v.assign([7.0, 7.0])
        z = y + v
    return tape.gradient(z, v)


def through_a_stop(tf, x, v, c):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.stop_gradient(x * x) * x
    return tape.gradient(y, x)


def after_a_reset(tf, x, v, c):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
        tape.reset()
        tape.watch(x)
        z = x * 3.0 + 0.0 * y
    return tape.gradient(z, x)


def of_a_variable_not_trainable(tf, x, v, c):
    with tf.GradientTape() as tape:
        w = tf.Variable(2.0, trainable=False)
        y = w * w
    return tape.gradient(y, w)


def of_an_integer(tf, x, v, c):
    count = tf.constant(3)
    with tf.GradientTape() as tape:
        tape.watch([x, count])
        y = x * tf.cast(count, tf.float32)
    return tape.gradient(y, [x, count])


def inside_the_block(tf, x, v, c):
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(v * v)
        return tape.gradient(y, v)


def second_derivative(tf, x, v, c):
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            y = v * v * v
        slope = inner.gradient(y, v)
    return outer.gradient(slope, v)  # 6 v


def jacobian(tf, x, v, c):
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = tf.stack([x[0] * x[1], x[0] ** 2, x[1] * 5.0])
    return tape.jacobian(y, x)


def batch_jacobian(tf, x, v, c):
    with tf.GradientTape(persistent=True) as tape:
        m = tf.constant([[1.0, 2.0], [3.0, 4.0]])
        tape.watch(m)
        y = tf.stack([m[:, 0] * m[:, 1], m[:, 0] ** 2], 1)
    return tape.batch_jacobian(y, m)


TAPES = [
    (intermediate, [18.0, 32.0]),
    (of_nothing_watched, None),
    (of_several_targets, [[5.0, 8.0], [1.0, 2.0]]),
    (unconnected_as_zero, [0.0, 0.0]),
    (with_output_gradients, [20.0, 4.0]),
    (after_recording_stopped, None),
    (watching_no_variables, [[6.0, 16.0], None]),
    (across_an_assignment, [7.0, 9.0]),
    (through_a_stop, [1.0, 4.0]),
    (after_a_reset, [3.0, 3.0]),
    (of_a_variable_not_trainable, None),
    (of_an_integer, [[3.0, 3.0], None]),
    (inside_the_block, [6.0, 8.0]),
    (second_derivative, [18.0, 24.0]),
    (jacobian, [[2.0, 1.0], [2.0, 0.0], [0.0, 5.0]]),
    (batch_jacobian, [[[2.0, 1.0], [2.0, 0.0]], [[4.0, 3.0], [6.0, 0.0]]]),
]


@pytest.mark.parametrize(("program", "expected"), TAPES, ids=lambda each: getattr(each, "__name__", ""))
def test_a_tape_gives_what_tensorflow_does(tf, program, expected):
    found = program(tf, tf.constant([1.0, 2.0]), tf.Variable([3.0, 4.0]), tf.constant(2.0))
    assert numbers(found) == expected


def test_a_tape_is_asked_once_unless_it_is_persistent(tf):
    v = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = v * v
    tape.gradient(y, v)
    with pytest.raises(RuntimeError, match="asked for a gradient before"):
        tape.gradient(y, v)


def test_a_tape_knows_the_variables_that_were_read(tf):
    v, w, frozen = tf.Variable(3.0), tf.Variable(1.0), tf.Variable(1.0, trainable=False)
    with tf.GradientTape() as tape:
        _ = v * v + frozen
        w.assign(2.0)
    assert [each is v for each in tape.watched_variables()] == [True]


def test_what_is_no_tensor_is_refused_by_a_tape(tf):
    v = tf.Variable(3.0)
    with tf.GradientTape(persistent=True) as tape:
        y = v * v
        with pytest.raises(ValueError, match=r"Passed in object of type float, not tf.Tensor"):
            tape.watch(3.0)
    with pytest.raises(TypeError, match=r"the source 3.0 is no tensor"):
        tape.gradient(y, 3.0)
    with pytest.raises(TypeError, match="the target None is no tensor"):
        tape.gradient(None, v)
    with pytest.raises(ValueError, match="Unknown value for unconnected_gradients: 'ones'"):
        tape.gradient(y, v, unconnected_gradients="ones")
    with pytest.raises(ValueError, match="2 output_gradients for 1 targets"):
        tape.gradient(y, v, [1.0, 2.0])


def test_a_tape_on_a_graph_says_what_to_use():
    feedforward.compat.install("tf1.15")
    try:
        import tensorflow as tf

        x = tf.placeholder(tf.float32, [])
        with tf.GradientTape() as tape:
            with pytest.raises(ValueError, match=r"is a tensor of a graph. Use tf.gradients"):
                tape.watch(x)
            y = x * x
        with pytest.raises(TypeError, match=r"Use tf.gradients\(ys, xs\)"):
            tape.gradient(y, x)
    finally:
        feedforward.compat.uninstall()


# Gradients of functions


def test_gradients_of_functions(tf, tfe):
    w, b = tfe.Variable(2.0, name="w"), tfe.Variable(1.0)

    def loss(x):
        return (w * x + b) ** 2

    value, pairs = tfe.implicit_value_and_gradients(loss)(3.0)
    assert float(value) == 49.0
    assert [(float(grad), var is each) for (grad, var), each in zip(pairs, (w, b), strict=True)] == [
        (42.0, True),
        (14.0, True),
    ]
    assert [float(grad) for grad, _ in tfe.implicit_gradients(loss)(1.0)] == [6.0, 6.0]
    assert numbers(tfe.gradients_function(lambda a, b: a * a * b)(2.0, 3.0)) == [12.0, 4.0]
    assert numbers(tfe.gradients_function(lambda a, b: a * a * b, params=[1])(2.0, 3.0)) == [4.0]
    assert numbers(tfe.value_and_gradients_function(lambda a: a**3)(2.0)) == [8.0, [12.0]]
    slope = tfe.gradients_function(lambda a: tfe.gradients_function(lambda a: a**3)(a)[0])
    assert numbers(slope(2.0)) == [12.0]
    with pytest.raises(ValueError, match="No trainable variables were accessed"):
        tfe.implicit_gradients(lambda x: x * 1.0)(tf.constant(1.0))
    with pytest.raises(ValueError, match="returns None"):
        tfe.implicit_gradients(lambda x: None)(tf.constant(1.0))


def test_weights_of_layers_have_gradients_too(tf, tfe):
    import feedforward as ff

    layer, w = ff.layers.Dense(1, kernel_initializer="ones"), tf.Variable(2.0)
    x = tf.constant([[3.0]])

    def loss():
        return tf.reduce_sum(layer(x.ours)) * w

    loss()  # which makes the weights
    found = {tuple(var.shape.as_list()): float(grad) for grad, var in tfe.implicit_gradients(loss)()}
    assert found == {(): 3.0, (1, 1): 6.0, (1,): 2.0}  # scalars first: y = 3 of w; w x = 6 of the kernel, w of the bias
    with tf.GradientTape() as tape:
        y = loss()
    assert [float(grad) for grad in tape.gradient(y, layer.trainable_weights)] == [6.0, 2.0]


def test_metrics_that_add_up(tf, tfe):
    mean, accuracy = tfe.metrics.Mean(), tfe.metrics.Accuracy()
    mean([1.0, 2.0])
    mean(tf.constant(6.0))
    accuracy(tf.constant([1, 2]), tf.constant([1, 3]))
    accuracy(tf.constant([5]), tf.constant([5]))
    assert float(mean.result()) == 3.0
    assert float(accuracy.result()) == pytest.approx(2 / 3)
    mean.init_variables()
    assert np.isnan(mean.result().numpy())
    with pytest.raises(ValueError, match="labels have shape"):
        accuracy(tf.constant([1]), tf.constant([1, 2]))


def test_a_network_knows_the_variables_of_its_layers(tf, tfe):
    class Scale:
        def __init__(self):
            self.name = "scale"
            self.variables = self.trainable_variables = [tf.Variable(2.0)]

        def __call__(self, x):
            return x * self.variables[0]

    class Twice(tfe.Network):
        def __init__(self):
            super().__init__()
            self.first, self.second = self.track_layer(Scale()), self.track_layer(Scale())

        def call(self, x):
            return self.second(self.first(x))

    network = Twice()
    assert float(network(tf.constant(3.0))) == 12.0
    assert [float(v) for v in network.variables] == [2.0, 2.0]
    assert network.get_layer("scale") is network.layers[0]
    with pytest.raises(TypeError, match="not a layer"):
        network.track_layer(3)


# Functions that become programs


def test_a_function_is_traced_once_and_prints_symbols(tf, capsys):
    total = tf.Variable(0.0)

    @tf.function
    def step(x, scale=1.0):
        y = tf.exp(x)
        print(x, y)
        total.assign_add(tf.reduce_sum(y) * scale)
        return {"y": y, "total": total}

    first, second = step(tf.constant([0.0] * 4)), step(tf.constant([0.0] * 4), scale=1.0)
    step(tf.constant([1.0] * 4))
    traced = 'Tensor("x:0", shape=(4,), dtype=float32) Tensor("Exp:0", shape=(4,), dtype=float32)\n'
    assert capsys.readouterr().out == traced
    assert numbers(first["y"]) == [1.0] * 4
    assert second["total"] is total


def test_an_if_on_a_tensor_in_a_function_says_that_autograph_is_not_there(tf):
    @tf.function
    def absolute(x):
        return x if x > 0 else -x

    with pytest.raises(TypeError, match=r"autograph, which wrote `if` and `while` anew, is not provided. Use tf.where"):
        absolute(tf.constant(1.0))


def test_a_function_with_a_signature_takes_what_it_says(tf):
    class Doubler:
        @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
        def __call__(self, x):
            return x * 2

    double = Doubler()
    assert numbers(double([1.0, 2.0])) == [2.0, 4.0]
    assert numbers(double(tf.constant([1.0]))) == [2.0]
    with pytest.raises(ValueError, match="incompatible with input_signature"):
        double(tf.constant([[1.0]]))
    with pytest.raises(ValueError, match=r"got 2 arguments and 0 by name. Expected 1"):
        double([1.0], [2.0])


def test_a_tape_sees_through_a_function(tf):
    v = tf.Variable([3.0, 4.0])

    @tf.function
    def loss(x):
        return tf.reduce_sum(v * v * x)

    with tf.GradientTape() as tape:
        y = loss(tf.constant(2.0))
    assert numbers(tape.gradient(y, v)) == [12.0, 16.0]


def test_functions_of_python(tf):
    assert numbers(tf.py_function(lambda a: a * 2, [tf.constant(2.0)], tf.float32)) == 4.0
    assert numbers(tf.py_func(lambda a, b: [a + b, a], [2.0, 3.0], [tf.float32, tf.float32])) == [5.0, 2.0]
    with pytest.raises(TypeError, match=r"returned a value with dtype float64. Expected float32"):
        tf.py_func(lambda a: np.float64(a), [2.0], tf.float32)
    with pytest.raises(ValueError, match=r"returned 1 values. Expected 2"):
        tf.py_func(lambda a: a, [2.0], [tf.float32, tf.float32])

    @tf.function
    def traced(x):
        return tf.py_function(lambda a: a, [x], tf.float32)

    with pytest.raises(NotImplementedError, match="runs no Python"):
        traced(tf.constant(1.0))


@pytest.mark.parametrize("name", ["custom_gradient", "RegisterGradient"])
def test_gradients_of_ones_own_are_refused(tf, name):
    with pytest.raises(NotProvidedError, match=f"tf.{name} is not provided: "):
        getattr(tf, name)


# Eager tensors among Python's and NumPy's: an expression, and what `repr` of it is

EXPRESSIONS = [
    ("np.array([1., 2.]) - v", "<tf.Tensor: shape=(2,), dtype=float32, numpy=array([-2., -2.], dtype=float32)>"),
    ("np.float64(2) * v", "<tf.Tensor: shape=(2,), dtype=float32, numpy=array([6., 8.], dtype=float32)>"),
    ("2 * v", "<tf.Tensor: shape=(2,), dtype=float32, numpy=array([6., 8.], dtype=float32)>"),
    ("12 / v", "<tf.Tensor: shape=(2,), dtype=float32, numpy=array([4., 3.], dtype=float32)>"),
    ("[1.0, 1.0] + v", "<tf.Tensor: shape=(2,), dtype=float32, numpy=array([4., 5.], dtype=float32)>"),
    ("-v", "<tf.Tensor: shape=(2,), dtype=float32, numpy=array([-3., -4.], dtype=float32)>"),
    ("v ** 2", "<tf.Tensor: shape=(2,), dtype=float32, numpy=array([ 9., 16.], dtype=float32)>"),
    ("v[1]", "<tf.Tensor: shape=(), dtype=float32, numpy=4.0>"),
    ("np.array([1., 5.], np.float32) < v", "<tf.Tensor: shape=(2,), dtype=bool, numpy=array([ True, False])>"),
    ("tf.constant(3) / tf.constant(2)", "<tf.Tensor: shape=(), dtype=float64, numpy=1.5>"),
    ("tf.constant(-3) // tf.constant(2)", "<tf.Tensor: shape=(), dtype=int32, numpy=-2>"),
    ("tf.constant(-3) % tf.constant(2)", "<tf.Tensor: shape=(), dtype=int32, numpy=1>"),
    ("m[1, ::-1]", "<tf.Tensor: shape=(2,), dtype=int32, numpy=array([4, 3], dtype=int32)>"),
    ("m[..., 0]", "<tf.Tensor: shape=(2,), dtype=int32, numpy=array([1, 3], dtype=int32)>"),
    ("m", "<tf.Tensor: shape=(2, 2), dtype=int32, numpy=\narray([[1, 2],\n       [3, 4]], dtype=int32)>"),
    ("tf.constant(True) & tf.constant(False)", "<tf.Tensor: shape=(), dtype=bool, numpy=False>"),
    ("~tf.constant(True)", "<tf.Tensor: shape=(), dtype=bool, numpy=False>"),
    ("abs(tf.constant(-2))", "<tf.Tensor: shape=(), dtype=int32, numpy=2>"),
    (
        "tf.convert_to_tensor([tf.constant(1.0), 2.0])",
        "<tf.Tensor: shape=(2,), dtype=float32, numpy=array([1., 2.], dtype=float32)>",
    ),
    ("np.add(np.ones(2, np.float32), v)", "array([4., 5.], dtype=float32)"),
    ("np.exp(tf.constant([0.0]))", "array([1.], dtype=float32)"),
    ("float(np.mean(m))", "2.5"),
    ("int(np.argmax(v))", "1"),
    ("np.array(m).tolist()", "[[1, 2], [3, 4]]"),
    ("np.array([tf.constant(1.0), tf.constant(2.0)])", "array([1., 2.], dtype=float32)"),
    ("int(tf.constant(2.9))", "2"),
    ("bool(tf.constant(True))", "True"),
    ("len(v)", "2"),
    ("[int(i) for i in tf.constant([1, 2])]", "[1, 2]"),
    ("[int(i) for row in m for i in row]", "[1, 2, 3, 4]"),
    ("list(range(tf.constant(3)))", "[0, 1, 2]"),
    ("'abc'[tf.constant(1)]", "'b'"),
    ("str(tf.constant([1.5, 2.0]))", "'tf.Tensor([1.5 2. ], shape=(2,), dtype=float32)'"),
    ("'{}'.format(tf.constant(1.5))", "'1.5'"),
    ("'{:.2f} %.2f'.format(tf.constant(1.5)) % tf.constant(2.5)", "'1.50 2.50'"),
    ("v in [v], m in [v, m]", "(True, True)"),
    ("m.shape.as_list(), m.get_shape().ndims, m.dtype", "([2, 2], 2, tf.int32)"),
    (
        "tf.Variable(initial_value=[1, 2], shape=(2,), dtype=tf.float32, name='q')",
        "<tf.Variable 'q:0' shape=(2,) dtype=float32, numpy=array([1., 2.], dtype=float32)>",
    ),
]


@pytest.mark.parametrize(("expression", "expected"), EXPRESSIONS)
def test_eager_tensors_mix_with_python_and_numpy(tf, expression, expected):
    v, m = tf.Variable([3.0, 4.0]), tf.constant([[1, 2], [3, 4]])
    if " in [v]" in expression and tf.__version__.startswith("2"):
        pytest.skip("equality of tensors is element by element there")
    assert repr(eval(expression, {"tf": tf, "np": np, "v": v, "m": m})) == expected  # an expression of this file's


def test_tensors_of_two_dtypes_are_refused(tf):
    with pytest.raises(
        TypeError, match=r"has type float32 that does not match type float64 of argument .*: use tf.cast"
    ):
        tf.constant([1.0], tf.float64) * tf.constant([1.0])
    with pytest.raises(TypeError, match=r"Expected int32, got 2.5 of type 'float' instead"):
        2.5 * tf.constant(2)


def test_a_program_in_float64_stays_in_float64(tf):
    x = np.linspace(0, 1, 5)
    w = tf.Variable(np.zeros(()))
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((w * x - 2 * x) ** 2)
    grad = tape.gradient(loss, w)
    assert grad.dtype == tf.float64
    np.testing.assert_allclose(grad.numpy(), -4 * np.mean(x**2), rtol=1e-15)
    w.assign_sub(0.1 * grad)
    assert w.numpy() == pytest.approx(0.4 * np.mean(x**2), rel=1e-15)


def test_rows_given_as_a_tuple_are_one_array(tf):
    rows = tuple(np.full(3, place, np.float32) for place in range(4))
    assert numbers(tf.matmul(rows, tf.ones([3, 1]))) == [[0.0], [3.0], [6.0], [9.0]]


def test_gradients_flow_from_tensors_of_the_package_itself_to_variables(tf):
    v, ours = tf.Variable([2.0, 3.0]), feedforward.Tensor([1.0, 5.0])
    for compute, slope in (
        (lambda: ours * v, [1.0, 5.0]),
        (lambda: v * ours, [1.0, 5.0]),
        (lambda: feedforward.multiply(ours, v), [1.0, 5.0]),
        (lambda: feedforward.sum(feedforward.Tensor(v) * v), [4.0, 6.0]),
        (lambda: feedforward.stack([v, ours, v]), [2.0, 2.0]),
        (lambda: ours @ (v * 1.0), [1.0, 5.0]),
        (lambda: ours * [v[0], v[1]], [1.0, 5.0]),
    ):
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(compute())
        np.testing.assert_array_equal(tape.gradient(total, v), slope)


def test_what_numpy_computes_of_a_tensor_is_an_array_without_a_gradient(tf):
    v = tf.Variable([3.0, 4.0])
    with tf.GradientTape() as tape:
        length = np.linalg.norm(v)
    assert type(length) is np.float32 and length == 5.0
    assert tape.gradient(tf.convert_to_tensor(length), v) is None


@pytest.mark.parametrize("watched", ["variable", "tensor"])
def test_a_decomposition_of_what_a_tape_records_is_refused(tf, watched):
    start = [[2.0, 0.0], [0.0, 4.0]]
    matrix = tf.Variable(start) if watched == "variable" else tf.constant(start)
    with tf.GradientTape() as tape:
        if watched == "tensor":
            tape.watch(matrix)
        np.testing.assert_array_equal(tf.linalg.inv(tf.stop_gradient(matrix)), [[0.5, 0.0], [0.0, 0.25]])
        np.testing.assert_array_equal(tf.linalg.inv(tf.constant(start) * 1.0), [[0.5, 0.0], [0.0, 0.25]])
        with pytest.raises(ValueError, match=r"^tf\.matrix_inverse: a tape records what its matrix is computed from"):
            tf.linalg.inv(matrix * 2.0)
    del tape
    np.testing.assert_array_equal(tf.linalg.inv(matrix * 1.0), [[0.5, 0.0], [0.0, 0.25]])


def test_least_squares_with_more_unknowns_than_equations_is_the_shortest_solution(tf):
    found = tf.linalg.lstsq(tf.constant([[1.0, 1.0]]), tf.constant([[4.0]]))
    np.testing.assert_allclose(found, [[2.0], [2.0]], rtol=1e-6)  # of all x + y = 4


def test_a_tape_watches_a_variable_of_keras(tf):
    v = tf.keras.backend.variable(3.0)
    with tf.GradientTape() as tape:
        y = v * v
    assert float(tape.gradient(y, v)) == 6.0
