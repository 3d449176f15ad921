"""Oracles: NumPy's shuffles, replayed by hand as TensorFlow's next_batch draws them; what is published of MNIST."""

import gzip
import os
import struct
from pathlib import Path

import numpy as np
import pytest

import feedforward.compat
from feedforward.compat.tensorflow.graph import Graph
from feedforward.compat.tensorflow.tutorials import DataSet, read_data_sets
from feedforward.compat.version import write_for, written_for

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


@pytest.fixture(autouse=True)
def _newest():
    """Version 1.15, NumPy's generator as it was, and no module of ours left behind."""
    version, state = written_for().name, np.random.get_state()
    feedforward.compat.install(version="tf1.15")
    yield
    feedforward.compat.uninstall()
    np.random.set_state(state)
    write_for(version)


@pytest.fixture
def mnist_folder(monkeypatch):
    folder = Path(os.environ.get("FEEDFORWARD_DATA", SHARED))
    if not (folder / "mnist").is_dir():
        pytest.skip("no MNIST in the data folder")
    monkeypatch.setenv("FEEDFORWARD_DATA", str(folder))


def small(count=10, **options):
    """A data set whose image i has the pixels i, 2 * i and the label i."""
    images = np.array([[[[i], [2 * i]]] for i in range(count)], dtype=np.uint8)
    return DataSet(images, np.arange(count, dtype=np.uint8), **options)


def shuffled(count, seed):
    """The generator and the order that it draws first."""
    generator = np.random.RandomState(seed)
    order = np.arange(count)
    generator.shuffle(order)
    return generator, order


def test_batches_follow_the_order_that_the_seed_draws():
    _, order = shuffled(10, 3)
    data = small(seed=3)
    for start in (0, 4):
        images, labels = data.next_batch(4)
        np.testing.assert_array_equal(labels, order[start : start + 4])
        np.testing.assert_array_equal(
            images, np.stack([labels, 2 * labels], axis=1).astype(np.float32) * np.float32(1 / 255)
        )
        assert images.dtype == np.float32 and labels.dtype == np.uint8


def test_the_seed_of_the_graph_decides_where_the_program_gives_none():
    _, order = shuffled(10, 777)
    with Graph().as_default() as graph:
        graph.seed = 777
        np.testing.assert_array_equal(small().next_batch(10)[1], order)


def test_a_batch_over_the_end_has_the_rest_and_then_the_first_of_the_next_order():
    generator, first = shuffled(10, 5)
    second = np.arange(10)
    generator.shuffle(second)
    second = first[second]  # the rows are in the first order already
    data = small(seed=5)
    batches = [data.next_batch(4)[1] for _ in range(5)]
    np.testing.assert_array_equal(np.concatenate(batches), np.concatenate([first, second]))
    assert data.epochs_completed == 1


def test_an_epoch_that_a_batch_ends_exactly_is_completed_by_the_next_batch():
    data = small(seed=1)
    data.next_batch(5), data.next_batch(5)
    assert data.epochs_completed == 0
    data.next_batch(5)
    assert data.epochs_completed == 1


def test_without_shuffle_batches_are_in_the_order_of_the_file():
    data = small()
    batches = [data.next_batch(4, shuffle=False)[1] for _ in range(4)]
    assert np.concatenate(batches).tolist() == [*range(10), *range(6)]


def test_all_images_are_in_the_order_of_the_present_epoch():
    data = small(seed=7)
    before = data.images
    np.testing.assert_array_equal(before[:, 0], np.arange(10, dtype=np.float32) * np.float32(1 / 255))
    _, labels = data.next_batch(10)
    np.testing.assert_array_equal(data.labels, labels)
    np.testing.assert_array_equal(data.images[:, 0], labels * np.float32(1 / 255))
    assert before[3, 0] == 3 * np.float32(1 / 255)  # who held the images holds them as they were
    _, order = shuffled(10, 7)
    np.testing.assert_array_equal(labels, order)


def test_looking_at_all_images_changes_no_batch():
    looked, plain = small(seed=2), small(seed=2)
    np.random.seed(2)
    expected = [plain.next_batch(3) for _ in range(8)]
    np.random.seed(2)
    for images, labels in expected:
        assert looked.images.shape == (10, 2)
        got_images, got_labels = looked.next_batch(3)
        np.testing.assert_array_equal(got_images, images)
        np.testing.assert_array_equal(got_labels, labels)


def test_bytes_and_shapes_stay_when_the_program_says_so():
    images, _ = small(dtype=np.uint8, reshape=False).next_batch(3, shuffle=False)
    assert images.dtype == np.uint8 and images.shape == (3, 1, 2, 1) and images[2].ravel().tolist() == [2, 4]


