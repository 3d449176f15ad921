"""Oracles: worked by hand; SciPy's affine_transform, on which Keras stands; NumPy's draws in Keras's order."""

import hashlib
import warnings

import numpy as np
import pytest

import feedforward.compat
from feedforward.compat.keras.preprocessing_flow import NumpyArrayIterator
from feedforward.compat.keras.preprocessing_image import ImageDataGenerator, apply_affine_transform
from feedforward.compat.keras.preprocessing_text import (
    Tokenizer,
    hashing_trick,
    one_hot,
    pad_sequences,
    text_to_word_sequence,
)
from feedforward.compat.names import NotProvidedError
from feedforward.compat.version import write_for, written_for

TEXTS = ["The cat sat on the mat.", "The dog sat on the log! The dog.", "Dogs and cats, it's", ""]


@pytest.fixture(autouse=True)
def keras():
    version, state = written_for().name, np.random.get_state()
    feedforward.compat.install(version="keras2")
    import keras

    yield keras
    feedforward.compat.uninstall()
    np.random.set_state(state)
    write_for(version)


# Texts


def test_words_are_cut_at_blanks_and_punctuation():
    assert text_to_word_sequence("It's  A\tb-c, d!") == ["it's", "a", "b", "c", "d"]
    assert text_to_word_sequence("A b.c", filters="", lower=False) == ["A", "b.c"]
    assert text_to_word_sequence("a--b-c", filters="-", split="+") == ["a", "b", "c"]


def test_words_are_numbered_by_how_often_they_are_there():
    tokenizer = Tokenizer()
    tokenizer.fit_on_texts(TEXTS)
    # the 5, sat 2, on 2, dog 2; the others once, all in the order in which they came.
    assert list(tokenizer.word_index) == "the sat on dog cat mat log dogs and cats it's".split()
    assert tokenizer.word_index["the"] == 1 and tokenizer.index_word[4] == "dog" and tokenizer.document_count == 4
    assert tokenizer.word_counts["the"] == 5 and tokenizer.word_docs["the"] == 2 and tokenizer.index_docs[4] == 1
    assert tokenizer.texts_to_sequences(["The dog, a cat"]) == [[1, 4, 5]]
    assert tokenizer.sequences_to_texts([[1, 4, 99]]) == ["the dog"]


def test_words_that_are_not_known_are_left_out_or_have_a_number(keras):
    tokenizer = keras.preprocessing.text.Tokenizer(num_words=4, oov_token="?")
    tokenizer.fit_on_texts(TEXTS)
    assert tokenizer.word_index["?"] == 1 and tokenizer.texts_to_sequences(["the on sat zebra"]) == [[2, 1, 3, 1]]
    write_for("keras1")
    old = Tokenizer(nb_words=3, oov_token="?")
    old.fit_on_texts(TEXTS)
    assert old.nb_words == old.num_words == 3 and old.word_index["?"] == 12  # behind all others
    letters = Tokenizer(char_level=True)
    letters.fit_on_texts(["abA"])
    assert letters.word_index == {"a": 1, "b": 2} and letters.texts_to_sequences(["ba"]) == [[2, 1]]
    lists = Tokenizer()
    lists.fit_on_texts([["One", "two words"]])
    assert lists.word_index == {"one": 1, "two words": 2}


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("binary", [[0, 1, 1, 0], [0, 0, 0, 0]]),
        ("count", [[0, 2, 1, 0], [0, 0, 0, 0]]),
        ("freq", [[0, 0.5, 0.25, 0], [0, 0, 0, 0]]),  # of four numbers, one too large
        # two texts counted; 1 is in both, 2 in one: (1 + log 2) log(1 + 2/3), log(1 + 2/2)
        ("tfidf", [[0, (1 + np.log(2)) * np.log(5 / 3), np.log(2), 0], [0, 0, 0, 0]]),
    ],
)
def test_rows_hold_what_the_mode_says(mode, expected):
    tokenizer = Tokenizer(num_words=4)
    tokenizer.fit_on_sequences([[1, 2, 2], [1, 3]])
    np.testing.assert_allclose(tokenizer.sequences_to_matrix([[1, 2, 1, 9], []], mode), expected, rtol=1e-15)


