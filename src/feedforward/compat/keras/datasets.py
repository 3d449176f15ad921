"""``keras.datasets``: the sets that Keras's examples load, in the order and with the cuts that Keras gave them.

Orders are drawn by NumPy's global generator, which `load_data` seeds, as in Keras. Files come from the data folder or
are downloaded, checked by their digest, as everywhere in this package; pickles are never read.
"""

from __future__ import annotations

import gzip
import io
import json
import sys
import tarfile
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from feedforward.compat.keras.preprocessing_pictures import axes_of
from feedforward.compat.names import provided, refuse
from feedforward.compat.version import written_for
from feedforward.data.datasets import load
from feedforward.data.fetch import RemoteFile, read_file
from feedforward.errors import DataError

__all__: list[str] = []

Part: TypeAlias = tuple[NDArray[Any], NDArray[Any]]

_REUTERS = RemoteFile(
    path="text/reuters_ids.npz",
    size=1934250,
    sha256="9df134233699bc58aa0565d1b5a87fd32e2259f304565279d544d90e8c4a0873",
)
_REUTERS_WORDS = RemoteFile(
    path="text/reuters_word_index.json",
    size=550378,
    sha256="9b56000edc4b34a32e89fd5a23b2605594682c74efcf7d8f4e2a5514b771e633",
)
_IMDB = RemoteFile(
    path="text/imdb_ids.npz",
    size=16014955,
    sha256="2bdc798454a336a7b1469845f68e5f88d04855d9c6802ff7cc04a962af5c2539",
)
_IMDB_WORDS = RemoteFile(
    path="text/imdb_vocab.txt.gz",
    size=273194,
    sha256="e8f63b95a96159b6fcb5cdfe4278583a884980fe54018216914884156dc3c577",
)
_HOUSING = RemoteFile(
    path="tabular/housing.data.gz",
    size=12579,
    sha256="fb9adde93481f70a82873f3a9168252312dc02714c598963d230d45772f99dc5",
)
_CIFAR10 = RemoteFile(
    path="cifar10/cifar-10-binary.tar.gz",
    size=170052171,
    sha256="c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
)
_CIFAR10_MIRRORS = ("https://www.cs.toronto.edu/~kriz/",)
_CIFAR10_PART = (
    RemoteFile(
        path="cifar10/data_batch_1.first6000.bin.gz",
        size=16949750,
        sha256="7913046739de112b906d652feda1382eb5f1ae452bb527458221643b8ffd65ff",
    ),
    RemoteFile(
        path="cifar10/test_batch.first1000.bin.gz",
        size=2825834,
        sha256="ca9ff0155579ff50ee9088a939f8d4a4549fe7839762bff24a46965fb4c5be78",
    ),
)


def _say(message: str) -> None:
    print(f"feedforward: {message}", file=sys.stderr)


# Pictures


@provided("keras.datasets.mnist.load_data")
def load_mnist(path: str = "mnist.npz") -> tuple[Part, Part]:
    """Return MNIST: uint8 images of 28 x 28, 60,000 for training and 10,000 for testing, and their labels.

    Parameters
    ----------
    path : str
        An absolute path of an ``.npz`` of Keras's, which is read; else only how Keras would call its copy.

    Raises
    ------
    DataError
        If a file can be neither found nor downloaded, or is none of Keras's.
    """
    if not _is_own_file(path):
        return load("mnist")
    try:
        with np.load(path, allow_pickle=False) as archive:
            x_train, y_train, x_test, y_test = (archive[name] for name in ("x_train", "y_train", "x_test", "y_test"))
    except (ValueError, OSError, KeyError, EOFError, TypeError, AttributeError) as error:
        raise DataError(
            f"{path}: no npz file with the arrays x_train, y_train, x_test and y_test, without pickles ({error})."
            " Leave the path out to get this package's copy."
        ) from error
    return (x_train, y_train), (x_test, y_test)