def test_before_1_1_the_first_epoch_is_in_the_order_of_the_file_and_the_rest_is_dropped():
    write_for("tf0.12")
    data = small()
    np.random.seed(9)
    _, order = shuffled(10, 9)
    assert np.concatenate([data.next_batch(4)[1] for _ in range(2)]).tolist() == list(range(8))
    assert data.epochs_completed == 0
    np.testing.assert_array_equal(data.next_batch(4)[1], order[:4])
    np.testing.assert_array_equal(data.next_batch(4)[1], order[4:8])
    assert data.epochs_completed == 1


def test_fake_data_are_ones():
    data = read_data_sets("nowhere", fake_data=True, one_hot=True)
    images, labels = data.train.next_batch(2, True)
    assert images == [[1] * 784] * 2 and labels == [[1] + [0] * 9] * 2 and data.test.num_examples == 10000
    with pytest.raises(ValueError, match=r"was made with fake_data=True\. Give fake_data=True here, too\."):
        data.train.next_batch(2)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: small(dtype=np.float64), r"dtype must be uint8 or float32\. Got float64\."),
        (lambda: DataSet(np.zeros((3, 2, 2, 1), np.uint8), np.zeros(2)), r"got 3 images, but 2 labels\. Give one each"),
        (lambda: DataSet(np.zeros((3, 2, 2), np.uint8), np.zeros(3)), r"Got \(3, 2, 2\)\. Give reshape=False"),
    ],
)
def test_what_makes_no_data_set_is_refused(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()


def test_mnist_is_cut_into_55_5_and_10_thousand(mnist_folder):
    from tensorflow.examples.tutorials.mnist import input_data

    mnist = input_data.read_data_sets("MNIST_data/", one_hot=True)
    assert [part.num_examples for part in mnist] == [55000, 5000, 10000]
    assert mnist.train.images.shape == (55000, 784) and mnist.train.images.dtype == np.float32
    assert mnist.train.labels.shape == (55000, 10) and mnist.train.labels.dtype == np.float64
    # The first labels of the training and test files are 5, 0, 4, 1, 9 and 7, 2, 1, 0, 4.
    assert mnist.validation.labels[:5].argmax(axis=1).tolist() == [5, 0, 4, 1, 9]
    assert mnist.test.labels[:5].argmax(axis=1).tolist() == [7, 2, 1, 0, 4]
    # LeCun's mean and standard deviation of the training pixels, 0.1307 and 0.3081, within what a part differs by.
    assert abs(mnist.train.images.mean() - 0.1307) < 5e-4 and abs(mnist.train.images.std() - 0.3081) < 5e-4


def test_every_old_path_to_mnist_leads_there(mnist_folder):
    import tensorflow as tf
    from tensorflow.contrib.learn.python.learn.datasets.mnist import read_data_sets as deep

    assert tf.contrib.learn.datasets.mnist.read_data_sets is deep is read_data_sets
    assert tf.contrib.learn.datasets.load_dataset("mnist").train.num_examples == 55000
    with pytest.raises(ValueError, match=r"'iris' is not provided\. Expected 'mnist'\."):
        tf.contrib.learn.datasets.load_dataset("iris")


def test_the_options_of_mnist_have_their_effect(mnist_folder):
    mnist = read_data_sets("x", validation_size=0, reshape=False, dtype=np.uint8)
    assert mnist.train.images.shape == (60000, 28, 28, 1) and mnist.validation.num_examples == 0
    assert mnist.train.labels.shape == (60000,) and mnist.train.images.dtype == np.uint8
    with pytest.raises(ValueError, match=r"validation_size must be from 0 to 60000\. Got 60001\."):
        read_data_sets("x", validation_size=60001)
    with pytest.raises(ValueError, match=r"source_url 'http://x/' is none of MNIST's"):
        read_data_sets("x", source_url="http://x/")


def idx(array):
    return struct.pack(f">4B{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


@pytest.mark.parametrize("place", ["working folder", "beside the program"])
def test_files_in_the_folder_that_the_program_names_come_first(place, tmp_path, monkeypatch):
    folder = tmp_path / "MNIST_data"
    folder.mkdir()
    train, test = np.arange(24, dtype=np.uint8).reshape(6, 2, 2), np.ones((2, 2, 2), np.uint8)
    (folder / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(train)))
    (folder / "train-labels-idx1-ubyte").write_bytes(idx(np.arange(6, dtype=np.uint8)))
    (folder / "t10k-images.idx3-ubyte").write_bytes(idx(test))
    (folder / "t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(np.array([3, 4], np.uint8))))
    if place == "working folder":
        monkeypatch.chdir(tmp_path)
    else:
        monkeypatch.syspath_prepend(str(tmp_path))
    data = read_data_sets("MNIST_data/" if place == "working folder" else "/data/mnist", validation_size=2)
    assert data.train.labels.tolist() == [2, 3, 4, 5] and data.test.labels.tolist() == [3, 4]
    np.testing.assert_array_equal(data.train.images[0], np.arange(8, 12, dtype=np.float32) * np.float32(1 / 255))