def test_texts_become_rows_with_a_column_for_each_word():
    tokenizer = Tokenizer()
    tokenizer.fit_on_texts(["a b", "a"])
    assert tokenizer.texts_to_matrix(["b b c", "a"], "count").tolist() == [[0, 0, 2], [0, 1, 0]]


def test_hashes_are_numbers_below_n(keras):
    # md5("cat") = d077f244def8a70e5ea758bd8352fcd8
    assert hashing_trick("cat", 50, "md5") == [int(hashlib.md5(b"cat").hexdigest(), 16) % 49 + 1]
    assert one_hot("a b a", 20) == [hash(word) % 19 + 1 for word in "aba"]
    assert keras.preprocessing.text.hashing_trick("ab c", 10, len) == [3, 2]


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (
            lambda: Tokenizer(3).sequences_to_matrix([], "bin"),
            r"mode must be binary, count, freq or tfidf\. Got 'bin'\.",
        ),
        (lambda: Tokenizer().sequences_to_matrix([[1]]), r"num_words is None\. Give it, or call fit_on_texts first\."),
        (lambda: Tokenizer(3).sequences_to_matrix([[1]], "tfidf"), r"tfidf needs texts that were counted\."),
        (lambda: hashing_trick("a", 5, "sha"), r"hash_function must be a function, 'md5' or None\. Got 'sha'\."),
        (lambda: pad_sequences([[1]], padding="left"), r"padding must be 'pre' or 'post'\. Got 'left'\."),
        (lambda: pad_sequences([1, 2]), r"sequences must be lists of lists\. Got 1 among them\."),
        (lambda: pad_sequences([[[1, 2]], [[1]]]), r"elements have the shapes \(2,\) and \(1,\)\. Expected one\."),
    ],
)
def test_what_cannot_be_done_with_texts_is_one_clear_error(act, message):
    with pytest.raises(ValueError, match=message):
        act()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [[1, 2, 3], [0, 0, 4], [0, 0, 0]]),
        ({"padding": "post", "value": -1}, [[1, 2, 3], [4, -1, -1], [-1, -1, -1]]),
        ({"maxlen": 2}, [[2, 3], [0, 4], [0, 0]]),
        ({"maxlen": 2, "truncating": "post"}, [[1, 2], [0, 4], [0, 0]]),
        ({"maxlen": 4}, [[0, 1, 2, 3], [0, 0, 0, 4], [0, 0, 0, 0]]),
    ],
)
def test_lists_are_filled_up_and_cut_off(options, expected):
    padded = pad_sequences([[1, 2, 3], [4], []], **options)
    assert padded.tolist() == expected and padded.dtype == np.int32


def test_lists_of_rows_are_filled_up_with_rows(keras):
    padded = keras.preprocessing.sequence.pad_sequences([[[1, 2]], [[3, 4], [5, 6]]], dtype="float32")
    assert padded.tolist() == [[[0, 0], [1, 2]], [[3, 4], [5, 6]]] and padded.dtype == np.float32
    with pytest.raises(NotProvidedError, match="recurrent networks and word embeddings by sampling are out of scope"):
        _ = keras.preprocessing.sequence.skipgrams


# Pictures

IMAGE = np.arange(12, dtype=np.float32).reshape(3, 4, 1)


@pytest.mark.parametrize(
    ("fill_mode", "expected"),
    [
        # The image moves up by one row and right by two columns: pixel (r, c) is that at (r + 1, c - 2).
        ("nearest", [[4, 4, 4, 5], [8, 8, 8, 9], [8, 8, 8, 9]]),
        ("constant", [[-1, -1, 4, 5], [-1, -1, 8, 9], [-1, -1, -1, -1]]),
        ("reflect", [[5, 4, 4, 5], [9, 8, 8, 9], [9, 8, 8, 9]]),
        # SciPy's wrap lays the first pixel upon the last one: rows repeat after 2, columns after 3.
        ("wrap", [[5, 6, 4, 5], [9, 10, 8, 9], [5, 6, 4, 5]]),
    ],
)
def test_what_lies_outside_of_an_image_is_what_the_mode_says(fill_mode, expected):
    moved = apply_affine_transform(IMAGE, tx=1, ty=-2, fill_mode=fill_mode, cval=-1)
    np.testing.assert_array_equal(moved[..., 0], expected)


