"""``keras.preprocessing.image.ImageDataGenerator``, which changes images at random and brings them to one scale.

All draws come from NumPy's global generator, in Keras's order. Not here: pictures in files
(``preprocessing_pictures.py``), the batches of a generator (``preprocessing_flow.py``).
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedforward.compat.keras.preprocessing_flow import DirectoryIterator, NumpyArrayIterator
from feedforward.compat.keras.preprocessing_pictures import array_to_img, axes_of, img_to_array, pillow
from feedforward.compat.names import provided
from feedforward.compat.version import written_for

__all__ = ["ImageDataGenerator", "apply_affine_transform"]

_FILL_MODES = ("nearest", "constant", "reflect", "wrap")


@provided("keras.preprocessing.image.apply_affine_transform")
def apply_affine_transform(
    x: NDArray[Any],
    theta: float = 0,
    tx: float = 0,
    ty: float = 0,
    shear: float = 0,
    zx: float = 1,
    zy: float = 1,
    row_axis: int = 0,
    col_axis: int = 1,
    channel_axis: int = 2,
    fill_mode: str = "nearest",
    cval: float = 0.0,
) -> NDArray[Any]:
    """Return an image turned, moved, sheared and zoomed about its middle.

    The pixel at (r, c) becomes that at ``R T S Z (r, c)``, interpolated between its four neighbours, where R turns by
    theta, T moves by (tx, ty), S shears, Z is diag(zx, zy).

    Parameters
    ----------
    x : array with 3 axes
        The image.
    theta, shear : float
        Angles in degrees.
    tx, ty : float
        Pixels, along rows and columns.
    zx, zy : float
        How much larger the part is that is seen, along rows and columns.
    row_axis, col_axis, channel_axis : int
        Which axes are which.
    fill_mode : {"nearest", "constant", "reflect", "wrap"}
        What lies outside of the image: its edge, `cval`, its mirror image, or itself again.
    cval : float
        See there.

    Notes
    -----
    The middle is at ``height / 2 + 0.5``, as in Keras up to 2.3: half a pixel from the middle of pixels 0 to height - 1
    would be ``height / 2 - 0.5``.
    """
    angle, lean = np.deg2rad(theta), np.deg2rad(shear)
    matrix = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    matrix = matrix @ np.array([[1, 0, tx], [0, 1, ty], [0, 0, 1]])
    matrix = matrix @ np.array([[1, -np.sin(lean), 0], [0, np.cos(lean), 0], [0, 0, 1]])
    matrix = matrix @ np.diag([zx, zy, 1])
    if np.array_equal(matrix, np.eye(3)):
        return x
    image = np.moveaxis(x, (row_axis, col_axis, channel_axis), (0, 1, 2))
    middle = np.array([image.shape[0] / 2 + 0.5, image.shape[1] / 2 + 0.5])
    offset = middle + matrix[:2, 2] - matrix[:2, :2] @ middle
    found = _sampled(image, matrix[:2, :2], offset, fill_mode, cval)
    return np.moveaxis(found, (0, 1, 2), (row_axis, col_axis, channel_axis))


def _sampled(
    image: NDArray[Any], matrix: NDArray[Any], offset: NDArray[Any], fill_mode: str, cval: float
) -> NDArray[Any]:
    """Return the image whose pixel at p is that at ``matrix p + offset``, interpolated between four neighbours."""
    height, width, channels = image.shape
    down, across = np.arange(height)[:, np.newaxis], np.arange(width)
    row_places, column_places = offset[0] + matrix[0, 0] * down, offset[1] + matrix[1, 1] * across
    if matrix[0, 1]:  # without it all of a row lies on one: there is less to compute
        row_places = row_places + matrix[0, 1] * across
    if matrix[1, 0]:
        column_places = column_places + matrix[1, 0] * down
    rows, row_part = _neighbours(row_places, height, fill_mode)
    columns, column_part = _neighbours(column_places, width, fill_mode)
    pixels = image.reshape(-1, channels)
    corners = [[pixels.take(row * width + column, axis=0) for column in columns] for row in rows]
    upper, lower = (left * (1 - column_part) + right * column_part for left, right in corners)
    found = upper * (1 - row_part) + lower * row_part
    if fill_mode == "constant":
        found[_is_outside(row_places, height) | _is_outside(column_places, width)] = cval
    sampled: NDArray[Any] = found.astype(image.dtype)
    return sampled


def _neighbours(
    places: NDArray[Any], size: int, fill_mode: str
) -> tuple[tuple[NDArray[Any], NDArray[Any]], NDArray[Any]]:
    """Return between which two pixels places on an axis lie, and how far from the first to the second."""
    if fill_mode == "wrap":  # as SciPy has it, on which Keras stands: the first pixel lies upon the last one
        period = max(size - 1, 1)
        turns = np.where(places < 0, np.floor(-places / period) + 1, -np.floor(places / period))
        places = np.where((places < 0) | (places > size - 1), places + period * turns, places)
    elif fill_mode != "reflect":
        places = np.minimum(np.maximum(places, 0), size - 1)
    first = np.floor(places).astype(np.int64)
    part = (places - first)[..., np.newaxis]
    if fill_mode == "reflect":
        return (_folded(first, size), _folded(first + 1, size)), part
    return (first, np.minimum(first + 1, size - 1)), part


def _folded(index: NDArray[Any], size: int) -> NDArray[Any]:
    """Return which pixel lies at a place beyond the edges, where the image is mirrored again and again."""
    index = index % (2 * size)
    folded: NDArray[Any] = np.minimum(index, 2 * size - 1 - index)
    return folded


def _is_outside(places: NDArray[Any], size: int) -> NDArray[np.bool_]:
    return (places < 0) | (places > size - 1)


@provided("keras.preprocessing.image.ImageDataGenerator")
class ImageDataGenerator:
    """Changes images at random, and brings them to one scale, batch after batch.

    Parameters
    ----------
    featurewise_center, featurewise_std_normalization : bool
        Whether to subtract the mean of each channel, and divide by its standard deviation, over the images given to
        `fit`.
    samplewise_center, samplewise_std_normalization : bool
        The same, over the image itself.
    zca_whitening : bool
        Whether to multiply by the inverse square root of the covariance of pixels, from `fit`.
    zca_epsilon : float
        Added to its eigenvalues.
    rotation_range, shear_range : float
        Angles are drawn between minus and plus so many degrees.
    width_shift_range, height_shift_range : float, int or sequence
        A share of the image if it is less than 1, else pixels; a whole number, or a sequence to choose from, moves by
        whole pixels.
    brightness_range : (float, float) or None
        Factors of brightness; needs Pillow.
    zoom_range : float or (float, float)
        Factors of size, by itself between 1 - it and 1 + it, along rows and columns.
    channel_shift_range : float
        What is added to all pixels, at most.
    fill_mode, cval
        See `apply_affine_transform`.
    horizontal_flip, vertical_flip : bool
        Whether half of the images are mirrored.
    rescale : float or None
        What pixels are multiplied by, after all changes.
    preprocessing_function : callable or None
        What is done to an image before that.
    data_format, dim_ordering : str or None
        Which axis the channels are; None: `keras.backend` says it.
    validation_split : float
        The share of samples that ``subset="validation"`` has.

    Raises
    ------
    ValueError
        If an argument is none of these.
    """

    def __init__(
        self,
        featurewise_center: bool = False,
        samplewise_center: bool = False,
        featurewise_std_normalization: bool = False,
        samplewise_std_normalization: bool = False,
        zca_whitening: bool = False,
        zca_epsilon: float = 1e-6,
        rotation_range: float = 0,
        width_shift_range: Any = 0.0,
        height_shift_range: Any = 0.0,
        brightness_range: tuple[float, float] | None = None,
        shear_range: float = 0.0,
        zoom_range: Any = 0.0,
        channel_shift_range: float = 0.0,
        fill_mode: str = "nearest",
        cval: float = 0.0,
        horizontal_flip: bool = False,
        vertical_flip: bool = False,
        rescale: float | None = None,
        preprocessing_function: Any = None,
        data_format: str | None = None,
        validation_split: float = 0.0,
        dim_ordering: str | None = None,
    ) -> None:
        if fill_mode not in _FILL_MODES:
            raise ValueError(f"fill_mode must be one of {', '.join(_FILL_MODES)}. Got {fill_mode!r}.")
        if not 0 <= validation_split < 1:
            raise ValueError(f"validation_split must be from 0 up to, but not, 1. Got {validation_split}.")
        if np.isscalar(zoom_range):
            zoom_range = (1 - zoom_range, 1 + zoom_range)  # type: ignore[operator]
        if len(zoom_range) != 2:
            raise ValueError(f"zoom_range must be a number or two. Got {zoom_range!r}.")
        self.row_axis, self.col_axis, self.channel_axis = axes_of(data_format or dim_ordering)
        self.data_format = "channels_last" if self.channel_axis == 2 else "channels_first"
        # What is divided by a deviation, or whitened, is centred, too.
        self.featurewise_center = featurewise_center or featurewise_std_normalization or zca_whitening
        self.featurewise_std_normalization = featurewise_std_normalization and not zca_whitening
        self.samplewise_center = samplewise_center or samplewise_std_normalization
        self.samplewise_std_normalization = samplewise_std_normalization
        self.zca_whitening, self.zca_epsilon = zca_whitening, zca_epsilon
        self.rotation_range, self.shear_range, self.zoom_range = rotation_range, shear_range, zoom_range
        self.width_shift_range, self.height_shift_range = width_shift_range, height_shift_range
        self.brightness_range, self.channel_shift_range = brightness_range, channel_shift_range
        self.fill_mode, self.cval = fill_mode, cval
        self.horizontal_flip, self.vertical_flip = horizontal_flip, vertical_flip
        self.rescale, self.preprocessing_function = rescale, preprocessing_function
        self.validation_split = validation_split
        self._epsilon = 1e-6 if written_for().keras >= (2, 2) else 1e-7
        self.mean: Any = None
        self.std: Any = None
        self.principal_components: Any = None

    def fit(self, x: Any, augment: bool = False, rounds: int = 1, seed: int | None = None) -> None:
        """Find means, deviations and covariances of images.

        Parameters
        ----------
        x : array, shape (n, height, width, channels), or channels first
            The images.
        augment : bool
            Whether to change them at random first.
        rounds : int
            How often.
        seed : int or None
            Of the changes.

        Raises
        ------
        ValueError
            If the images have another shape.
        """
        images = np.array(x, dtype=np.float32)
        if images.ndim != 4:
            raise ValueError(f"fit: images must have 4 axes. Got the shape {images.shape}.")
        if seed is not None:
            np.random.seed(seed)
        if augment:
            images = np.stack([self.random_transform(image) for _ in range(rounds) for image in images])
        axes = (0, self.row_axis + 1, self.col_axis + 1)
        if self.featurewise_center:
            self.mean = images.mean(axis=axes, keepdims=True)[0]
            images -= self.mean
        if self.featurewise_std_normalization:
            self.std = images.std(axis=axes, keepdims=True)[0]
            images /= self.std + self._epsilon
        if self.zca_whitening:
            flat = images.reshape(len(images), -1)
            directions, sizes, _ = np.linalg.svd(flat.T @ flat / len(flat))
            self.principal_components = (directions / np.sqrt(sizes + self.zca_epsilon)) @ directions.T

    def get_random_transform(self, img_shape: tuple[int, ...], seed: int | None = None) -> dict[str, Any]:
        """Return what to do to an image of some shape, drawn at random."""
        if seed is not None:
            np.random.seed(seed)
        theta = np.random.uniform(-self.rotation_range, self.rotation_range) if self.rotation_range else 0
        tx = _shift(self.height_shift_range, img_shape[self.row_axis])
        ty = _shift(self.width_shift_range, img_shape[self.col_axis])
        shear = np.random.uniform(-self.shear_range, self.shear_range) if self.shear_range else 0
        zx, zy = (
            (1, 1) if tuple(self.zoom_range) == (1, 1) else np.random.uniform(self.zoom_range[0], self.zoom_range[1], 2)
        )
        # From 2.2 on there is a draw for each flip, wanted or not.
        is_new = written_for().keras >= (2, 2)
        flips = [(is_new or wanted) and np.random.random() < 0.5 and wanted for wanted in self._flips()]
        channel_shift = self.channel_shift_range and np.random.uniform(
            -self.channel_shift_range, self.channel_shift_range
        )
        brightness = None if self.brightness_range is None else np.random.uniform(*self.brightness_range)
        return {
            "theta": theta,
            "tx": tx,
            "ty": ty,
            "shear": shear,
            "zx": zx,
            "zy": zy,
            "flip_horizontal": flips[0],
            "flip_vertical": flips[1],
            "channel_shift_intensity": channel_shift or None,
            "brightness": brightness,
        }

    def _flips(self) -> tuple[bool, bool]:
        return self.horizontal_flip, self.vertical_flip

    def apply_transform(self, x: NDArray[Any], transform_parameters: dict[str, Any]) -> NDArray[Any]:
        """Return an image changed as `get_random_transform` says; what is left out is not done.

        Raises
        ------
        ValueError
            If a key is not one of those.
        """
        wanted = dict(transform_parameters)
        geometry = {key: wanted.pop(key) for key in ("theta", "tx", "ty", "shear", "zx", "zy") if key in wanted}
        axes = (self.row_axis, self.col_axis, self.channel_axis)
        x = apply_affine_transform(x, **geometry, **_named(axes), fill_mode=self.fill_mode, cval=self.cval)
        if shift := wanted.pop("channel_shift_intensity", None):
            x = np.clip(x + np.float32(shift), x.min(), x.max())
        if wanted.pop("flip_horizontal", False):
            x = np.flip(x, self.col_axis)
        if wanted.pop("flip_vertical", False):
            x = np.flip(x, self.row_axis)
        if (brightness := wanted.pop("brightness", None)) is not None:
            picture = pillow("ImageEnhance").Brightness(array_to_img(x, self.data_format))
            x = img_to_array(picture.enhance(brightness), self.data_format)
        if wanted:
            raise ValueError(f"apply_transform: {sorted(wanted)} is not known. See get_random_transform.")
        return x

    def random_transform(self, x: NDArray[Any], seed: int | None = None) -> NDArray[Any]:
        """Return an image changed at random."""
        return self.apply_transform(x, self.get_random_transform(x.shape, seed))

    def standardize(self, x: NDArray[Any]) -> NDArray[Any]:
        """Return an image, or a batch, brought to the scale that the generator was made for."""
        if self.preprocessing_function:
            x = self.preprocessing_function(x)
        if self.rescale:
            x = x * np.float32(self.rescale)
        if self.samplewise_center:
            x = x - x.mean(keepdims=True)
        if self.samplewise_std_normalization:
            x = x / (x.std(keepdims=True) + self._epsilon)
        for wanted, found in (
            ("featurewise_center", self.mean),
            ("featurewise_std_normalization", self.std),
            ("zca_whitening", self.principal_components),
        ):
            if not getattr(self, wanted):
                continue
            if found is None:
                warnings.warn(f"{wanted} has no effect before fit(images) was called.", stacklevel=2)
            elif wanted == "zca_whitening":
                x = (x.reshape(-1, len(found)) @ found).reshape(x.shape)
            else:
                x = x - found if wanted == "featurewise_center" else x / (found + self._epsilon)
        return x

    def flow(
        self,
        x: Any,
        y: Any = None,
        batch_size: int = 32,
        shuffle: bool = True,
        sample_weight: Any = None,
        seed: int | None = None,
        save_to_dir: str | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
    ) -> NumpyArrayIterator:
        """Return batches of images from an array, without end; see `NumpyArrayIterator`."""
        saving = save_to_dir, save_prefix, save_format
        return NumpyArrayIterator(x, y, self, batch_size, shuffle, sample_weight, seed, saving, subset)

    def flow_from_directory(
        self,
        directory: str,
        target_size: tuple[int, int] = (256, 256),
        color_mode: str = "rgb",
        classes: list[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        save_to_dir: str | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        follow_links: bool = False,
        subset: str | None = None,
        interpolation: str = "nearest",
    ) -> DirectoryIterator:
        """Return batches of images from a folder with one folder for each class; see `DirectoryIterator`."""
        saving = save_to_dir, save_prefix, save_format
        reading = target_size, color_mode, interpolation, follow_links
        return DirectoryIterator(
            directory, self, reading, classes, class_mode, batch_size, shuffle, seed, saving, subset
        )


def _named(axes: tuple[int, int, int]) -> dict[str, int]:
    return dict(zip(("row_axis", "col_axis", "channel_axis"), axes, strict=True))


def _shift(wanted: Any, size: int) -> float:
    """Return by how many pixels to move an image, drawn as Keras draws it."""
    if np.ndim(wanted) == 0 and not wanted:
        return 0
    if np.ndim(wanted) or isinstance(wanted, int | np.integer):
        shift = float(np.random.choice(wanted) * np.random.choice([-1, 1]))
    else:
        shift = float(np.random.uniform(-wanted, wanted))
    return shift * size if np.max(wanted) < 1 else shift
