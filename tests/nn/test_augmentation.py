"""Oracle (d): scipy.ndimage's map_coordinates and gaussian_filter; (a) pictures moved by hand; (e) seeds, batches."""

import re

import numpy as np
import pytest

import feedforward as ff
from feedforward.errors import ShapeError
from feedforward.nn.resampling import resample
from feedforward.tensor import Tensor

ndimage = pytest.importorskip("scipy.ndimage")
L = ff.layers
EPS = float(np.finfo(np.float32).eps)
SCIPY_MODES = {"reflect": "reflect", "nearest": "nearest", "constant": "grid-constant"}
PICTURE = np.arange(12, dtype=np.float32).reshape(1, 3, 4)
EVERY = {
    "affine": lambda **more: L.RandomAffine(0.2, 0.1, 0.2, 0.3, "horizontal", **more),
    "cutout": lambda **more: L.RandomCutout(3, **more),
    "deletion": lambda **more: L.RandomDeletion(0.2, 0.2, 0.2, **more),
    "elastic": lambda **more: L.RandomElastic(6.0, 2.0, **more),
    "flip": lambda **more: L.RandomFlip(**more),
    "rotation": lambda **more: L.RandomRotation(0.2, **more),
    "shear": lambda **more: L.RandomShear(0.4, 0.2, **more),
    "translation": lambda **more: L.RandomTranslation(0.3, 0.2, **more),
    "zoom": lambda **more: L.RandomZoom(0.4, 0.2, **more),
}

MOVED = {"rotation", "shear", "translation", "zoom"}
"""Those that only give other matrices to the code of an affine layer; which ones, tests of their own compare."""

SAMPLED = [pytest.param(name, marks=pytest.mark.slow if name in MOVED else []) for name in EVERY]


def draw(*shape, seed=0, low=-2.0, high=2.0):
    return np.random.default_rng(seed).uniform(low, high, shape).astype(np.float32)


def in_training(layer, x, seed=0, step=0):
    """Return what a layer gives in step `step` of a training with seed `seed`."""
    with ff.random.drawing_from(seed, step):
        return layer(x, training=True).numpy()


@pytest.mark.parametrize("mode", SCIPY_MODES)
@pytest.mark.parametrize("size", [(7, 9), (2, 3), (1, 4), (1, 1)])
@pytest.mark.parametrize("fill", [0.0, 1.5])
def test_resample_reads_between_pixels_as_scipy_does(mode, size, fill):
    x, row, column = draw(5, *size), draw(5, *size, seed=1, low=-20, high=20), draw(5, *size, seed=2, low=-20, high=20)
    row[0], column[0] = np.indices(size)  # pixels themselves
    row[1], column[1] = row[0] + 0.5, column[0] - 0.5
    value = fill if mode == "constant" else 0.0
    got = resample(Tensor(x), Tensor(row), Tensor(column), fill_mode=mode, fill_value=value).numpy()
    expected = [
        ndimage.map_coordinates(one, [r, c], order=1, mode=SCIPY_MODES[mode], cval=value)
        for one, r, c in zip(x.astype(np.float64), row, column, strict=True)
    ]
    # A place of up to 20 pixels is rounded to 20 EPS by float32, folding it takes three roundings more; pixels
    # differ by up to 4, along two axes, and four products are added.
    np.testing.assert_allclose(got, expected, rtol=0, atol=2 * 4 * 4 * 20 * EPS)
    np.testing.assert_array_equal(got[0], x[0])


@pytest.mark.parametrize("mode", SCIPY_MODES)
def test_resample_reads_the_nearest_pixel_as_scipy_does(mode):
    x, row, column = draw(5, 7, 9), draw(5, 7, 9, seed=1, low=-9, high=16), draw(5, 7, 9, seed=2, low=-9, high=16)
    got = resample(Tensor(x), Tensor(row), Tensor(column), fill_mode=mode, interpolation="nearest").numpy()
    expected = [
        ndimage.map_coordinates(one, [r, c], order=0, mode=SCIPY_MODES[mode])
        for one, r, c in zip(x, row, column, strict=True)
    ]
    np.testing.assert_array_equal(got, expected)


def matrix(name, low):
    """Return what each layer does to the places of pixels, (row, column) from the middle, by its formula."""
    angle = low * 2 * np.pi
    return {
        "rotation": [[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]],
        "zoom": [[1 + low, 0], [0, 1 + low]],
        "shear": [[1, low], [low, 1]],
    }[name]


