"""Oracles: what Chollet's "Deep Learning with Python" (2017) prints of the sets; Keras's documented lists in a loop."""

import gzip
import hashlib
import io
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest

import feedforward.compat
from feedforward.compat.keras import datasets
from feedforward.compat.keras.datasets import _images, _Texts
from feedforward.compat.names import NotProvidedError
from feedforward.compat.version import write_for, written_for
from feedforward.data.fetch import RemoteFile
from feedforward.errors import DataError

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


@pytest.fixture(autouse=True)
def keras():
    """Keras 2, and NumPy's generator and the version as they were afterwards."""
    version, state = written_for().name, np.random.get_state()
    feedforward.compat.install(version="keras2")
    import keras

    yield keras
    feedforward.compat.uninstall()
    np.random.set_state(state)
    write_for(version)


@pytest.fixture
def data_folder(monkeypatch):
    folder = Path(os.environ.get("FEEDFORWARD_DATA", SHARED))
    if not (folder / "text" / "reuters_ids.npz").is_file():
        pytest.skip("the texts are not in the data folder")
    monkeypatch.setenv("FEEDFORWARD_DATA", str(folder))
    return folder


def test_pictures_have_the_shapes_that_keras_gives_them(keras, data_folder, capsys):
    for images in (keras.datasets.mnist, keras.datasets.fashion_mnist):
        (x_train, y_train), (x_test, y_test) = images.load_data()
        assert x_train.shape == (60000, 28, 28) and x_test.shape == (10000, 28, 28) and x_train.dtype == np.uint8
        assert y_train.shape == (60000,) and y_test.shape == (10000,)
    assert keras.datasets.mnist.load_data(path="mnist.npz")[0][1][:5].tolist() == [5, 0, 4, 1, 9]
    (x_train, y_train), (x_test, y_test) = keras.datasets.cifar10.load_data()
    assert x_train.shape[1:] == (32, 32, 3) and x_train.flags.c_contiguous
    # The first training images are a frog, two trucks, a deer and a car.
    assert y_train[:5].tolist() == [[6], [9], [9], [4], [1]] and len(x_test) == len(y_test)
    if len(x_train) < 50000:
        assert "cifar10 is its first 6,000 images for training and 1,000" in capsys.readouterr().err


def test_records_of_pictures_are_a_label_and_three_planes(monkeypatch):
    record = np.concatenate(([7], np.full(1024, 1), np.full(1024, 2), np.full(1024, 3))).astype(np.uint8)
    record[1] = 9  # red of the first pixel
    images, labels = _images(record.tobytes() * 2)
    assert (
        labels.tolist() == [[7], [7]]
        and images[0, 0, 0].tolist() == [9, 2, 3]
        and images[1, 31, 31].tolist() == [1, 2, 3]
    )
    monkeypatch.setattr(datasets, "axes_of", lambda data_format: (1, 2, 0))
    assert _images(record.tobytes())[0].shape == (1, 3, 32, 32)


def test_the_whole_archive_of_cifar10_comes_first(keras, tmp_path, monkeypatch):
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for label, name in enumerate([*(f"data_batch_{batch}" for batch in range(1, 6)), "test_batch"]):
            record = bytes([label]) + bytes(3072)
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}.bin")
            member.size = len(record)
            archive.addfile(member, io.BytesIO(record))
    packed = content.getvalue()
    (tmp_path / "cifar10").mkdir()
    (tmp_path / "cifar10" / "cifar-10-binary.tar.gz").write_bytes(packed)
    file = RemoteFile("cifar10/cifar-10-binary.tar.gz", len(packed), hashlib.sha256(packed).hexdigest())
    monkeypatch.setattr(datasets, "_CIFAR10", file)
    monkeypatch.setenv("FEEDFORWARD_DATA", str(tmp_path))
    (_, y_train), (x_test, y_test) = keras.datasets.cifar10.load_data()
    assert y_train.tolist() == [[0], [1], [2], [3], [4]] and y_test.tolist() == [[5]] and x_test.shape == (1, 32, 32, 3)


def test_an_own_npz_of_mnist_is_read_without_pickles(keras, tmp_path):
    one = np.ones((2, 28, 28), np.uint8)
    np.savez(tmp_path / "own.npz", x_train=one, y_train=np.zeros(2), x_test=one[:1], y_test=np.ones(1))
    (x_train, _), (_, y_test) = keras.datasets.mnist.load_data(str(tmp_path / "own.npz"))
    assert x_train.shape == (2, 28, 28) and y_test.tolist() == [1.0]
    np.savez(tmp_path / "bad.npz", x_train=np.array([{}], dtype=object))
    with pytest.raises(DataError, match=r"bad\.npz: no npz file with the arrays x_train, .* without pickles"):
        keras.datasets.mnist.load_data(str(tmp_path / "bad.npz"))


def test_houses_are_in_the_order_of_keras(keras, data_folder):
    (x_train, y_train), (x_test, y_test) = keras.datasets.boston_housing.load_data()
    assert x_train.shape == (404, 13) and x_test.shape == (102, 13)  # as the book says
    assert y_train[:6].tolist() == [15.2, 42.3, 50.0, 21.1, 17.7, 18.5]  # as the book prints
    assert x_train[0, :3].tolist() == [1.23247, 0.0, 8.14] and len(y_test) == 102
    assert len(keras.datasets.boston_housing.load_data(test_split=0.0)[1][0]) == 0
    with pytest.raises(ValueError, match=r"test_split must be from 0 up to, but not, 1\. Got 1\."):
        keras.datasets.boston_housing.load_data(test_split=1)