@provided("keras.datasets.fashion_mnist.load_data")
def load_fashion_mnist() -> tuple[Part, Part]:
    """Return Fashion-MNIST, in the form of MNIST."""
    return load("fashion_mnist")


@provided("keras.datasets.cifar10.load_data")
def load_cifar10() -> tuple[Part, Part]:
    """Return CIFAR-10: uint8 images of 32 x 32 in three colours, and labels of shape (n, 1).

    Where only the first 6,000 images for training and 1,000 for testing are at hand, those, with a word on stderr.

    Raises
    ------
    DataError
        If a file can be neither found nor downloaded.
    """
    try:
        train, test = _whole_cifar10(())
    except DataError:
        try:
            train, test = (gzip.decompress(read_file(file, ())) for file in _CIFAR10_PART)
            _say(
                "cifar10 is its first 6,000 images for training and 1,000 for testing: no more are in the data folder."
            )
        except DataError:
            train, test = _whole_cifar10(_CIFAR10_MIRRORS)
    return _images(train), _images(test)


def _whole_cifar10(mirrors: tuple[str, ...]) -> tuple[bytes, bytes]:
    """Return the records for training and for testing from the archive of its authors."""
    archive = tarfile.open(fileobj=io.BytesIO(read_file(_CIFAR10, mirrors)), mode="r:gz")
    names = [*(f"data_batch_{batch}" for batch in range(1, 6)), "test_batch"]
    *train, test = (archive.extractfile(f"cifar-10-batches-bin/{name}.bin") for name in names)
    return b"".join(part.read() for part in train if part), test.read() if test else b""


def _images(records: bytes) -> Part:
    """Return images and labels of records: a byte for the label, then 1,024 each of red, green and blue."""
    rows = np.frombuffer(records, dtype=np.uint8).reshape(-1, 3073)
    images = rows[:, 1:].reshape(-1, 3, 32, 32)
    if axes_of(None) == (0, 1, 2):  # `keras.backend` has the channels of an image last
        images = images.transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), rows[:, :1].copy()


refuse("its files are pickles alone, which are never read. Use keras.datasets.cifar10.", "keras.datasets.cifar100")


# Houses


@provided("keras.datasets.boston_housing.load_data")
def load_boston_housing(
    path: str = "boston_housing.npz", test_split: float = 0.2, seed: int = 113
) -> tuple[Part, Part]:
    """Return 506 districts of Boston: 13 numbers of each, and what a house costs there, in thousand dollars.

    Parameters
    ----------
    path : str
        How Keras would call its copy.
    test_split : float
        The share for testing.
    seed : int
        Of the order.

    Raises
    ------
    ValueError
        If `test_split` is not from 0 up to, but not, 1.
    DataError
        If the file is not there.
    """
    _check("boston_housing", path, test_split)
    table = np.loadtxt(io.BytesIO(gzip.decompress(_local(_HOUSING, "boston_housing"))))
    table = table[_order(len(table), seed)]
    cut = int(len(table) * (1 - test_split))
    return (table[:cut, :-1], table[:cut, -1]), (table[cut:, :-1], table[cut:, -1])


# Texts


@provided("keras.datasets.reuters.load_data")
def load_reuters(
    path: str = "reuters.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    test_split: float = 0.2,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
    nb_words: int | None = None,
) -> tuple[Part, Part]:
    """Return 11,228 messages of Reuters as lists of word numbers, and their topics, 0 to 45.

    Parameters
    ----------
    path : str
        How Keras would call its copy.
    num_words, nb_words : int or None
        Words from this number on count as unknown; Keras 1 calls it `nb_words`. None: the largest number alone does.
    skip_top : int
        Words below this number count as unknown.
    maxlen : int or None
        Only messages shorter than this are returned.
    test_split : float
        The share for testing: the last ones of the order.
    seed : int
        Of the order.
    start_char : int or None
        The number that begins a message.
    oov_char : int or None
        The number of an unknown word; None leaves it out.
    index_from : int
        What is added to the words' ranks, which begin at 1.

    Raises
    ------
    ValueError
        If `test_split` is out of range, or no message is short enough.
    DataError
        If the file is not there.
    """
    _check("reuters", path, test_split)
    archive = _arrays(_REUTERS, "reuters")
    topics = archive["y"].astype(np.int64)
    messages = _Texts(archive["ids"].astype(np.int64), archive["ptr"], topics).ordered(_order(len(topics), seed))
    messages = messages.marked(start_char, index_from).shorter_than(maxlen)
    lists = messages.lists(num_words or nb_words, skip_top, oov_char)
    cut = int(len(lists) * (1 - test_split))
    return (lists[:cut], messages.labels[:cut]), (lists[cut:], messages.labels[cut:])