@pytest.mark.parametrize("mode", SCIPY_MODES)
@pytest.mark.parametrize(
    ("name", "make"),
    [("rotation", L.RandomRotation), ("zoom", L.RandomZoom), ("shear", lambda f, **more: L.RandomShear(f, f, **more))],
)
def test_pictures_are_moved_by_the_matrix_of_the_layer(mode, name, make):
    x = draw(2, 7, 10)
    got = in_training(make((0.15, 0.15), fill_mode=mode), x)
    by = np.array(matrix(name, 0.15))
    middle = np.array([3, 4.5])
    for one, picture in zip(got, x.astype(np.float64), strict=True):
        expected = ndimage.affine_transform(picture, by, middle - by @ middle, order=1, mode=SCIPY_MODES[mode])
        np.testing.assert_allclose(one, expected, rtol=0, atol=2 * 4 * 4 * 10 * EPS)  # as above


def test_a_shift_is_a_part_of_the_size():
    got = in_training(L.RandomTranslation((1 / 3, 1 / 3), (-0.5, -0.5), fill_mode="constant", fill_value=-1), PICTURE)
    np.testing.assert_allclose(got, [[[-1, -1, -1, -1], [2, 3, -1, -1], [6, 7, -1, -1]]], atol=1e-5)  # 1 / 3 is rounded


def test_all_motions_at_once_are_one_after_another():
    """Flipped, scaled, slanted, turned, shifted: each alone on smooth pictures, whose blur is small, and the pixels."""
    places = np.stack(np.meshgrid(np.linspace(-1, 1, 41), np.linspace(-1, 1, 41), indexing="ij"))
    x = (np.exp(-4 * ((places[0] - 0.2) ** 2 + (places[1] + 0.1) ** 2)))[None].astype(np.float32)
    f = {"zoom": 0.1, "shear": 0.05, "rotation": 0.06, "translation": 0.04}
    pairs = {name: (value, value) for name, value in f.items()}
    got = in_training(L.RandomAffine(**pairs), x)
    steps = [
        L.RandomZoom(pairs["zoom"]),
        L.RandomShear(pairs["shear"], pairs["shear"]),
        L.RandomRotation(pairs["rotation"]),
        L.RandomTranslation(pairs["translation"], pairs["translation"]),
    ]
    expected = x
    for step in steps:
        expected = in_training(step, expected)
    # Read between its pixels a picture is off by at most h^2 / 8 |f''|: 0.05^2 / 8 * 8 along each of two axes, four
    # times.
    inner = (slice(None), slice(8, -8), slice(8, -8))
    np.testing.assert_allclose(got[inner], expected[inner], atol=4 * 2 * 0.05**2)
    assert np.abs(got - x).max() > 0.1


def test_a_flip_in_an_affine_layer_is_that_of_a_flip():
    x = draw(200, 3, 4)
    got = in_training(L.RandomAffine(flip="horizontal_and_vertical"), x)
    kinds = np.stack([x, x[:, ::-1], x[:, :, ::-1], x[:, ::-1, ::-1]])
    which = (got == kinds).all((2, 3)).argmax(0)
    np.testing.assert_array_equal(kinds[which, np.arange(200)], got)
    counts = np.bincount(which, minlength=4)
    # Binomial counts of 200 draws are within 5 standard deviations, sqrt(200 / 4 * 3 / 4) = 6.1, of 50.
    assert (np.abs(counts - 50) < 31).all()


@pytest.mark.parametrize(
    ("mode", "axes"), [("vertical", (1,)), ("horizontal", (2,)), ("horizontal_and_vertical", (1, 2))]
)
def test_flip_mirrors_half_of_the_pictures_along_its_axes(mode, axes):
    x = draw(400, 3, 4)
    got = in_training(L.RandomFlip(mode), x)
    kinds = [x]
    for axis in axes:
        kinds += [np.flip(one, axis) for one in kinds]
    is_kind = [(got == kind).all((1, 2)) for kind in kinds]
    assert (np.sum(is_kind, axis=0) == 1).all()
    assert all(abs(one.sum() - 400 / len(kinds)) < 5 * np.sqrt(100) for one in is_kind)  # 5 deviations at most