def test_newswires_are_those_that_the_book_prints(keras, data_folder):
    (x_train, y_train), (x_test, y_test) = keras.datasets.reuters.load_data(num_words=10000)
    assert (len(x_train), len(x_test)) == (8982, 2246)
    assert x_train[10][:10] == [1, 245, 273, 207, 156, 53, 74, 160, 26, 14] and y_train[10] == 3
    words = {rank: word for word, rank in keras.datasets.reuters.get_word_index().items()}
    text = " ".join(words.get(number - 3, "?") for number in x_train[0])
    assert text.startswith(
        "? ? ? said as a result of its december acquisition of space co it expects earnings per share"
    )
    assert y_train.min() == 0 and y_train.max() == 45 and y_test.dtype == np.int64
    again, _ = keras.datasets.reuters.load_data(nb_words=10000)
    assert again[0].tolist() == x_train.tolist()


def test_reviews_are_balanced_and_say_that_they_differ(keras, data_folder, capsys):
    (x_train, y_train), (x_test, y_test) = keras.datasets.imdb.load_data(num_words=10000)
    assert (len(x_train), len(x_test), y_train.sum(), y_test.sum()) == (25000, 25000, 12500, 12500)
    assert max(max(review) for review in x_train) == 9999 and all(review[0] == 1 for review in x_train[:100])
    assert "imdb has the reviews of Keras's set in another order" in capsys.readouterr().err
    ranks = keras.datasets.imdb.get_word_index()
    assert len(ranks) == 65535 and ranks["the"] == 1 and ranks["and"] == 2
    (x_part, _), (x_rest, _) = keras.datasets.imdb.load_data(nb_words=10000, test_split=0.2)  # as in Keras 1.0
    assert (len(x_part), len(x_rest)) == (20000, 5000) and x_part[0] == x_train[0] and x_rest[-1] == x_train[-1]
    write_for("keras1")
    _, (_, y_old) = keras.datasets.imdb.load_data()
    assert not np.array_equal(y_old, y_test)  # the second order had a seed of its own


@pytest.mark.parametrize("oov_char", [2, None])
@pytest.mark.parametrize("start_char", [1, None])
@pytest.mark.parametrize(("num_words", "skip_top", "maxlen"), [(None, 0, None), (9, 5, 6), (8, 0, 4)])
def test_lists_are_those_of_a_loop_over_words(oov_char, start_char, num_words, skip_top, maxlen):
    generator = np.random.RandomState(4)
    texts = [generator.randint(1, 12, size=size).tolist() for size in (3, 1, 7, 4, 2)]
    ends = np.cumsum([0, *map(len, texts)])
    order = np.array([4, 2, 0, 3, 1])
    found = _Texts(np.concatenate(texts), ends, np.arange(5)).ordered(order).marked(start_char, 3).shorter_than(maxlen)

    expected, labels = [], []
    for label in order:
        numbers = ([] if start_char is None else [start_char]) + [word + 3 for word in texts[label]]
        if not maxlen or len(numbers) < maxlen:
            expected.append(numbers)
            labels.append(label)
    limit = num_words or max(map(max, expected))
    known = [[skip_top <= word < limit for word in numbers] for numbers in expected]
    for place, (numbers, is_known) in enumerate(zip(expected, known, strict=True)):
        pairs = zip(numbers, is_known, strict=True)
        if oov_char is None:
            expected[place] = [word for word, good in pairs if good]
        else:
            expected[place] = [word if good else oov_char for word, good in pairs]
    assert found.lists(num_words, skip_top, oov_char).tolist() == expected and found.labels.tolist() == labels


def test_no_text_short_enough_is_an_error():
    with pytest.raises(ValueError, match=r"no text is shorter than maxlen=2\. Give a larger one\."):
        _Texts(np.arange(6), np.array([0, 3, 6]), np.arange(2)).shorter_than(2)


def test_joined_texts_keep_their_words():
    joined = _Texts(np.arange(3), np.array([0, 1, 3]), np.arange(2)).joined(
        _Texts(np.arange(10, 12), np.array([0, 2]), np.array([9]))
    )
    assert joined.lists(100, 0, None).tolist() == [[0], [1, 2], [10, 11]] and joined.labels.tolist() == [0, 1, 9]


def test_a_set_that_is_not_there_is_one_clear_error(keras, tmp_path, monkeypatch):
    monkeypatch.setenv("FEEDFORWARD_DATA", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(
        DataError, match=r"keras\.datasets\.imdb needs text/imdb_ids\.npz .* a pickle, which is never read"
    ):
        keras.datasets.imdb.load_data()
    with pytest.raises(NotProvidedError, match=r"keras\.datasets\.cifar100 is not provided: its files are pickles"):
        _ = keras.datasets.cifar100
    (tmp_path / "reuters.npz").write_bytes(gzip.compress(b""))
    with pytest.raises(DataError, match=r"reuters\.npz is not read, since Keras's files of this set are pickles\."):
        keras.datasets.reuters.load_data(str(tmp_path / "reuters.npz"))


def test_a_file_that_keras_downloaded_is_found_and_not_downloaded(tmp_path, monkeypatch):
    from keras.utils import get_file

    monkeypatch.setenv("FEEDFORWARD_DATA", str(tmp_path))
    (tmp_path / "iris.csv").write_text("1,2\n")
    assert get_file("iris.csv", "http://host/iris.csv") == str(tmp_path / "iris.csv")
    with pytest.raises(ValueError, match="Expected 0a: replace the file"):
        get_file("iris.csv", "http://host/iris.csv", md5_hash="0a")
    with pytest.raises(FileNotFoundError, match=r"Download http://host/b.csv to .*datasets/b.csv"):
        get_file("b.csv", "http://host/b.csv", cache_dir=tmp_path)
    with pytest.raises(ValueError, match="archives are not unpacked"):
        get_file("c.tgz", "http://host/c.tgz", untar=True)