def test_half_a_pixel_is_the_mean_of_two():
    moved = apply_affine_transform(IMAGE, ty=0.5)
    np.testing.assert_array_equal(moved[0, :, 0], [0.5, 1.5, 2.5, 3.0])


def test_turning_shearing_and_zooming_are_scipys_affine_transform():
    ndimage = pytest.importorskip("scipy.ndimage")
    image = np.random.RandomState(0).rand(6, 5, 2).astype(np.float32)
    theta, shear, zoom = np.deg2rad(30), np.deg2rad(10), np.diag([0.8, 1.3])
    matrix = np.array([[np.cos(theta), -np.sin(theta)], [np.sin(theta), np.cos(theta)]])
    move = matrix @ [0.7, -1.2]
    matrix = matrix @ np.array([[1, -np.sin(shear)], [0, np.cos(shear)]]) @ zoom
    middle = np.array([6 / 2 + 0.5, 5 / 2 + 0.5])
    offset = middle + move - matrix @ middle
    for mode in ("nearest", "constant", "reflect", "wrap"):
        expected = np.stack(
            [ndimage.affine_transform(image[..., k], matrix, offset, order=1, mode=mode, cval=0.5) for k in (0, 1)], -1
        )
        geometry = {
            "theta": 30,
            "shear": 10,
            "zx": 0.8,
            "zy": 1.3,
            "tx": 0.7,
            "ty": -1.2,
            "fill_mode": mode,
            "cval": 0.5,
        }
        found = apply_affine_transform(image, **geometry)
        # Both compute in float64 and round once; places may differ by some roundings of numbers below 10.
        np.testing.assert_allclose(found, expected, atol=1e-6)
        first = apply_affine_transform(np.moveaxis(image, 2, 0), **geometry, row_axis=1, col_axis=2, channel_axis=0)
        np.testing.assert_array_equal(np.moveaxis(first, 0, 2), found)


def test_changes_are_drawn_in_the_order_of_keras():
    generator = ImageDataGenerator(
        rotation_range=20,
        width_shift_range=0.2,
        height_shift_range=[1, 3],
        shear_range=10,
        zoom_range=0.3,
        channel_shift_range=5,
        vertical_flip=True,
    )
    found = generator.get_random_transform((10, 8, 3), seed=4)
    draws = np.random.RandomState(4)
    expected = {
        "theta": draws.uniform(-20, 20),
        "tx": draws.choice([1, 3]) * draws.choice([-1, 1]),
        "ty": draws.uniform(-0.2, 0.2) * 8,
        "shear": draws.uniform(-10, 10),
    }
    expected["zx"], expected["zy"] = draws.uniform(0.7, 1.3, 2)
    draws.random_sample()  # for the horizontal flip, which is not wanted
    expected["flip_horizontal"], expected["flip_vertical"] = False, draws.random_sample() < 0.5
    expected["channel_shift_intensity"], expected["brightness"] = draws.uniform(-5, 5), None
    assert found == expected


def test_flips_and_shifts_of_channels_do_what_they_say():
    generator = ImageDataGenerator()
    flipped = generator.apply_transform(IMAGE, {"flip_horizontal": True, "flip_vertical": True})
    np.testing.assert_array_equal(flipped[..., 0], IMAGE[::-1, ::-1, 0])
    shifted = generator.apply_transform(IMAGE, {"channel_shift_intensity": 3.0})
    np.testing.assert_array_equal(shifted[..., 0], np.minimum(IMAGE[..., 0] + 3, 11))
    with pytest.raises(ValueError, match=r"apply_transform: \['spin'\] is not known\."):
        generator.apply_transform(IMAGE, {"spin": 3})


def test_images_are_brought_to_the_scale_of_those_that_were_fitted():
    images = np.random.RandomState(1).rand(20, 4, 3, 2) * [1, 5] + [0, 2]
    generator = ImageDataGenerator(featurewise_std_normalization=True, rescale=2.0)
    with pytest.warns(UserWarning, match=r"featurewise_\w+ has no effect before fit\(images\) was called\."):
        generator.standardize(np.ones((4, 3, 2), np.float32))
    generator.fit(images)
    mean, deviation = images.mean(axis=(0, 1, 2)), images.std(axis=(0, 1, 2))
    np.testing.assert_allclose(generator.mean[0, 0], mean, rtol=1e-6)
    found = generator.standardize(images[0].astype(np.float32))
    np.testing.assert_allclose(found, (2 * images[0] - mean) / (deviation + 1e-6), rtol=1e-5)
    own = ImageDataGenerator(samplewise_std_normalization=True).standardize(images[0].astype(np.float32))
    np.testing.assert_allclose(own, (images[0] - images[0].mean()) / (images[0].std() + 1e-6), rtol=1e-4, atol=1e-6)


