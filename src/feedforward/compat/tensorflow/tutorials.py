"""What TensorFlow's MNIST tutorials read: ``input_data.read_data_sets`` and the batches of its data sets.

Orders are drawn by NumPy's global generator, as there, so a program that seeds it gets the batches that it got then.
Not here: where the files of a data set come from (`feedforward.data`), Keras's data sets (``keras/datasets.py``).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from feedforward.compat.names import provide, provided, refuse
from feedforward.compat.tensorflow.random import present_seed
from feedforward.compat.version import written_for
from feedforward.data.datasets import load
from feedforward.data.idx import read_idx

__all__ = ["DataSet", "Datasets", "read_data_sets"]

_MODULES = (
    "tf.examples.tutorials.mnist.input_data",
    "tf.g3doc.tutorials.mnist.input_data",
    "tf.contrib.learn.datasets.mnist",
    "tf.contrib.learn.python.learn.datasets.mnist",
)
_FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
_SOURCES = (
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "http://yann.lecun.com/exdb/mnist/",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
)
_PER_LEVEL = np.float32(1 / 255)


def _names(name: str) -> tuple[str, ...]:
    return tuple(f"{module}.{name}" for module in _MODULES)


provide(_SOURCES[0], *_names("DEFAULT_SOURCE_URL"), *_names("SOURCE_URL"))


@provided("tf.contrib.learn.datasets.base.Datasets", "tf.contrib.learn.python.learn.datasets.base.Datasets")
class Datasets(NamedTuple):
    """The three parts of MNIST.

    Parameters
    ----------
    train, validation, test : DataSet
        The parts.
    """

    train: DataSet
    validation: DataSet
    test: DataSet


@provided(*_names("DataSet"))
class DataSet:
    """Images and labels that are handed out in batches, in a new order in each epoch.

    Parameters
    ----------
    images : uint8 array, shape (n, height, width, 1)
        The images.
    labels : array, shape (n,) or (n, classes)
        The labels.
    fake_data : bool
        Whether to hand out ones instead.
    one_hot : bool
        Whether fake labels are one-hot. Others are as they are given.
    dtype : dtype
        ``float32``: pixels are multiplied by the float32 number 1 / 255. ``uint8``: they stay as they are.
    reshape : bool
        Whether an image becomes one row of pixels.
    seed : int or None
        Of NumPy's global generator, which is seeded here, as TensorFlow 1.2 and later do: with the graph's seed or,
        where there is none either, anew.

    Raises
    ------
    TypeError
        If the dtype is another one.
    ValueError
        If there are not as many labels as images, or images to be reshaped have not one channel.

    Notes
    -----
    No epoch's images are put in order at once: a batch is gathered, and its pixels made float32, when it is asked for.
    That takes as long as from an ordered copy, and a quarter of the memory.
    """

    def __init__(
        self,
        images: Any,
        labels: Any,
        fake_data: bool = False,
        one_hot: bool = False,
        dtype: Any = np.float32,
        reshape: bool = True,
        seed: int | None = None,
    ) -> None:
        name = np.dtype(getattr(dtype, "as_numpy_dtype", dtype)).name
        if name not in ("uint8", "float32"):
            raise TypeError(f"DataSet: dtype must be uint8 or float32. Got {name}.")
        # Until 1.1 nothing was seeded, an epoch's last rows that fill no batch were dropped, and the first one was in
        # the order of the file.
        self._is_old = written_for().tensorflow < (1, 1)
        if not self._is_old:
            np.random.seed(present_seed() if seed is None else seed)
        self._images, self._labels = np.asarray(images), np.asarray(labels)
        self._is_fake, self.one_hot = fake_data, one_hot
        self._num_examples = 10000 if fake_data else len(self._images)
        if not fake_data and len(self._images) != len(self._labels):
            raise ValueError(f"DataSet: got {len(self._images)} images, but {len(self._labels)} labels. Give one each.")
        if reshape and not fake_data:
            if self._images.shape[3:] != (1,):
                raise ValueError(
                    f"DataSet: images to be reshaped must have the shape (n, height, width, 1). Got"
                    f" {self._images.shape}. Give reshape=False to leave them as they are."
                )
            self._images = self._images.reshape(len(self._images), -1)
        self._is_scaled = name == "uint8"
        self._order: NDArray[np.intp] | None = None  # in which the rows are handed out; None: as they lie
        self._epochs_completed = 0
        self._index_in_epoch = 0

    @property
    def images(self) -> NDArray[Any]:
        """All images, in the order of the present epoch."""
        self._settle()
        return self._images

    @property
    def labels(self) -> NDArray[Any]:
        """All labels, in the order of the present epoch."""
        self._settle()
        return self._labels

    @property
    def num_examples(self) -> int:
        """How many images there are."""
        return self._num_examples

    @property
    def epochs_completed(self) -> int:
        """How often all images were handed out."""
        return self._epochs_completed

    def next_batch(self, batch_size: int, fake_data: bool = False, shuffle: bool = True) -> tuple[Any, Any]:
        """Return the next images and labels.

        Parameters
        ----------
        batch_size : int
            How many.
        fake_data : bool
            Whether to return ones instead.
        shuffle : bool
            Whether an epoch that begins with this call has a new order.

        Returns
        -------
        images, labels : arrays of batch_size rows
            Where an epoch ends within the batch, its last rows and then the first ones of the next epoch.

        Raises
        ------
        ValueError
            If the data set is made of fake data, and this call does not say so.
        """
        if fake_data:
            return [[1] * 784] * batch_size, [[1] + [0] * 9 if self.one_hot else 0] * batch_size
        if self._is_fake:
            raise ValueError("next_batch: the data set was made with fake_data=True. Give fake_data=True here, too.")
        start, count = self._index_in_epoch, self._num_examples
        self._index_in_epoch = end = start + batch_size
        if self._is_old:
            if end > count:
                self._begin_epoch(shuffle=True)
                start, end = 0, batch_size
                self._index_in_epoch = end
            return self._rows(start, end)
        if self._epochs_completed == 0 and start == 0 and shuffle:
            self._shuffle()
        if end <= count:
            return self._rows(start, end)
        last_images, last_labels = self._rows(start, count)
        self._begin_epoch(shuffle)
        self._index_in_epoch = end = end - count
        images, labels = self._rows(0, end)
        return np.concatenate((last_images, images)), np.concatenate((last_labels, labels))

    def _begin_epoch(self, shuffle: bool) -> None:
        self._epochs_completed += 1
        if shuffle:
            self._shuffle()

    def _shuffle(self) -> None:
        order = np.arange(self._num_examples)
        np.random.shuffle(order)
        self._order = order if self._order is None else self._order[order]

    def _rows(self, start: int, end: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return the images and labels of a stretch of the epoch."""
        if self._order is None:
            return self._scaled(self._images[start:end]), self._labels[start:end]
        places = self._order[start:end]
        # take is quicker than an index, and a small batch costs what its calls cost.
        return self._scaled(self._images.take(places, axis=0)), self._labels.take(places, axis=0)

    def _scaled(self, images: NDArray[Any]) -> NDArray[Any]:
        return images if self._is_scaled else np.multiply(images, _PER_LEVEL, dtype=np.float32, casting="unsafe")

    def _settle(self) -> None:
        """Put the rows themselves in the order of the epoch, for who looks at all of them."""
        images, labels = self._images, self._labels
        if self._order is not None:
            images, labels = images[self._order], labels[self._order]
        self._images, self._labels = self._scaled(images), labels
        self._order, self._is_scaled = None, True