def test_elastic_moves_pixels_by_a_field_blurred_as_scipy_does():
    n, height, width, alpha, sigma = 3, 9, 12, 8.0, 2.0
    layer = L.RandomElastic(alpha, sigma, fill_mode="nearest")
    x = draw(n, height, width)
    got = in_training(layer, x, seed=4, step=5)
    with ff.random.drawing_from(4, 5):
        uniform = ff.random.uniform_of_step((n, 2, height, width), "float32", None).numpy().astype(np.float64)
    places = np.indices((height, width))
    for one, picture, field in zip(got, x.astype(np.float64), uniform * 2 - 1, strict=True):
        blurred = [ndimage.gaussian_filter(part, sigma, mode="constant", truncate=20) * alpha for part in field]
        expected = ndimage.map_coordinates(picture, places + blurred, order=1, mode="nearest")
        # A field of up to 8 pixels and places up to 12 are rounded to 20 EPS, after sums of 21 terms.
        np.testing.assert_allclose(one, expected, rtol=0, atol=2 * 4 * 21 * 20 * EPS)
    assert np.abs(got - x).max() > 0.1


@pytest.mark.parametrize("sigma", [1e-3, 0.3, 9.9, 10.1, 1e6])
def test_elastic_takes_any_stiffness(sigma):
    x = draw(2, 5, 6)
    got = in_training(L.RandomElastic(0.5, sigma), x)
    assert np.isfinite(got).all()
    if sigma > 1e3:  # nothing is moved farther than 0.5 * 30 pixels / (2 pi sigma^2) of one
        np.testing.assert_allclose(got, x, atol=1e-5)


