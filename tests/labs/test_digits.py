"""Oracle: worked by hand; float64 formulas; and identities: a script, a link and one call come to the same bits."""

import contextlib
import io
import math
import urllib.request

import numpy as np
import pytest

import feedforward as ff
from feedforward.labs.catalog import rooms
from feedforward.labs.digits.lab import Digits, Settings
from feedforward.labs.digits.networks import NETWORKS, networks
from feedforward.labs.digits.pictures import pictures
from feedforward.labs.digits.run import QUANTILES
from feedforward.labs.digits.strokes import image_of
from feedforward.labs.errors import LabError
from feedforward.labs.link import read_link, write_link
from feedforward.labs.packing import pack
from feedforward.labs.session import opened
from feedforward.labs.settings import as_json

SMALL = Settings(data="digits")
LINE = [[(0.5, 0.1), (0.5, 0.9)]]


def lab_of(network="softmax", **changes):
    lab = Digits(SMALL)
    lab.set("network", network)
    for name, value in changes.items():
        lab.set(name, value)
    return lab


def trained(lab, steps):
    while lab.run.step < steps:
        lab.run.train(steps - lab.run.step)
    return lab


def finished(lab):
    while lab.is_playing:
        lab.advance(0.05)
    return lab


def link_of(lab):
    return write_link({"lab": "digits", "settings": as_json(lab.settings), "run": lab.saved()})


# Strokes


def test_a_vertical_line_in_the_small_image_covers_three_of_four_columns_left_and_right_of_the_middle():
    # The middle of 32 columns is 15.5; those within 2.5 of it are 13 to 18: three in each of the blocks 12-15, 16-19.
    image = image_of(LINE, 8)
    assert image.shape == (8, 8) and image.dtype == np.uint8
    assert (image[1:7, 3:5] == 4 * 3).all()
    assert not image[:, :3].any() and not image[:, 5:].any()
    assert 0 < image[0, 3] <= 12 and image[0, 3] == image[7, 3]


def test_a_drawn_digit_fits_into_20_pixels_with_its_centre_of_mass_in_the_middle():
    image = image_of([[(0.2, 0.2), (0.8, 0.2), (0.4, 0.9)], [(0.3, 0.5), (0.7, 0.5)]], 28).astype(np.float64)
    rows, columns = np.flatnonzero(image.any(1)), np.flatnonzero(image.any(0))
    assert 19 <= rows[-1] - rows[0] + 1 <= 21 and columns[-1] - columns[0] + 1 <= 21
    y, x = np.indices(image.shape)
    centre = np.array([(y * image).sum(), (x * image).sum()]) / image.sum()
    assert np.abs(centre - 13.5).max() <= 0.5 + 0.05  # by whole pixels, and what rounding to 256 greys moves


@pytest.mark.parametrize("side", [8, 28])
def test_where_and_how_large_a_digit_is_drawn_does_not_matter(side):
    strokes = [[(0.25, 0.25), (0.75, 0.5), (0.25, 0.875)]]  # in binary fractions, so that nothing is rounded
    moved = [[(x / 4 + 0.5, y / 4) for x, y in strokes[0]]]
    assert (image_of(strokes, side) == image_of(moved, side)).all()


@pytest.mark.parametrize(("side", "largest"), [(8, 16), (28, 255)])
def test_a_dot_is_a_dot_in_the_middle(side, largest):
    image = image_of([[(0.9, 0.1)]], side)
    assert image.any() and image.max() <= largest
    assert (image == image[::-1]).all() and (image == image[:, ::-1]).all()


# The run


@pytest.mark.parametrize("network", NETWORKS)
def test_a_script_comes_to_the_same_bits_as_the_lab(network):
    lab = lab_of(network, seed=3)
    for steps in (1, 2, 5, 18):  # over the border of an epoch, which has 14 full batches
        trained(lab, steps)
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(lab.script(), {})  # as a file would be run
    point = lab.run.latest()
    assert said.getvalue() == (
        f"step 18, test digits: cross-entropy {point.test_loss!r}, accuracy {point.test_accuracy!r}\n"
    )


def test_the_softmax_begins_with_the_cross_entropy_ln_10():
    point = lab_of().run.latest()
    tolerance = 100 * 2.0**-23  # of a hundred additions in float32, and less for pairs of them
    assert point.train_loss == pytest.approx(math.log(10), rel=tolerance)
    assert point.test_loss == pytest.approx(math.log(10), rel=tolerance)
    assert point.test_accuracy == 36 / 360  # it says 0 of all, and 36 of the 360 are


