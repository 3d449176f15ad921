"""The batches of an `ImageDataGenerator`: from arrays, and from folders of pictures."""

from __future__ import annotations

import os
from collections.abc import Iterator as PythonIterator
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from feedforward.compat.keras.preprocessing_pictures import array_to_img, img_to_array, load_img
from feedforward.compat.names import provided

if TYPE_CHECKING:
    from feedforward.compat.keras.preprocessing_image import ImageDataGenerator

__all__ = ["DirectoryIterator", "Iterator", "NumpyArrayIterator"]

Saving: TypeAlias = tuple[str | None, str, str]
"""Folder, begin of the names and format of pictures that are to be kept."""

_FORMATS = (".png", ".jpg", ".jpeg", ".bmp", ".ppm", ".tif", ".tiff")


@provided("keras.preprocessing.image.Iterator")
class Iterator:
    """Batches without end; ``[i]`` is the i-th one of an epoch, `len` their number.

    Parameters
    ----------
    n : int
        How many samples there are.
    batch_size : int
        How many of them make a batch; an epoch's last one may have fewer.
    shuffle : bool
        Whether each epoch has a new order, by NumPy's global generator.
    seed : int or None
        That generator is seeded with it, and the number of batches so far, before each.
    """

    def __init__(self, n: int, batch_size: int, shuffle: bool, seed: int | None) -> None:
        self.n, self.batch_size, self.shuffle, self.seed = n, batch_size, shuffle, seed
        self.batch_index = 0
        self.total_batches_seen = 0
        self.index_array: NDArray[np.intp] | None = None

    def _draw_order(self) -> NDArray[np.intp]:
        self.index_array = np.random.permutation(self.n) if self.shuffle else np.arange(self.n)
        return self.index_array

    def _begin_batch(self) -> None:
        if self.seed is not None:
            np.random.seed(self.seed + self.total_batches_seen)
        self.total_batches_seen += 1

    def __len__(self) -> int:
        return -(-self.n // self.batch_size)

    def __getitem__(self, index: int) -> Any:
        if not 0 <= index < len(self):
            raise IndexError(f"batch {index} is not there: an epoch has {len(self)}.")
        self._begin_batch()
        order = self._draw_order() if self.index_array is None else self.index_array
        return self._batch(order[self.batch_size * index : self.batch_size * (index + 1)])

    def __iter__(self) -> PythonIterator[Any]:
        return self

    def __next__(self) -> Any:
        self._begin_batch()
        order = self._draw_order() if self.batch_index == 0 or self.index_array is None else self.index_array
        start = self.batch_index * self.batch_size
        self.batch_index = self.batch_index + 1 if start + self.batch_size < self.n else 0
        return self._batch(order[start : start + self.batch_size])

    def next(self) -> Any:
        """Return the next batch."""
        return next(self)

    def on_epoch_end(self) -> None:
        """Draw the order of the next epoch."""
        self._draw_order()

    def reset(self) -> None:
        """Begin an epoch with the next batch."""
        self.batch_index = 0

    def _batch(self, places: NDArray[np.intp]) -> Any:
        """Return the batch of some samples."""
        raise NotImplementedError


def _keep(images: NDArray[Any], places: NDArray[np.intp], saving: Saving, data_format: str) -> None:
    """Write the pictures of a batch into a folder, if there is one."""
    folder, prefix, ending = saving
    if folder:
        for image, place in zip(images, places, strict=True):
            name = f"{prefix}_{place}_{np.random.randint(10000)}.{ending}"
            array_to_img(image, data_format).save(os.path.join(folder, name))


def _part(count: int, share: float, subset: str | None) -> slice:
    """Return which of some samples a subset has: the first ones are for validation."""
    if subset not in (None, "training", "validation"):
        raise ValueError(f"subset must be 'training', 'validation' or None. Got {subset!r}.")
    cut = int(count * share)
    return slice(None) if subset is None else slice(cut) if subset == "validation" else slice(cut, None)


@provided("keras.preprocessing.image.NumpyArrayIterator")
class NumpyArrayIterator(Iterator):
    """Batches of images from an array, changed at random.

    Parameters
    ----------
    x : array, shape (n, height, width, channels), or channels first
        The images.
    y : array or None
        Their labels; without them, batches are images alone.
    image_data_generator : ImageDataGenerator
        What changes them.
    batch_size, shuffle, seed
        See `Iterator`.
    sample_weight : array or None
        Weights of the samples, a third part of each batch.
    saving : (str or None, str, str)
        Where to keep the pictures.
    subset : {"training", "validation"} or None
        Which part of the samples to take.

    Raises
    ------
    ValueError
        If lengths differ, or images have another shape.
    """

    def __init__(
        self,
        x: Any,
        y: Any,
        image_data_generator: ImageDataGenerator,
        batch_size: int = 32,
        shuffle: bool = False,
        sample_weight: Any = None,
        seed: int | None = None,
        saving: Saving = (None, "", "png"),
        subset: str | None = None,
    ) -> None:
        self.x = np.asarray(x, dtype=np.float32)
        if self.x.ndim != 4:
            raise ValueError(f"flow: images must have 4 axes. Got the shape {self.x.shape}.")
        part = _part(len(self.x), image_data_generator.validation_split, subset)
        beside = [None if array is None else np.asarray(array) for array in (y, sample_weight)]
        for name, array in zip(("labels", "weights"), beside, strict=True):
            if array is not None and len(array) != len(self.x):
                raise ValueError(f"flow: got {len(self.x)} images, but {len(array)} {name}. Give one for each.")
        self.x = self.x[part]
        self.y, self.sample_weight = (None if array is None else array[part] for array in beside)
        self.image_data_generator, self._saving = image_data_generator, saving
        super().__init__(len(self.x), batch_size, shuffle, seed)

    def _batch(self, places: NDArray[np.intp]) -> Any:
        generator = self.image_data_generator
        images = np.zeros((len(places), *self.x.shape[1:]), dtype=np.float32)
        for row, place in zip(images, places, strict=True):
            row[...] = generator.standardize(generator.random_transform(self.x[place].copy()))
        _keep(images, places, self._saving, generator.data_format)
        beside = [array[places] for array in (self.y, self.sample_weight) if array is not None]
        return (images, *beside) if beside else images


@provided("keras.preprocessing.image.DirectoryIterator")
class DirectoryIterator(Iterator):
    """Batches of pictures from a folder that has a folder for each class; needs Pillow.

    Parameters
    ----------
    directory : str
        The folder.
    image_data_generator : ImageDataGenerator
        What changes the pictures.
    reading : ((int, int), str, str, bool)
        Height and width of all, color mode, interpolation (see `load_img`), whether to follow links.
    classes : list of str or None
        Folders to take, in the order of their labels; None: all, in the order of the alphabet.
    class_mode : {"categorical", "binary", "sparse", "input"} or None
        Labels as one-hot rows, as float32, as int32, the images themselves, or none.
    batch_size, shuffle, seed
        See `Iterator`.
    saving, subset
        See `NumpyArrayIterator`; a subset is a part of each class.

    Attributes
    ----------
    filenames : list of str
        The pictures, by class and name.
    classes : int32 array
        Their labels.
    class_indices : dict of str to int
        Which label a folder has.
    samples, num_classes : int
        How many there are.

    Raises
    ------
    ValueError
        If a mode is not known.
    """

    def __init__(
        self,
        directory: str,
        image_data_generator: ImageDataGenerator,
        reading: tuple[tuple[int, int], str, str, bool],
        classes: list[str] | None,
        class_mode: str | None,
        batch_size: int,
        shuffle: bool,
        seed: int | None,
        saving: Saving,
        subset: str | None,
    ) -> None:
        if class_mode not in ("categorical", "binary", "sparse", "input", None):
            raise ValueError(f"class_mode must be categorical, binary, sparse, input or None. Got {class_mode!r}.")
        self.directory, self.image_data_generator, self.class_mode = directory, image_data_generator, class_mode
        self.target_size, self.color_mode, self.interpolation, follow_links = reading
        self._saving = saving
        folders = classes or sorted(entry.name for entry in os.scandir(directory) if entry.is_dir())
        self.class_indices = {name: label for label, name in enumerate(folders)}
        self.filenames: list[str] = []
        labels: list[int] = []
        for name, label in self.class_indices.items():
            found = [
                os.path.relpath(os.path.join(root, file), directory)
                for root, _, files in sorted(os.walk(os.path.join(directory, name), followlinks=follow_links))
                for file in sorted(files)
                if file.lower().endswith(_FORMATS)
            ]
            found = found[_part(len(found), image_data_generator.validation_split, subset)]
            self.filenames += found
            labels += [label] * len(found)
        self.classes = np.array(labels, dtype=np.int32)
        self.samples, self.num_classes = len(labels), len(folders)
        self.nb_sample, self.nb_class = self.samples, self.num_classes  # as Keras 1 calls them
        print(f"Found {self.samples} images belonging to {self.num_classes} classes.")
        super().__init__(self.samples, batch_size, shuffle, seed)

    @property
    def image_shape(self) -> tuple[int, ...]:
        """The shape of an image."""
        channels = {"rgb": 3, "grayscale": 1, "rgba": 4}[self.color_mode]
        is_last = self.image_data_generator.data_format == "channels_last"
        return (*self.target_size, channels) if is_last else (channels, *self.target_size)

    def _batch(self, places: NDArray[np.intp]) -> Any:
        generator = self.image_data_generator
        images = np.zeros((len(places), *self.image_shape), dtype=np.float32)
        for row, place in zip(images, places, strict=True):
            path = os.path.join(self.directory, self.filenames[place])
            picture = load_img(path, False, self.color_mode, self.target_size, self.interpolation)
            pixels = img_to_array(picture, generator.data_format)
            row[...] = generator.standardize(generator.random_transform(pixels))
        _keep(images, places, self._saving, generator.data_format)
        labels = self.classes[places]
        if self.class_mode is None:
            return images
        if self.class_mode == "input":
            return images, images.copy()
        if self.class_mode == "sparse":
            return images, labels
        if self.class_mode == "binary":
            return images, labels.astype(np.float32)
        return images, np.eye(self.num_classes, dtype=np.float32)[labels]
