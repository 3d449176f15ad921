"""Oracle: worked by hand; TensorFlow 2.21.0's documentation for interleave; its eager results are in snippets, too."""

import itertools

import numpy as np
import pytest

import feedforward.compat
from feedforward.compat.names import NotProvidedError


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


def lists(dataset):
    """Return the elements as Python's numbers, lists and tuples."""

    def plain(value):
        if isinstance(value, tuple):
            return tuple(map(plain, value))
        if isinstance(value, dict):
            return {key: plain(part) for key, part in value.items()}
        return value if isinstance(value, bytes) else np.asarray(value).tolist()

    return [plain(element) for element in dataset.as_numpy_iterator()]


X, Y = np.arange(10, dtype=np.float32).reshape(5, 2), np.arange(5)


CHAINS = [
    (lambda tf: tf.data.Dataset.range(2, 9, 3), [2, 5, 8]),
    (lambda tf: tf.data.Dataset.range(5).batch(2), [[0, 1], [2, 3], [4]]),
    (lambda tf: tf.data.Dataset.range(5).batch(2, drop_remainder=True), [[0, 1], [2, 3]]),
    (lambda tf: tf.data.Dataset.range(3).repeat(2).batch(4), [[0, 1, 2, 0], [1, 2]]),
    (lambda tf: tf.data.Dataset.range(3).batch(2).repeat(2), [[0, 1], [2], [0, 1], [2]]),
    (lambda tf: tf.data.Dataset.range(3).repeat().take(7), [0, 1, 2, 0, 1, 2, 0]),
    (lambda tf: tf.data.Dataset.range(0).repeat(), []),
    (lambda tf: tf.data.Dataset.range(3).repeat(0), []),
    (lambda tf: tf.data.Dataset.range(6).skip(2).take(3), [2, 3, 4]),
    (lambda tf: tf.data.Dataset.range(6).skip(9), []),
    (lambda tf: tf.data.Dataset.range(6).take(-1).skip(-1), []),
    (lambda tf: tf.data.Dataset.range(10).shard(3, 1), [1, 4, 7]),
    (lambda tf: tf.data.Dataset.range(2).concatenate(tf.data.Dataset.range(7, 9)).prefetch(1), [0, 1, 7, 8]),
    (lambda tf: tf.data.Dataset.range(3).cache().repeat(2), [0, 1, 2, 0, 1, 2]),
    (lambda tf: tf.data.Dataset.range(3).map(lambda n: n * n), [0, 1, 4]),
    (lambda tf: tf.data.Dataset.range(600).map(lambda n: n * 2 + 1).skip(598), [1197, 1199]),
    (
        lambda tf: tf.data.Dataset.range(3).map(lambda n: (n, {"twice": n * 2})),
        [(n, {"twice": 2 * n}) for n in range(3)],
    ),
    (lambda tf: tf.data.Dataset.range(4).batch(2).map(lambda n: tf.reduce_sum(n)), [1, 5]),
    (lambda tf: tf.data.Dataset.range(3).map(lambda n: tf.range(n)), [[], [0], [0, 1]]),
    (lambda tf: tf.data.Dataset.range(6).filter(lambda n: tf.equal(n % 2, 1)), [1, 3, 5]),
    (lambda tf: tf.data.Dataset.range(4).flat_map(lambda n: tf.data.Dataset.range(n)), [0, 0, 1, 0, 1, 2]),
    (
        lambda tf: tf.data.Dataset.range(1, 6).interleave(lambda n: tf.data.Dataset.from_tensors(n).repeat(6), 2, 4),
        [1, 1, 1, 1, 2, 2, 2, 2, 1, 1, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 3, 3, 4, 4, 5, 5, 5, 5, 5, 5],
    ),
    (lambda tf: tf.data.Dataset.range(2).enumerate(5), [(5, 0), (6, 1)]),
    (lambda tf: tf.data.Dataset.from_tensors(Y).concatenate(tf.data.Dataset.from_tensors(Y[:2])), [Y.tolist(), [0, 1]]),
    (lambda tf: tf.data.Dataset.from_tensor_slices((X, Y)).take(1), [([0.0, 1.0], 0)]),
    (
        lambda tf: tf.data.Dataset.from_tensor_slices((X, Y)).batch(3),
        [(X[:3].tolist(), [0, 1, 2]), (X[3:].tolist(), [3, 4])],
    ),
    (
        lambda tf: tf.data.Dataset.from_tensor_slices({"a": [1, 2], "b": [b"x", b"y"]}),
        [{"a": 1, "b": b"x"}, {"a": 2, "b": b"y"}],
    ),
    (lambda tf: tf.data.Dataset.from_tensor_slices(X).batch(2).unbatch().take(2), X[:2].tolist()),
    (
        lambda tf: tf.data.Dataset.zip((tf.data.Dataset.range(3), {"b": tf.data.Dataset.range(9)})),
        [(n, {"b": n}) for n in range(3)],
    ),
    (lambda tf: tf.data.Dataset.from_generator(lambda: ([n] * n for n in (1, 2)), tf.int64), [[1], [2, 2]]),
    (
        lambda tf: tf.data.Dataset.from_generator(
            lambda n: ((k, k / 2) for k in range(n)), (tf.int32, tf.float32), args=[2]
        ),
        [(0, 0.0), (1, 0.5)],
    ),
    (
        lambda tf: tf.data.Dataset.range(1, 4).map(lambda n: tf.fill([n], n)).padded_batch(2, [None]),
        [[[1, 0], [2, 2]], [[3, 3, 3]]],
    ),
    (
        lambda tf: tf.data.Dataset.range(1, 3).map(lambda n: tf.fill([n], n)).padded_batch(2, [3], np.int64(-1)),
        [[[1, -1, -1], [2, 2, -1]]],
    ),
    (lambda tf: tf.data.Dataset.range(3).apply(lambda d: d.batch(3)), [[0, 1, 2]]),
    (lambda tf: tf.data.Dataset.range(2).map(lambda n: tf.py_func(lambda v: v * 2.5, [n], tf.double)), [0.0, 2.5]),
]