def test_whitened_images_have_no_covariance():
    images = np.random.RandomState(1).rand(500, 2, 2, 1)
    generator = ImageDataGenerator(zca_whitening=True)
    generator.fit(images)
    white = np.stack([generator.standardize(image.astype(np.float32)) for image in images]).reshape(500, 4)
    np.testing.assert_allclose(
        white.T @ white / 500, np.eye(4), atol=1e-3
    )  # zca_epsilon over the least eigenvalue, 0.07


def test_batches_follow_the_order_that_the_seed_draws(keras):
    images, labels = np.zeros((5, 2, 2, 1)), np.arange(5)
    batches = keras.preprocessing.image.ImageDataGenerator().flow(images, labels, batch_size=2, seed=3)
    assert isinstance(batches, NumpyArrayIterator) and len(batches) == 3
    np.random.seed(3)
    order = np.random.permutation(5)
    found = [next(batches)[1] for _ in range(4)]
    np.testing.assert_array_equal(np.concatenate(found[:3]), order)
    np.random.seed(3 + 3)
    np.testing.assert_array_equal(found[3], np.random.permutation(5)[:2])
    np.testing.assert_array_equal(batches[2][1], batches.index_array[4:])
    with pytest.raises(IndexError, match=r"batch 3 is not there: an epoch has 3\."):
        batches[3]


def test_batches_have_labels_weights_and_subsets():
    images = np.arange(10.0).reshape(10, 1, 1, 1)
    generator = ImageDataGenerator(validation_split=0.3, rescale=0.5)
    validation = generator.flow(images, np.arange(10), sample_weight=np.ones(10), shuffle=False, subset="validation")
    x, y, weights = next(validation)
    assert x.ravel().tolist() == [0, 0.5, 1.0] and y.tolist() == [0, 1, 2] and weights.tolist() == [1, 1, 1]
    training = generator.flow(images, shuffle=False, subset="training")
    assert training.next().ravel().tolist() == [place / 2 for place in range(3, 10)]
    training.reset(), training.on_epoch_end()
    assert len(training) == 1


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda: ImageDataGenerator(fill_mode="mirror"), r"fill_mode must be one of nearest, .* Got 'mirror'\."),
        (lambda: ImageDataGenerator(zoom_range=(1, 2, 3)), r"zoom_range must be a number or two\. Got \(1, 2, 3\)\."),
        (
            lambda: ImageDataGenerator(validation_split=1),
            r"validation_split must be from 0 up to, but not, 1\. Got 1\.",
        ),
        (lambda: ImageDataGenerator(data_format="nchw"), r"data_format must be 'channels_last' or .* Got 'nchw'\."),
        (lambda: ImageDataGenerator().fit(IMAGE), r"fit: images must have 4 axes\. Got the shape \(3, 4, 1\)\."),
        (lambda: ImageDataGenerator().flow(IMAGE), r"flow: images must have 4 axes\. Got the shape \(3, 4, 1\)\."),
        (
            lambda: ImageDataGenerator().flow(IMAGE[None], [1, 2]),
            r"flow: got 1 images, but 2 labels\. Give one for each",
        ),
        (lambda: ImageDataGenerator().flow(IMAGE[None], subset="x"), r"subset must be 'training', .* Got 'x'\."),
    ],
)
def test_what_cannot_be_done_with_images_is_one_clear_error(act, message):
    with pytest.raises(ValueError, match=message):
        act()