@provided(*_names("dense_to_one_hot"))
def dense_to_one_hot(labels_dense: NDArray[Any], num_classes: int) -> NDArray[np.float64]:
    """Return labels as rows that are 1 in the column of the label and 0 elsewhere; float64, as TensorFlow has them."""
    one_hot: NDArray[np.float64] = np.eye(num_classes)[np.ravel(labels_dense)]
    return one_hot


@provided(*_names("read_data_sets"))
def read_data_sets(
    train_dir: str,
    fake_data: bool = False,
    one_hot: bool = False,
    dtype: Any = np.float32,
    reshape: bool = True,
    validation_size: int = 5000,
    seed: int | None = None,
    source_url: str = _SOURCES[0],
) -> Datasets:
    """Return MNIST in three parts; the first images of the 60,000 for training are those for validation.

    Parameters
    ----------
    train_dir : str
        A folder. If the four IDX files lie in it, packed or not, they are read, whatever they show. Relative to the
        working folder, or else to the program's. Where they do not, this package's own copy is read (or downloaded, to
        the user's cache and not to here).
    fake_data, one_hot, dtype, reshape, seed
        As in `DataSet`.
    validation_size : int
        How many images are for validation.
    source_url : str
        Where to download from: one of the addresses of MNIST, or one with ``fashion`` in it for Fashion-MNIST.

    Returns
    -------
    Datasets
        ``train``, ``validation`` and ``test``.

    Raises
    ------
    ValueError
        If `validation_size` is out of range, or `source_url` an address of something else.
    DataError
        If a file can be neither found nor downloaded, or is not IDX.
    """
    options: dict[str, Any] = {"dtype": dtype, "reshape": reshape, "seed": seed}
    if fake_data:
        train, validation, test = (DataSet([], [], True, one_hot, **options) for _ in range(3))
        return Datasets(train, validation, test)
    (x_train, y_train), (x_test, y_test) = _from_folder(train_dir) or load(_data_set_at(source_url or _SOURCES[0]))
    if not 0 <= validation_size <= len(x_train):
        raise ValueError(f"read_data_sets: validation_size must be from 0 to {len(x_train)}. Got {validation_size}.")
    if one_hot:
        y_train, y_test = dense_to_one_hot(y_train, 10), dense_to_one_hot(y_test, 10)
    x_train, x_test = x_train[..., np.newaxis], x_test[..., np.newaxis]
    return Datasets(
        train=DataSet(x_train[validation_size:], y_train[validation_size:], **options),
        validation=DataSet(x_train[:validation_size], y_train[:validation_size], **options),
        test=DataSet(x_test, y_test, **options),
    )