@provided("keras.datasets.imdb.load_data")
def load_imdb(
    path: str = "imdb.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
    nb_words: int | None = None,
    test_split: float | None = None,
) -> tuple[Part, Part]:
    """Return 50,000 reviews of films as lists of word numbers, and whether they praise (1) or not (0).

    Parameters
    ----------
    path, num_words, nb_words, skip_top, maxlen, seed, start_char, oov_char, index_from
        As in `load_reuters`.
    test_split : float or None
        In Keras 1.0, whose set was the 25,000 reviews that are for training here, the share of them for testing.

    Raises
    ------
    ValueError
        If `test_split` is out of range, or no review is short enough.
    DataError
        If the file is not there.

    Notes
    -----
    These are the reviews that Keras's file has, cut in words as its `Tokenizer` does. Their order, and the rank of a
    word among those that are about as frequent, differ from that file's, and ranks beyond 65,535 are one unknown word;
    a line on stderr says so. With `maxlen`, the first 25,000 of all that are left are for training, as in Keras.
    """
    _check("imdb", path, test_split or 0.0)
    archive = _arrays(_IMDB, "imdb")
    _say("imdb has the reviews of Keras's set in another order, and other numbers for some words.")
    parts = []
    for part in ("train", "test"):
        ids = archive[f"{part}_ids"].astype(np.int64)
        ids[ids == 0] = 65536  # a word beyond those that have a number
        parts.append(_Texts(ids, archive[f"{part}_ptr"], archive[f"{part}_y"].astype(np.int64)))
    train = parts[0].ordered(_order(len(parts[0].labels), seed))
    # Until 2.1 the second order was drawn from a seed of its own.
    test = parts[1].ordered(_order(len(parts[1].labels), seed * 2 if written_for().keras < (2, 1) else None))
    reviews = (train.joined(test) if test_split is None else train).marked(start_char, index_from).shorter_than(maxlen)
    lists = reviews.lists(num_words or nb_words, skip_top, oov_char)
    cut = len(train.labels) if test_split is None else int(len(lists) * (1 - test_split))
    return (lists[:cut], reviews.labels[:cut]), (lists[cut:], reviews.labels[cut:])