def test_pictures_become_arrays_and_come_back(keras, tmp_path):
    pytest.importorskip("PIL")
    image = keras.preprocessing.image
    picture = image.array_to_img(IMAGE)
    assert picture.size == (4, 3) and picture.mode == "L"
    # Pixels are stretched to 0..255 and cut off: 11 becomes 255, 1 becomes 23.18.
    np.testing.assert_array_equal(image.img_to_array(picture)[..., 0], np.floor(IMAGE[..., 0] / 11 * 255))
    colours = np.zeros((3, 2, 4), np.float32)
    colours[1] = 200
    picture = image.array_to_img(colours, "channels_first", scale=False)
    picture.save(tmp_path / "green.png")
    assert image.img_to_array(image.load_img(tmp_path / "green.png"))[0, 0].tolist() == [0, 200, 0]
    assert image.load_img(tmp_path / "green.png", target_size=(8, 6)).size == (6, 8)
    assert image.load_img(str(tmp_path / "green.png"), grayscale=True).mode == "L"
    assert image.img_to_array(picture, data_format="channels_first").shape == (3, 2, 4)
    bright = ImageDataGenerator(brightness_range=(0.5, 0.5)).random_transform(IMAGE * 23)
    assert bright.shape == (3, 4, 1) and bright.max() == 127  # half of 255, cut off
    with pytest.raises(ValueError, match=r"color_mode must be one of rgb, .* Got 'rgb' and 'cubic'\."):
        image.load_img(tmp_path / "green.png", interpolation="cubic")
    with pytest.raises(ValueError, match=r"an image must have 1 or 3 channels\. Got the shape \(3, 4, 2\)\."):
        image.array_to_img(np.zeros((3, 4, 2)))
    with pytest.raises(ValueError, match=r"an image must have 3 axes\. Got the shape \(3, 4\)\."):
        image.array_to_img(np.zeros((3, 4)))
    with pytest.raises(ValueError, match=r"a picture must have 2 or 3 axes\. Got the shape \(3,\)\."):
        image.img_to_array(np.zeros(3))


def test_a_folder_of_pictures_has_a_class_for_each_folder(keras, tmp_path, capsys):
    pytest.importorskip("PIL")
    image = keras.preprocessing.image
    for label, (name, count) in enumerate((("cats", 3), ("dogs", 2))):
        (tmp_path / name).mkdir()
        for place in range(count):
            pixels = np.full((4, 4, 3), 100 * label + place, np.float32)
            image.array_to_img(pixels, scale=False).save(tmp_path / name / f"{place}.png")
    (tmp_path / "dogs" / "notes.txt").write_text("no picture")
    generator = image.ImageDataGenerator(rescale=1.0, validation_split=0.5)
    options = {"target_size": (2, 2), "shuffle": False, "batch_size": 4}
    batches = generator.flow_from_directory(str(tmp_path), class_mode="binary", **options)
    assert capsys.readouterr().out == "Found 5 images belonging to 2 classes.\n"
    assert batches.class_indices == {"cats": 0, "dogs": 1} and batches.samples == batches.nb_sample == 5
    assert batches.filenames[0] == "cats/0.png" and batches.image_shape == (2, 2, 3) and batches.nb_class == 2
    x, y = next(batches)
    assert x.shape == (4, 2, 2, 3) and x[:, 0, 0, 0].tolist() == [0, 1, 2, 100] and y.tolist() == [0, 0, 0, 1]
    _, y = next(generator.flow_from_directory(str(tmp_path), subset="validation", classes=["dogs", "cats"], **options))
    assert y.tolist() == [[1, 0], [0, 1]]  # one dog of two, one cat of three
    for mode, check in (("sparse", lambda batch: batch[1].dtype == np.int32), ("input", lambda batch: len(batch) == 2)):
        assert check(next(generator.flow_from_directory(str(tmp_path), class_mode=mode, **options)))
    keep = tmp_path / "kept"
    keep.mkdir()
    flow = generator.flow_from_directory(
        str(tmp_path), classes=["cats"], class_mode=None, color_mode="grayscale", save_to_dir=str(keep), **options
    )
    assert next(flow).shape == (3, 2, 2, 1) and len(list(keep.iterdir())) == 3
    with pytest.raises(ValueError, match=r"class_mode must be categorical, .* Got 'many'\."):
        generator.flow_from_directory(str(tmp_path), class_mode="many")


def test_pictures_without_pillow_are_one_clear_error(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    monkeypatch.setitem(sys.modules, "PIL", None)
    from feedforward.compat.keras.preprocessing_pictures import load_img

    with pytest.raises(
        ImportError, match=r"pictures in files need Pillow, which is not installed\. Run pip install pillow"
    ):
        load_img("cat.png")


def test_nothing_warns_of_itself():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ImageDataGenerator(featurewise_center=True).fit(np.zeros((2, 2, 2, 1)))
