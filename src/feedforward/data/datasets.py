"""Known data sets: one row each, and the functions that return them.

A row says where the files are, what their content must be, what a network has to know of it, and how a good one is
trained. Adding a data set touches its row and nothing else. Not here: a user's own tables (``table``), cutting data
into batches.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from feedforward.data.fetch import RemoteFile, fault_of, read_file
from feedforward.data.idx import read_idx
from feedforward.errors import DataError
from feedforward.lookup import Registry, namespace

__all__ = ["digits", "fashion_mnist", "mnist", "load", "find", "Dataset", "Training", "DATASETS"]

Examples: TypeAlias = tuple[NDArray[np.uint8], NDArray[np.uint8]]
"""Images, shape (n, height, width), and labels, shape (n,)."""

TrainAndTest: TypeAlias = tuple[Examples, Examples]
"""``(x_train, y_train), (x_test, y_test)``."""


@dataclass(frozen=True)
class Training:
    """How a network for a data set is made and trained where nobody says otherwise.

    Parameters
    ----------
    layers : tuple of int
        Units of the hidden layers.
    dropout : float
        The share of them left out in each step, from 0 up to, but not, 1.
    epochs : int
        How often every sample is learnt from.
    batch_size : int
        Samples in a step.
    """

    layers: tuple[int, ...]
    dropout: float
    epochs: int
    batch_size: int


@dataclass(frozen=True)
class Dataset:
    """All that is known of a data set.

    Parameters
    ----------
    name : str
        The name by which `load` finds it.
    description : str
        One line.
    source : str
        Address of a page about it.
    licence : str
        Under which its authors give it.
    train_shape, test_shape : tuple of int
        Shapes of the images, the number of images first.
    largest : int
        The largest value a pixel can have; the smallest is 0. Dividing by it scales an image to 0..1.
    class_names : tuple of str
        What the labels 0, 1, ... stand for.
    files : tuple of RemoteFile
        Images and labels for training, then for testing. Empty where the package itself holds the data.
    mirrors : tuple of str
        Addresses of folders that hold the files, each ending in a slash.
    training : Training
        How a good network for it is trained in a minute or two.
    read : callable
        Returns the examples, given this row.
    """

    name: str
    description: str
    source: str
    licence: str
    train_shape: tuple[int, ...]
    test_shape: tuple[int, ...]
    largest: int
    class_names: tuple[str, ...]
    files: tuple[RemoteFile, ...]
    mirrors: tuple[str, ...]
    training: Training
    read: Callable[[Dataset], TrainAndTest]

    @property
    def classes(self) -> int:
        """Number of classes."""
        return len(self.class_names)


def _read_idx_files(dataset: Dataset) -> TrainAndTest:
    """Return what four IDX files hold."""
    contents = (read_idx(read_file(file, dataset.mirrors), file.path) for file in dataset.files)
    x_train, y_train, x_test, y_test = contents
    return (x_train, y_train), (x_test, y_test)


_DIGITS = RemoteFile(
    path="digits.npz", size=45394, sha256="b2dab7b501728c22e9119ad76740b2e17c77a231e42d1e592380d90886f1a05e"
)


def _read_digits(dataset: Dataset) -> TrainAndTest:
    """Return the digits that the package holds, cut as `digits` describes."""
    content = resources.files(__package__).joinpath(_DIGITS.path).read_bytes()
    if fault := fault_of(content, _DIGITS):  # an archive is never opened unchecked
        raise DataError(f"{_DIGITS.path}, a file of this package: {fault}. Install feedforward again.")
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        images, labels = archive["images"], archive["labels"]
    order = np.argsort(np.arange(len(labels), dtype=np.uint64) * 2654435761 % 2**32)
    images, labels = images[order], labels[order]
    is_test = np.zeros(len(labels), dtype=bool)
    each = dataset.test_shape[0] // dataset.classes
    for digit in range(dataset.classes):
        is_test[np.flatnonzero(labels == digit)[-each:]] = True
    return (images[~is_test], labels[~is_test]), (images[is_test], labels[is_test])


DATASETS: Registry[Dataset] = Registry("data set")
"""The rows below, by name."""

_ROWS = (
    Dataset(
        name="digits",
        description="1,797 handwritten digits of 13 writers, 8 x 8 pixels of 0..16; comes with the package",
        source="https://archive.ics.uci.edu/dataset/80",
        licence="CC BY 4.0",
        train_shape=(1437, 8, 8),
        test_shape=(360, 8, 8),
        largest=16,
        class_names=("0", "1", "2", "3", "4", "5", "6", "7", "8", "9"),
        files=(),
        mirrors=(),
        training=Training(layers=(256,), dropout=0.3, epochs=40, batch_size=32),
        read=_read_digits,
    ),
    Dataset(
        name="mnist",
        description="70,000 handwritten digits, 28 x 28 pixels of 0..255",
        source="http://yann.lecun.com/exdb/mnist/",
        licence="CC BY-SA 3.0",
        train_shape=(60000, 28, 28),
        test_shape=(10000, 28, 28),
        largest=255,
        class_names=("0", "1", "2", "3", "4", "5", "6", "7", "8", "9"),
        files=(
            RemoteFile(
                path="mnist/train-images-idx3-ubyte.gz",
                size=9912422,
                sha256="440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
                unpacked=RemoteFile(
                    path="mnist/train-images-idx3-ubyte",
                    size=47040016,
                    sha256="ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
                ),
            ),
            RemoteFile(
                path="mnist/train-labels-idx1-ubyte.gz",
                size=28881,
                sha256="3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
                unpacked=RemoteFile(
                    path="mnist/train-labels-idx1-ubyte",
                    size=60008,
                    sha256="65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
                ),
            ),
            RemoteFile(
                path="mnist/t10k-images-idx3-ubyte.gz",
                size=1648877,
                sha256="8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
                unpacked=RemoteFile(
                    path="mnist/t10k-images-idx3-ubyte",
                    size=7840016,
                    sha256="0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
                ),
            ),
            RemoteFile(
                path="mnist/t10k-labels-idx1-ubyte.gz",
                size=4542,
                sha256="f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
                unpacked=RemoteFile(
                    path="mnist/t10k-labels-idx1-ubyte",
                    size=10008,
                    sha256="ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
                ),
            ),
        ),
        mirrors=(
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
        ),
        training=Training(layers=(512,), dropout=0.2, epochs=5, batch_size=128),
        read=_read_idx_files,
    ),
    Dataset(
        name="fashion_mnist",
        description="70,000 pictures of clothing, 28 x 28 pixels of 0..255",
        source="https://github.com/zalandoresearch/fashion-mnist",
        licence="MIT",
        train_shape=(60000, 28, 28),
        test_shape=(10000, 28, 28),
        largest=255,
        class_names=(
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
        files=(
            RemoteFile(
                path="fashion-mnist/train-images-idx3-ubyte.gz",
                size=26421880,
                sha256="3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
                unpacked=RemoteFile(
                    path="fashion-mnist/train-images-idx3-ubyte",
                    size=47040016,
                    sha256="c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
                ),
            ),
            RemoteFile(
                path="fashion-mnist/train-labels-idx1-ubyte.gz",
                size=29515,
                sha256="a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
                unpacked=RemoteFile(
                    path="fashion-mnist/train-labels-idx1-ubyte",
                    size=60008,
                    sha256="bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
                ),
            ),
            RemoteFile(
                path="fashion-mnist/t10k-images-idx3-ubyte.gz",
                size=4422102,
                sha256="346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
                unpacked=RemoteFile(
                    path="fashion-mnist/t10k-images-idx3-ubyte",
                    size=7840016,
                    sha256="5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
                ),
            ),
            RemoteFile(
                path="fashion-mnist/t10k-labels-idx1-ubyte.gz",
                size=5148,
                sha256="67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
                unpacked=RemoteFile(
                    path="fashion-mnist/t10k-labels-idx1-ubyte",
                    size=10008,
                    sha256="0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
                ),
            ),
        ),
        mirrors=(
            "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        ),
        training=Training(layers=(512,), dropout=0.2, epochs=10, batch_size=128),
        read=_read_idx_files,
    ),
)

for _row in _ROWS:
    DATASETS.register(_row.name)(_row)


def find(name: str) -> Dataset:
    """Return the row of the data set called `name`; a dash and an underscore are one.

    Raises
    ------
    TypeError
        If `name` is not a str.
    ValueError
        If there is none; the message offers the nearest name.

    Examples
    --------
    >>> find("fashion-mnist").class_names[:2]
    ('T-shirt/top', 'Trouser')
    >>> find("minst")
    Traceback (most recent call last):
        ...
    ValueError: Unknown data set 'minst'. Did you mean 'mnist'?
    """
    if not isinstance(name, str):
        raise TypeError(f"The name of a data set must be a str. Got {name!r}. Known: {', '.join(DATASETS)}.")
    return DATASETS[name.replace("-", "_")]


def load(name: str) -> TrainAndTest:
    """Return the examples of the data set called `name`, for training and for testing.

    Parameters
    ----------
    name : str
        ``"digits"``, ``"mnist"`` or ``"fashion_mnist"``; a dash and an underscore are one.

    Returns
    -------
    (x_train, y_train), (x_test, y_test) : uint8 arrays, shapes (n, height, width) and (n,)
        Images, whose pixels are 0..`Dataset.largest`, and labels.

    Raises
    ------
    ValueError
        If there is no such data set.
    DataError
        If a file can be neither found nor downloaded, or is not what it should be.

    Examples
    --------
    >>> (x_train, y_train), (x_test, y_test) = load("digits")
    >>> x_train.shape, y_test.shape
    ((1437, 8, 8), (360,))
    """
    dataset = find(name)
    return dataset.read(dataset)


def digits() -> TrainAndTest:
    """Return 1,797 handwritten digits of 8 x 8 pixels: 1,437 for training, 360 (36 of each digit) for testing.

    Image i of the source has the key ``i * 2654435761 mod 2**32``. The images are put in the order of their keys; of
    each digit the last 36 are for testing. Keys are spread evenly (the multiplier is 2**32 over the golden ratio), so
    both parts, and any stretch of them, come from all over the source. No random numbers: the cut never changes.

    Returns
    -------
    (x_train, y_train), (x_test, y_test) : uint8 arrays, shapes (n, 8, 8) and (n,)
        Pixels 0..16 (how many of 4 x 4 dots were ink), labels 0..9.

    Notes
    -----
    The writers of the test images also wrote training images: accuracy on new writers is lower.

    References
    ----------
    E. Alpaydin and C. Kaynak (1998), "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository, its
    test part, https://doi.org/10.24432/C50P49, CC BY 4.0. Multiplicative hashing: Knuth, "The Art of Computer
    Programming", volume 3, section 6.4.

    Examples
    --------
    >>> (x_train, y_train), (x_test, y_test) = digits()
    >>> int(x_train.max()), y_train[:6].tolist()
    (16, [0, 2, 7, 3, 9, 6])
    """
    return load("digits")


def mnist() -> TrainAndTest:
    """Return MNIST: 70,000 handwritten digits of 28 x 28 pixels, 60,000 of them for training.

    Returns
    -------
    (x_train, y_train), (x_test, y_test) : uint8 arrays, shapes (n, 28, 28) and (n,)
        Pixels 0 (paper) to 255 (ink), labels 0..9.

    Raises
    ------
    DataError
        If a file can be neither found nor downloaded (11.6 MB in all), or is not what it should be.

    References
    ----------
    LeCun, Bottou, Bengio and Haffner (1998), "Gradient-based learning applied to document recognition", section III.
    """
    return load("mnist")


def fashion_mnist() -> TrainAndTest:
    """Return Fashion-MNIST: 70,000 pictures of clothing of 28 x 28 pixels, 60,000 of them for training.

    Returns
    -------
    (x_train, y_train), (x_test, y_test) : uint8 arrays, shapes (n, 28, 28) and (n,)
        Pixels 0 (background) to 255, labels 0..9; ``find("fashion_mnist").class_names`` says what they stand for.

    Raises
    ------
    DataError
        If a file can be neither found nor downloaded (30.9 MB in all), or is not what it should be.

    References
    ----------
    Xiao, Rasul and Vollgraf (2017), "Fashion-MNIST: a novel image dataset for benchmarking machine learning
    algorithms", arXiv:1708.07747.
    """
    return load("fashion_mnist")


if not TYPE_CHECKING:
    __getattr__, __dir__ = namespace("feedforward.datasets", __all__)