@pytest.mark.parametrize(("chain", "expected"), CHAINS)
def test_a_dataset_has_the_elements_worked_by_hand(tf, chain, expected):
    assert lists(chain(tf)) == expected


@pytest.mark.parametrize(("chain", "expected"), CHAINS)
def test_an_eager_loop_meets_the_same_elements(eager, chain, expected):
    def plain(value):
        if isinstance(value, tuple):
            return tuple(map(plain, value))
        if isinstance(value, dict):
            return {key: plain(part) for key, part in value.items()}
        return value if isinstance(value, bytes) else value.numpy().tolist()

    assert [plain(element) for element in chain(eager)] == expected


@pytest.mark.parametrize(("size", "is_seeded"), [*itertools.product([1, 3, 10, 100], [True, False])])
def test_shuffled_elements_come_from_the_next_ones_each_once(tf, size, is_seeded):
    seed = {"seed": 3} if is_seeded else {}
    found = lists(tf.data.Dataset.range(10).shuffle(size, **seed))
    assert sorted(found) == list(range(10))
    # The element at place n is one of the first n + size.
    assert all(element < place + size for place, element in enumerate(found))
    assert (found == list(range(10))) == (size == 1)


def test_each_turn_is_shuffled_anew_unless_told_otherwise(tf):
    def turns(**options):
        found = lists(tf.data.Dataset.range(50).shuffle(50, **options).repeat(2))
        return found[:50], found[50:]

    first, second = turns(seed=1)
    assert first != second
    assert turns(seed=1) == (first, second)
    assert turns(seed=2) != (first, second)
    first, second = turns(reshuffle_each_iteration=False)
    assert first == second


def test_what_elements_are(tf):
    dataset = tf.data.Dataset.from_tensor_slices((X, {"y": Y}))
    assert dataset.output_types == (tf.float32, {"y": tf.int64})
    assert dataset.output_shapes == (tf.TensorShape([2]), {"y": tf.TensorShape([])})
    batches = dataset.batch(3)
    assert [shape.as_list() for shape in (batches.output_shapes[0], batches.output_shapes[1]["y"])] == [
        [None, 2],
        [None],
    ]
    assert dataset.batch(3, True).output_shapes[0].as_list() == [3, 2]
    assert batches.map(lambda x, d: tf.matmul(x, tf.ones([2, 4]))).output_shapes.as_list() == [None, 4]
    assert dataset.map(lambda x, d: tf.cast(d["y"], tf.float64)).output_types == tf.float64
    assert repr(tf.data.Dataset.range(3)) == "<Dataset shapes: (), types: <dtype: 'int64'>>"