def test_deletion_blanks_its_share_of_rows_columns_and_pixels():
    x = np.ones((500, 20, 30), np.float32)
    rows, columns, pixels = (
        in_training(L.RandomDeletion(**{name: 0.3}, fill_value=-1), x) for name in ("rows", "columns", "pixels")
    )
    assert {*np.unique(rows)} == {-1, 1}
    assert (rows == rows[:, :, :1]).all()
    assert (columns == columns[:, :1]).all()
    # Counts of n draws are within 5 standard deviations, 5 sqrt(n 0.3 0.7), of 0.3 n.
    for got, n in ((rows[:, :, 0], 500 * 20), (columns[:, 0], 500 * 30), (pixels, x.size)):
        assert abs((got == -1).sum() - 0.3 * n) < 5 * np.sqrt(n * 0.21)
    assert (pixels != pixels[:, :, :1]).any()
    np.testing.assert_array_equal(in_training(L.RandomDeletion(), x), x)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_cutout_blanks_one_square_around_any_pixel(size):
    n, height, width = 300, 5, 6
    got = in_training(L.RandomCutout(size, fill_value=2), np.zeros((n, height, width), np.float32))
    squares = np.zeros((height, width, height, width))
    for i in range(height):
        for j in range(width):
            top, left = max(i - size // 2, 0), max(j - size // 2, 0)
            squares[i, j, top : i - size // 2 + size, left : j - size // 2 + size] = 2
    kinds = {square.astype(np.float32).tobytes() for square in squares.reshape(-1, height, width)}
    found = {one.tobytes() for one in got}
    assert found <= kinds
    # That one of 30 kinds is never drawn in 300: below 30 (29 / 30)^300 = 0.1 %; of this seed it is not so.
    assert found == kinds


@pytest.mark.parametrize("name", SAMPLED)
def test_channels_are_changed_alike_wherever_they_are(name):
    x = draw(4, 6, 5, 3)
    last = in_training(EVERY[name](), x)
    first = in_training(EVERY[name](data_format="channels_first"), x.transpose(0, 3, 1, 2))
    np.testing.assert_array_equal(first.transpose(0, 2, 3, 1), last)
    for channel in range(3):
        np.testing.assert_array_equal(in_training(EVERY[name](), x[..., channel]), last[..., channel])
    assert (last != x).any()


@pytest.mark.parametrize("name", SAMPLED)
def test_bytes_and_floats_give_the_same_and_nothing_changes_outside_training(name):
    x = np.random.default_rng(0).integers(0, 256, (4, 6, 5)).astype(np.uint8)
    got = in_training(EVERY[name](), x)
    assert got.dtype == np.float32
    np.testing.assert_array_equal(got, in_training(EVERY[name](), x.astype(np.float32)))
    np.testing.assert_array_equal(EVERY[name]()(x).numpy(), x.astype(np.float32))


@pytest.mark.parametrize("name", SAMPLED)
def test_float64_stays_and_draws_are_those_of_seed_step_and_place(name):
    x = draw(8, 6, 5)
    wide = in_training(EVERY[name](dtype="float64"), x.astype(np.float64))
    assert wide.dtype == np.float64
    layer = EVERY[name]()
    first = in_training(layer, x, seed=1, step=2)
    np.testing.assert_array_equal(in_training(EVERY[name](), x, seed=1, step=2), first)
    np.testing.assert_array_equal(in_training(layer, x[:3], seed=1, step=2), first[:3])  # of fewer pictures
    assert (in_training(layer, x, seed=1, step=3) != first).any()
    assert (in_training(layer, x, seed=2, step=2) != first).any()
    own = in_training(EVERY[name](seed=5), x, seed=1)
    np.testing.assert_array_equal(in_training(EVERY[name](seed=5), x, seed=2), own)
    assert (first != first[:1]).any()  # pictures are changed each in its own way


@pytest.mark.parametrize("name", SAMPLED)
def test_the_gradient_goes_to_the_pixels_that_were_read(name):
    x = ff.Variable(draw(2, 4, 5))
    ff.set_seed(1)
    with ff.GradientTape() as tape:
        loss = (EVERY[name]()(x, training=True) ** 2).sum()
    slope = tape.gradient(loss, x).numpy()
    step, direction = 1e-2, draw(2, 4, 5, seed=9)

    def value(shift):
        ff.set_seed(1)
        return float((EVERY[name]()(x.numpy() + shift * direction, training=True) ** 2).sum())

    # The loss is a parabola in the shift, so that central differences are exact but for roundings of 40 numbers.
    difference = (value(step) - value(-step)) / (2 * step)
    assert abs((slope * direction).sum() - difference) < 40 * 4 * 4 * EPS / step


@pytest.mark.parametrize("name", SAMPLED)
def test_machine_code_and_interpreter_change_pictures_alike(name):
    x = draw(5, 6, 5)
    native = in_training(EVERY[name](), x)
    ff.use_backend("interpreter")
    try:
        other = in_training(EVERY[name](), x)
    finally:
        ff.use_backend("llvm")
    # A cosine may differ by a rounding, and a place by some: pixels differ by 4 at most.
    np.testing.assert_allclose(native, other, rtol=0, atol=4 * 4 * 10 * EPS)


def model_of(layer, seed=3):
    model = ff.Sequential([ff.Input((6, 5), dtype="uint8"), layer, L.Flatten(), L.Dense(3)])
    model.seed = seed
    model.compile(ff.optimizers.SGD(1e-4), ff.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


@pytest.mark.parametrize("name", SAMPLED)
def test_a_model_that_is_saved_goes_on_with_the_same_pictures(name, tmp_path):
    x, y = np.random.default_rng(0).integers(0, 256, (70, 6, 5)).astype(np.uint8), np.arange(70) % 3
    model = model_of(EVERY[name]())
    model.fit(x, y, epochs=1, verbose=0)
    model.save(tmp_path / "m.ff")
    loaded = ff.load(tmp_path / "m.ff")
    for one in (model, loaded):
        one.fit(x, y, epochs=2, verbose=0)
    for a, b in zip(model.get_weights(), loaded.get_weights(), strict=True):
        assert a.tobytes() == b.tobytes()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: L.RandomRotation(-0.1),
            "RandomRotation(factor=-0.1): factor must be a number f >= 0, for from -f to f, or a pair (low, high), in",
        ),
        (lambda: L.RandomRotation((0.2, 0.1)), "RandomRotation(factor=(0.2, 0.1)): factor must be a number f >= 0"),
        (lambda: L.RandomRotation((0.1,)), "RandomRotation(factor=(0.1,)): factor must be"),
        (lambda: L.RandomRotation(float("nan")), "RandomRotation(factor=nan): factor must be"),
        (lambda: L.RandomRotation(20), "(low, high), in full turns from -1 to 1: 20 degrees are 20 / 360. Got 20."),
        (lambda: L.RandomAffine(rotation=(-20, 20)), "20 degrees are 20 / 360. Got (-20, 20)."),
        (lambda: L.RandomRotation("a"), "RandomRotation(factor='a'): factor must be"),
        (lambda: L.RandomRotation(True), "RandomRotation(factor=True): factor must be"),
        (lambda: L.RandomTranslation(0.1, None), "RandomTranslation(width_factor=None): width_factor must be"),
        (lambda: L.RandomZoom(1), "RandomZoom(height_factor=1): height_factor must be a number f >= 0, for from -f to"),
        (lambda: L.RandomZoom((-1, 0)), "or a pair (low, high), above -1. Got (-1, 0)."),
        (lambda: L.RandomAffine(zoom=1.5), "RandomAffine(zoom=1.5): zoom must be"),
        (lambda: L.RandomAffine(flip="up"), "RandomAffine(flip='up'): flip must be 'horizontal_and_vertical' or"),
        (lambda: L.RandomFlip(1), "RandomFlip(mode=1): mode must be 'horizontal_and_vertical' or 'horizontal' or"),
        (lambda: L.RandomFlip(["vertical"]), "RandomFlip(mode=['vertical']): mode must be"),
        (lambda: L.RandomShear(fill_mode="wrap"), "fill_mode must be 'reflect' or 'nearest' or 'constant'. Got 'wrap'"),
        (
            lambda: L.RandomShear(fill_value=1),
            "RandomShear(fill_value=1.0): fill_mode='reflect' takes none. Give fill_",
        ),
        (lambda: L.RandomShear(interpolation="cubic"), "interpolation must be 'bilinear' or 'nearest'. Got 'cubic'."),
        (lambda: L.RandomFlip(data_format="last"), "data_format must be 'channels_last' or 'channels_first'. Got"),
        (lambda: L.RandomElastic(-1, 1), "RandomElastic(alpha=-1): alpha must be a number >= 0. Got -1."),
        (lambda: L.RandomElastic(1, 0), "RandomElastic(sigma=0): sigma must be a number > 0. Got 0."),
        (lambda: L.RandomDeletion(1.0), "RandomDeletion(rows=1.0): rows must be a number from 0 up to, but not, 1."),
        (lambda: L.RandomCutout(0), "RandomCutout(size=0): size must be an int >= 1. Got 0."),
        (lambda: L.RandomFlip(seed=-1), "seed -1 must be an int from 0 to 2**63 - 1."),
        (lambda: L.RandomRotation(0.1, "constant"), "takes 2 positional arguments but 3 were given"),
        (lambda: L.RandomRotation(faktor=0.1), "there is no argument 'faktor'. Did you mean 'factor'?"),
    ],
)
def test_a_wrong_setting_is_refused_where_the_layer_is_made(make, message):
    with pytest.raises((ValueError, TypeError), match=re.escape(message)):
        make()