def test_an_epoch_takes_every_digit_once():
    run = lab_of().run
    rows = [run.batch.copy()]
    for step in range(1, 15):
        run.train(1)
        assert run.step == step
        rows.append(run.batch.copy())
    first = np.concatenate(rows)[:1437]
    assert sorted(first) == list(range(1437))
    assert run.epoch == 14 * 100 / 1437


def test_curves_are_thinned_and_keep_what_was_measured(monkeypatch):
    monkeypatch.setattr("feedforward.labs.digits.run._MOST_POINTS", 50)
    run = lab_of().run
    run.every = 1
    known = {0: run.curves[0]}
    while run.step < 101:
        run.train(1)
        if run.curves[-1].step == run.step:
            known[run.step] = run.curves[-1]
    # 51 points after 50 steps, then every other; 51 after 100, and every fourth is left.
    assert [point.step for point in run.curves] == list(range(0, 101, 4)) and run.every == 4
    assert all(point is known[point.step] for point in run.curves)
    assert [step for step, _ in run.bands] == list(range(0, 101, 16))
    assert run.at_100 is known[100]


def test_bands_are_quantiles_of_the_weights():
    run = trained(lab_of(), 30).run
    values = np.sort(run.kernel(0).numpy().astype(np.float64).ravel())
    weights, biases = run.quantiles()[0]
    for share, found in zip(QUANTILES, weights, strict=True):
        place = share * (len(values) - 1)  # linear between neighbours
        low = math.floor(place)
        exact = values[low] + (place - low) * (values[min(low + 1, len(values) - 1)] - values[low])
        assert found == pytest.approx(exact, rel=1e-6, abs=1e-8)  # of float32
    assert biases[0] == run.bias(0).numpy().min() and biases[-1] == run.bias(0).numpy().max()


def test_the_learning_rate_falls_as_the_course_has_it():
    lab = trained(lab_of("relu"), 20)
    assert lab.run.learning_rate == pytest.approx(1e-4 + 0.003 * math.exp(-20 / 2000), rel=1e-12)
    assert lab_of("sigmoid").run.learning_rate == 0.003


def test_behind_a_normalization_the_biases_are_its_own():
    run = trained(lab_of("norm"), 2).run
    assert run.bias(0).shape == (200,) and np.abs(run.bias(0).numpy()).max() > 0


def test_numbers_that_are_not_finite_stop_training_and_say_so():
    lab = trained(lab_of(), 3)
    lab.run.kernel(0).assign(np.full((64, 10), np.inf, np.float32))
    lab.play()
    with pytest.raises(LabError, match=r"diverged.*step 3"):
        lab.advance(0.01)
    assert lab.run.step == 3 and not lab._is_training


# What is shown


def test_a_frame_agrees_with_what_the_network_says():
    lab = trained(lab_of(), 25)
    frame = lab.frame()
    digits = frame["digits"]
    x, y = lab.run.shown
    said = lab.run.model.predict(x, verbose=0).argmax(1)
    assert (digits["test"]["predicted"] == said).all()
    counts = np.zeros((10, 10), np.int64)
    for is_digit, is_said in zip(y, said, strict=True):
        counts[is_digit, is_said] += 1
    assert (digits["confusion"] == counts).all()
    assert frame["point"]["test_accuracy"] == pytest.approx(np.trace(counts) / 360, abs=1e-12)
    wrong = (digits["batch"]["predicted"] != digits["batch"]["labels"]).sum()
    assert frame["point"]["train_accuracy"] == pytest.approx(1 - wrong / 100, abs=1e-12)
    assert frame["curves"]["step"].tolist() == [0, 10, 20, 25]
    assert pack({"frame": frame})  # of kinds that can be sent


def test_what_each_pixel_adds_and_the_bias_make_the_probabilities_of_a_softmax():
    lab = trained(lab_of(), 25)
    evidence, last = lab.frame()["watched"]["layers"]
    assert evidence["kind"] == "evidence"
    sums = evidence["values"].astype(np.float64).sum((0, 1)) + lab.run.bias(0).numpy()
    expected = np.exp(sums) / np.exp(sums).sum()
    np.testing.assert_allclose(last["values"], expected, rtol=64 * 2.0**-23)


@pytest.mark.parametrize(
    ("network", "shapes"),
    [
        ("relu", [(200,), (100,), (60,), (30,), (10,)]),
        ("norm", [(200,), (100,), (60,), (30,), (10,)]),
        ("conv", [(8, 8, 4), (4, 4, 8), (2, 2, 12), (200,), (10,)]),
    ],
)
def test_every_layer_of_a_digits_way_is_shown(network, shapes):
    lab = lab_of(network)
    lab.watch("train", 7)
    watched = lab.frame()["watched"]
    assert [layer["values"].shape for layer in watched["layers"]] == shapes
    assert (watched["image"] == lab.run.data.x[7]).all() and watched["label"] == lab.run.data.y[7]
    assert all((layer["values"] >= 0).all() for layer in watched["layers"])  # what relu and softmax leave