def _data_set_at(source_url: str) -> str:
    if "fashion" in source_url:
        return "fashion_mnist"
    if source_url.replace("https:", "http:") in [known.replace("https:", "http:") for known in _SOURCES]:
        return "mnist"
    raise ValueError(
        f"read_data_sets: source_url {source_url!r} is none of MNIST's or Fashion-MNIST's. Those are known:"
        f" {', '.join(_SOURCES)}. Download its four files into the folder train_dir to read another data set."
    )


def _from_folder(train_dir: str) -> tuple[tuple[NDArray[Any], NDArray[Any]], tuple[NDArray[Any], NDArray[Any]]] | None:
    """Return what the four files of a folder hold; None where one is missing."""
    beside_program = Path(sys.path[0] if sys.path else "")
    for folder in (Path(train_dir), beside_program / train_dir, beside_program / "MNIST_data"):
        paths = [next((path for path in _spellings(folder, name) if path.is_file()), None) for name in _FILES]
        found = [path for path in paths if path is not None]
        if len(found) == len(paths):
            x_train, y_train, x_test, y_test = (read_idx(path.read_bytes(), str(path)) for path in found)
            return (x_train, y_train), (x_test, y_test)
    return None


def _spellings(folder: Path, name: str) -> tuple[Path, ...]:
    # Some programs that unpack write train-images.idx3-ubyte: a dot for the dash.
    return folder / f"{name}.gz", folder / name, folder / name.replace("-idx", ".idx")


@provided("tf.contrib.learn.datasets.load_dataset")
def load_dataset(name: str) -> Datasets:
    """Return the data set called ``"mnist"``, as `read_data_sets` does; TensorFlow's other ones are not provided."""
    if name != "mnist":
        raise ValueError(f"load_dataset: {name!r} is not provided. Expected 'mnist'. Read the file with NumPy instead.")
    return load_mnist()


@provided(*_names("load_mnist"))
def load_mnist(train_dir: str = "MNIST-data") -> Datasets:
    """Return MNIST as `read_data_sets` does."""
    return read_data_sets(train_dir)


refuse(
    "read all four files at once with read_data_sets.",
    *_names("extract_images"),
    *_names("extract_labels"),
    *_names("maybe_download"),
    "tf.contrib.learn.datasets.base.maybe_download",
    "tf.contrib.learn.python.learn.datasets.base.maybe_download",
)