def test_a_session_meets_batches_of_every_size_and_the_end(tf):
    dataset = tf.data.Dataset.from_tensor_slices((X, Y)).batch(2)
    x, y = dataset.make_one_shot_iterator().get_next()
    assert (x.shape.as_list(), y.dtype) == ([None, 2], tf.int64)
    w = tf.Variable(tf.ones([2, 1]))
    product = tf.matmul(x, w)
    for _ in range(2):  # each session goes over it once
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            found = [sess.run([product, y]) for _ in range(3)]
            assert [b.tolist() for _, b in found] == [[0, 1], [2, 3], [4]]
            assert [a.ravel().tolist() for a, _ in found] == [[1.0, 5.0], [9.0, 13.0], [17.0]]
            for _ in range(2):
                with pytest.raises(tf.errors.OutOfRangeError, match="End of sequence"):
                    sess.run(product)


def test_an_initializer_begins_anew_with_what_is_fed(tf):
    data, size = tf.placeholder(tf.float32, [None, 2]), tf.placeholder(tf.int64, [])
    iterator = (
        tf.data.Dataset.from_tensor_slices(data).map(lambda row: row * 2.0).batch(size).make_initializable_iterator()
    )
    element = iterator.get_next()
    with tf.Session() as sess:
        with pytest.raises(tf.errors.FailedPreconditionError, match="has not been initialized"):
            sess.run(element)
        sess.run(iterator.initializer, {data: X, size: 3})
        np.testing.assert_array_equal(sess.run(element), 2 * X[:3])
        sess.run(tf.group(iterator.initializer), {data: X[3:], size: 2})
        np.testing.assert_array_equal(sess.run(element), 2 * X[3:])


def test_an_iterator_is_switched_between_datasets(tf):
    train, test = tf.data.Dataset.range(3).batch(2), tf.data.Dataset.range(10, 12).batch(2)
    iterator = tf.data.Iterator.from_structure(train.output_types, train.output_shapes)
    to_train, to_test, element = iterator.make_initializer(train), iterator.make_initializer(test), iterator.get_next()
    with tf.Session() as sess:
        for start, expected in ((to_train, [0, 1]), (to_test, [10, 11]), (to_train, [0, 1])):
            sess.run(start)
            assert sess.run(element).tolist() == expected
    with pytest.raises(TypeError, match="Expected the iterator's"):
        iterator.make_initializer(tf.data.Dataset.from_tensors(X))


def test_a_dataset_of_a_graphs_constants_is_gone_over(tf):
    element = tf.data.Dataset.from_tensor_slices(tf.constant([1, 2]) * 3).make_one_shot_iterator().get_next()
    with tf.Session() as sess:
        assert [int(sess.run(element)) for _ in range(2)] == [3, 6]


def test_functions_of_one_operation_each_have_the_bits_of_the_function_on_each(tf):
    values = np.random.default_rng(0).normal(size=(700, 3)).astype(np.float32)

    def function(x):
        return (tf.cast(x, tf.float64) / 255.0 - 1.5) * tf.constant([1.0, 2.0, 3.0], tf.float64), tf.maximum(x, 0.0)

    found = list(tf.data.Dataset.from_tensor_slices(values).map(function).as_numpy_iterator())
    expected = values.astype(np.float64) / 255.0
    np.testing.assert_array_equal([a for a, _ in found], (expected - 1.5) * [1.0, 2.0, 3.0])
    np.testing.assert_array_equal([b for _, b in found], np.maximum(values, 0))


def test_a_function_reads_variables_and_draws_anew(eager):
    v = eager.Variable(1.0)
    scaled = eager.data.Dataset.from_tensor_slices([1.0, 2.0]).map(lambda x: x * v)
    assert lists(scaled) == [1.0, 2.0]
    v.assign(10.0)
    assert lists(scaled) == [10.0, 20.0]
    drawn = lists(eager.data.Dataset.range(4).map(lambda n: eager.random_uniform([])))
    assert len(set(drawn)) == 4


def test_an_eager_iterator(eager):
    import tensorflow.contrib.eager as tfe

    iterator = tfe.Iterator(eager.data.Dataset.range(2))
    assert [int(iterator.next()), int(next(iterator))] == [0, 1]
    with pytest.raises(StopIteration):
        iterator.next()
    with pytest.raises(eager.errors.OutOfRangeError, match="End of sequence"):
        eager.data.Dataset.range(0).make_one_shot_iterator().get_next()
    assert int(eager.data.Dataset.range(5).reduce(eager.constant(0, eager.int64), lambda a, b: a + b)) == 10