class _Texts:
    """Texts as one array of word numbers.

    Parameters
    ----------
    ids : int64 array
        The numbers, one text after the other.
    ends : int array, shape (n + 1,)
        Where each text begins, and where the last one ends.
    labels : int64 array, shape (n,)
        What is known of each.
    """

    def __init__(self, ids: NDArray[np.int64], ends: NDArray[Any], labels: NDArray[np.int64]) -> None:
        self.ids, self.ends, self.labels = ids, ends.astype(np.int64), labels

    def ordered(self, order: NDArray[np.intp]) -> _Texts:
        """Return the texts that an order names."""
        lengths = np.diff(self.ends)[order]
        ends = np.concatenate(([0], np.cumsum(lengths)))
        places = np.arange(ends[-1]) + np.repeat(self.ends[:-1][order] - ends[:-1], lengths)
        return _Texts(self.ids[places], ends, self.labels[order])

    def joined(self, more: _Texts) -> _Texts:
        """Return these texts and then others."""
        ends = np.concatenate((self.ends, more.ends[1:] + self.ends[-1]))
        return _Texts(np.concatenate((self.ids, more.ids)), ends, np.concatenate((self.labels, more.labels)))

    def marked(self, start_char: int | None, index_from: int) -> _Texts:
        """Return the texts with larger numbers, and a number before each."""
        if start_char is None:
            return _Texts(self.ids + index_from, self.ends, self.labels)
        ids = np.insert(self.ids + index_from, self.ends[:-1], start_char)
        return _Texts(ids, self.ends + np.arange(len(self.ends)), self.labels)

    def shorter_than(self, maxlen: int | None) -> _Texts:
        """Return the texts of fewer words.

        Raises
        ------
        ValueError
            If there are none.
        """
        if not maxlen:
            return self
        kept = np.flatnonzero(np.diff(self.ends) < maxlen)
        if not len(kept):
            raise ValueError(f"load_data: no text is shorter than maxlen={maxlen}. Give a larger one.")
        return self.ordered(kept)

    def lists(self, num_words: int | None, skip_top: int, oov_char: int | None) -> NDArray[Any]:
        """Return the texts as lists, unknown words replaced or left out."""
        # Without num_words, Keras takes the largest number for the first unknown one.
        known = (self.ids >= skip_top) & (self.ids < (num_words or self.ids.max()))
        if oov_char is None:
            ids, ends = self.ids[known], np.concatenate(([0], np.cumsum(known)))[self.ends]
        else:
            ids, ends = np.where(known, self.ids, oov_char), self.ends
        found = np.empty(len(self.labels), dtype=object)
        for place, (start, end) in enumerate(zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True)):
            found[place] = ids[start:end].tolist()
        return found


@provided("keras.datasets.reuters.get_word_index")
def reuters_word_index(path: str = "reuters_word_index.json") -> dict[str, int]:
    """Return the rank of each word; in the lists of `load_data` it is larger by `index_from`."""
    _check("reuters", path)
    ranks: dict[str, int] = json.loads(_local(_REUTERS_WORDS, "reuters"))
    return ranks


@provided("keras.datasets.imdb.get_word_index")
def imdb_word_index(path: str = "imdb_word_index.json") -> dict[str, int]:
    """Return the rank of each word; in the lists of `load_data` it is larger by `index_from`."""
    _check("imdb", path)
    # Not splitlines(): some words have signs in them that end lines, too.
    words = gzip.decompress(_local(_IMDB_WORDS, "imdb")).decode().removesuffix("\n").split("\n")
    return {word: rank for rank, word in enumerate(words, 1)}


def _order(count: int, seed: int | None) -> NDArray[np.intp]:
    """Return an order that NumPy's global generator draws, seeded first unless the seed is None."""
    if seed is not None:
        np.random.seed(seed)
    order = np.arange(count)
    np.random.shuffle(order)
    return order


def _is_own_file(path: str) -> bool:
    """Return whether a path leads to a file; a relative one, to Keras, is one in its cache."""
    return Path(path).is_absolute() and Path(path).is_file()


def _check(name: str, path: str, test_split: float = 0.0) -> None:
    if _is_own_file(path):
        raise DataError(f"{name}: {path} is not read, since Keras's files of this set are pickles. Leave the path out.")
    if not 0 <= test_split < 1:
        raise ValueError(f"{name}: test_split must be from 0 up to, but not, 1. Got {test_split}.")


def _local(file: RemoteFile, name: str) -> bytes:
    """Return the content of a file that no mirror has."""
    try:
        return read_file(file, ())
    except DataError as error:
        raise DataError(
            f"keras.datasets.{name} needs {file.path} in the folder FEEDFORWARD_DATA or in the cache, with sha256"
            f" {file.sha256}. Keras's own file is a pickle, which is never read. ({error})"
        ) from error


def _arrays(file: RemoteFile, name: str) -> dict[str, NDArray[Any]]:
    with np.load(io.BytesIO(_local(file, name)), allow_pickle=False) as archive:
        return {key: archive[key] for key in archive.files}