def test_weights_are_pictures_in_which_128_is_0():
    lab = trained(lab_of("conv"), 2)
    kernel = lab.run.kernel(1).numpy()
    lab.set("layer", 2)
    shown = lab.frame()["digits"]["weights"]
    assert shown["tiles"].shape == (4 * 8, 5, 5) and shown["columns"] == 8
    values = (shown["tiles"].astype(np.float64) - 128) / 127 * shown["scale"]
    for inward, outward in [(0, 0), (1, 3), (3, 7)]:
        np.testing.assert_allclose(
            values[8 * inward + outward], kernel[:, :, inward, outward], atol=shown["scale"] / 127 / 2 * 1.001
        )
    lab.set("layer", 5)
    assert lab.frame()["digits"]["weights"]["kind"] == "matrix"
    assert lab_of().frame()["digits"]["weights"]["tiles"].tolist() == np.full((10, 8, 8), 128).tolist()


def test_while_it_trains_what_is_large_is_not_in_every_frame():
    lab = lab_of(speed=10)
    lab.play()
    lab.advance(0.01)
    assert lab.frame()["digits"] is not None
    assert lab.frame()["digits"] is None
    lab.pause()
    assert lab.frame()["digits"] is not None


def test_all_test_digits_are_looked_at_when_it_pauses():
    lab = trained(lab_of(), 25)
    assert lab.frame()["all"] is None
    lab.pause()
    finished(lab)
    assert lab.frame()["all"] == {"count": 360, "accuracy": lab.run.latest().test_accuracy}


def test_a_speed_makes_one_step_when_it_is_due():
    lab = lab_of(speed=1)
    lab.play()
    lab.advance(0.001)
    lab.advance(0.001)
    assert lab.run.step == 1
    lab.set("speed", 0)
    lab.advance(0.001)
    assert lab.run.step > 1


# What the reader does


def test_settings_begin_anew_and_a_network_brings_its_rate():
    lab = trained(lab_of(), 5)
    lab.set("layer", 1)
    assert lab.run.step == 5
    lab.set("learning_rate", 0.1)
    assert lab.run.step == 0
    for name, network in networks(8).items():
        lab.set("network", name)
        assert (lab.settings.learning_rate, lab.settings.decay) == (network.rate, network.decay)


def test_reset_has_the_same_first_weights():
    lab = lab_of("relu")
    first = lab.run.kernel(0).numpy()
    trained(lab, 3)
    assert (lab.run.kernel(0).numpy() != first).any()
    lab.reset()
    assert lab.run.step == 0 and (lab.run.kernel(0).numpy() == first).all()


def test_the_readers_own_digits_are_counted_once_each():
    lab = trained(lab_of(), 100)
    for refused in ({}, {"digit": 10}):
        with pytest.raises(LabError):
            lab.act("judge", refused)
    with pytest.raises(LabError, match="nothing_drawn"):
        lab.judge(1)
    lab.act("draw", {"strokes": [[[0.5, 0.1], [0.5, 0.9]]]})
    frame = lab.frame()
    said = int(frame["watched"]["layers"][-1]["values"].argmax())
    assert frame["watched"]["source"] == "drawn" and frame["watched"]["can_be_judged"]
    lab.judge(said)
    with pytest.raises(LabError, match="nothing_drawn"):
        lab.judge(said)
    lab.act("draw", {"strokes": [[[0.5, 0.1], [0.5, 0.9]]]})
    lab.judge((said + 1) % 10)
    own = lab.frame()["own"]
    assert (own["count"], own["right"]) == (2, 1) and own["predicted"].tolist() == [said, said]
    lab.forget()
    assert lab.frame()["own"]["count"] == 0


@pytest.mark.parametrize(
    "strokes", [[[]], [[[0.5]]], [[[0.5, 1.5]]], [[[0.5, math.nan]]], "line", [[[0.5, 0.5]]] * 31, [[[0.1, 0.1]] * 401]]
)
def test_strokes_that_are_none_are_refused(strokes):
    with pytest.raises(LabError):
        Digits(SMALL).act("draw", {"strokes": strokes})