def test_lines_of_text(tf, tmp_path):
    (tmp_path / "a.txt").write_bytes(b"a b\r\nc\n\nd")
    dataset = tf.data.TextLineDataset([str(tmp_path / "a.txt")]).skip(1)
    assert lists(dataset) == [b"c", b"", b"d"]
    element = dataset.make_one_shot_iterator().get_next()
    with tf.Session() as sess:
        assert sess.run(element) == b"c"
    assert lists(tf.data.Dataset.list_files(str(tmp_path / "*.txt"))) == [str(tmp_path / "a.txt").encode()]


WRONG = [
    (lambda tf: tf.data.Dataset.from_tensor_slices((X, Y[:2])), ValueError, r"tensors have \[2, 5\] rows"),
    (lambda tf: tf.data.Dataset.from_tensor_slices(3.0), ValueError, "no dimensions"),
    (lambda tf: lists(tf.data.Dataset.range(3).batch(0)), ValueError, "Batch size must be greater than zero"),
    (lambda tf: lists(tf.data.Dataset.range(3).shuffle(0)), ValueError, "buffer_size must be greater than zero"),
    (lambda tf: lists(tf.data.Dataset.range(3).shard(2, 2)), ValueError, r"Expected one in \[0, 2\)"),
    (lambda tf: lists(tf.data.Dataset.range(3).map(tf.range).batch(2)), ValueError, "different shapes"),
    (lambda tf: tf.data.Dataset.zip([1, 2]), TypeError, "expected a tuple or dict of datasets"),
    (lambda tf: lists(tf.data.Dataset.range(3).filter(lambda n: n)), TypeError, "scalar boolean"),
    (lambda tf: lists(tf.data.Dataset.range(3).flat_map(lambda n: n)), TypeError, "must return a `Dataset`"),
    (lambda tf: tf.data.Dataset.range(3).apply(lambda d: 3), TypeError, "must return a Dataset"),
    (lambda tf: tf.data.Dataset.range(3).concatenate(tf.data.Dataset.from_tensors(1.0)), TypeError, "different types"),
    (lambda tf: tf.data.Dataset.from_generator([1], tf.int64), TypeError, "cannot be called"),
    (lambda tf: lists(tf.data.Dataset.from_generator(lambda: [1], (tf.int64, tf.int64))), TypeError, "yielded 1"),
    (lambda tf: lists(tf.data.Dataset.from_generator(lambda: [1], tf.int64, [2])), TypeError, r"has shape \(\)"),
    (
        lambda tf: tf.data.Dataset.range(0).flat_map(tf.data.Dataset.range).output_types,
        ValueError,
        "when there is an element",
    ),
    (lambda tf: tf.data.Dataset.range(3).map(lambda n: tf.placeholder(tf.int64) + n), RuntimeError, "eager execution"),
    (lambda tf: lists(tf.data.Dataset.from_tensors(tf.constant(1))), ValueError, "has a value in a session alone"),
    (lambda tf: iter(tf.data.Dataset.range(3)), RuntimeError, "make_one_shot_iterator"),
    (lambda tf: tf.data.Dataset.range(3).window(2), NotProvidedError, "make the windows by NumPy"),
    (lambda tf: tf.data.Dataset.range(3).bach(2), NotProvidedError, "Dataset.bach is not provided"),
    (lambda tf: tf.data.Dataset.range(3).cache("file"), NotProvidedError, "kept in memory"),
    (lambda tf: tf.data.TextLineDataset("a", "GZIP"), NotProvidedError, "unpack the files first"),
    (lambda tf: tf.data.TFRecordDataset("a"), NotProvidedError, "record files are out of scope"),
    (lambda tf: tf.data.Dataset.list_files("/nowhere/*"), ValueError, "No files matched"),
    (lambda tf: tf.data.Dataset.range(3).make_one_shot_iterator().initializer, ValueError, "begins by itself"),
    (lambda tf: tf.data.Iterator.from_structure(tf.int64).initializer, ValueError, "use make_initializer"),
    (
        lambda tf: lists(tf.data.Dataset.range(1).map(lambda n: tf.ones([1])).padded_batch(1, [0])),
        ValueError,
        "exceeds",
    ),
]


@pytest.mark.parametrize(("wrong", "error", "message"), WRONG)
def test_a_wrong_use_is_told_of(tf, wrong, error, message):
    with pytest.raises(error, match=message):
        wrong(tf)


def test_a_function_that_uses_a_graphs_tensor_is_refused(tf):
    outer = tf.constant(3, tf.int64) + tf.placeholder(tf.int64, [])
    with pytest.raises(TypeError, match="uses a tensor of a graph"):
        tf.data.Dataset.range(3).map(lambda n: n + outer)