@pytest.mark.parametrize("shape", [(4,), (4, 5, 3, 2), (None, 5), (5, None, 3)])
@pytest.mark.parametrize("training", [False, True])
def test_what_is_no_picture_is_refused(shape, training):
    message = (
        r"layer 'turned': input shape \(batch.*RandomRotation expects pictures, \(batch, h, w\) or \(batch, h, w, c"
    )
    with pytest.raises(ShapeError, match=message):
        L.RandomRotation(0.1, name="turned")(ff.Input(shape), training=training)


def test_no_picture_and_one_pixel_are_pictures():
    for make in EVERY.values():
        assert in_training(make(), np.zeros((0, 4, 5), np.float32)).shape == (0, 4, 5)
        assert in_training(make(), np.ones((2, 1, 1), np.float32)).shape == (2, 1, 1)


def test_nan_spreads_to_its_neighbours_only():
    x = np.zeros((1, 5, 5), np.float32)
    x[0, 2, 2] = np.nan
    got = in_training(L.RandomTranslation((0.1, 0.1), (0.1, 0.1), fill_mode="nearest"), x)
    assert np.isnan(got[0, 2:4, 2:4]).all()
    assert np.isnan(got).sum() <= 9


def test_other_numbers_make_no_other_code(monkeypatch):
    from feedforward.backends import codes

    made = []
    init = codes.Compiled.__init__
    monkeypatch.setattr(codes.Compiled, "__init__", lambda self, *args: (made.append(args), init(self, *args))[1])
    x, y = np.zeros((64, 6, 5), np.uint8), np.zeros(64, int)
    for number in (0.12, 0.34):
        model = model_of(L.RandomAffine(number, number, number, number, fill_mode="constant"))
        model.fit(x, y, batch_size=64, verbose=0)
        model = model_of(L.RandomElastic(10 * number, 4 * number))
        model.fit(x, y, batch_size=64, verbose=0)
        if number == 0.12:
            assert made
            made.clear()
    assert not made