def test_digits_that_are_drawn_as_people_draw_them_are_mostly_read():
    def arc(x, y, width, height, start, end):
        return [(x + width * math.cos(a), y + height * math.sin(a)) for a in np.linspace(start, end, 20)]

    turn = 2 * math.pi
    drawn = {
        0: [arc(0.5, 0.5, 0.2, 0.35, 0, turn)],
        2: [[*arc(0.5, 0.3, 0.2, 0.2, -turn / 2, 0.3), (0.25, 0.85), (0.75, 0.85)]],
        3: [arc(0.48, 0.3, 0.18, 0.18, -2.6, turn / 4) + arc(0.48, 0.68, 0.22, 0.2, -turn / 4, 2.6)],
        4: [[(0.6, 0.9), (0.6, 0.1), (0.25, 0.6), (0.8, 0.6)]],
        7: [[(0.25, 0.15), (0.75, 0.15), (0.45, 0.9)]],
        9: [[*arc(0.5, 0.32, 0.18, 0.18, 0, turn), (0.68, 0.32), (0.62, 0.9)]],
    }
    run = trained(lab_of("relu"), 200).run
    said = run.see(np.stack([image_of(strokes, 8) for strokes in drawn.values()])).predicted
    assert (said == list(drawn)).sum() >= 5  # one may be read otherwise


# Links and files


def test_a_link_leads_to_the_same_bits():
    lab = trained(lab_of("dropout", seed=5), 23)
    lab.draw(tuple(tuple(stroke) for stroke in LINE))
    lab.judge(1)
    again = opened(rooms()["digits"], read_link(link_of(lab)))
    assert again.is_playing and again.frame()["goal"] == 23
    assert link_of(again) == link_of(lab)  # a link that is made before it has come so far
    finished(again)
    assert again.run.step == 23 and again.frame()["goal"] is None
    for one, other in zip(lab.run.model.weights, again.run.model.weights, strict=True):
        assert (one.numpy() == other.numpy()).all()
    assert again.run.curves == lab.run.curves and again.run.latest() == lab.run.latest()
    assert link_of(again) == link_of(lab)


@pytest.mark.parametrize(
    "saved",
    [
        {},
        {"step": 3},
        {"step": 3, "own": [], "more": 1},
        {"step": -1, "own": []},
        {"step": 10**7, "own": []},
        {"step": 1.5, "own": []},
        {"step": True, "own": []},
        {"step": 1, "own": None},
        {"step": 1, "own": [[10, LINE]]},
        {"step": 1, "own": [[1, []]]},
        {"step": 1, "own": [[1, [[]]]]},
        {"step": 1, "own": [[1, [[[0.5, 2]]]]]},
        {"step": 1, "own": [[1, [[[0.5, np.zeros(2)]]]]]},
        {"step": 1, "own": [[1, LINE]] * 51},
    ],
)
def test_a_link_that_holds_anything_else_is_refused(saved):
    with pytest.raises(LabError, match="bad_link"):
        Digits(SMALL, saved)


def test_the_file_holds_the_model(tmp_path):
    lab = trained(lab_of(), 5)
    (tmp_path / "digits.ff").write_bytes(lab.file())
    x, y = lab.run.shown
    loss, accuracy = ff.load(tmp_path / "digits.ff").evaluate(x, y, batch_size=len(x), verbose=0)
    assert (loss, accuracy) == (lab.run.latest().test_loss, lab.run.latest().test_accuracy)


# Data


@pytest.fixture
def without_mnist(tmp_path, monkeypatch):
    """A machine that has no MNIST, on which every download fails the test."""
    monkeypatch.setenv("FEEDFORWARD_DATA", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(urllib.request, "urlopen", lambda *_, **__: pytest.fail("something was downloaded"))
    pictures.cache_clear()
    yield
    pictures.cache_clear()


def test_without_mnist_the_lab_opens_with_the_small_digits_and_says_so(without_mnist):
    lab = Digits(Settings())
    assert lab.settings.data == "digits" and lab.frame()["data"]["is_without_mnist"]
    trained(lab, 2)
    with pytest.raises(LabError, match="no_mnist"):
        lab.set("data", "mnist")
    assert lab.settings.data == "digits" and lab.run.step == 2
    with pytest.raises(LabError, match="no_mnist"):
        Digits(Settings(), {"step": 0, "own": []})


def test_mnist_is_learnt_from_where_it_is():
    try:
        data = pictures("mnist")
    except LabError:
        pytest.skip("MNIST is not on this machine: FEEDFORWARD_DATA names no folder that holds it")
    lab = Digits(Settings())
    assert lab.settings.data == "mnist" and data.x.shape == (60000, 28, 28)
    assert lab.run.latest().test_loss == pytest.approx(math.log(10), rel=1e-5)
    trained(lab, 200)
    lab.pause()
    finished(lab)
    whole = lab.frame()["all"]
    assert whole["count"] == 10_000 and whole["accuracy"] > 0.85  # the ladder's softmax comes to 0.92
