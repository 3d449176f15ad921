"""Oracle: the engine's own predictions, asked for beside the page; and worked by hand: what a reader's move must do."""

import json

import numpy as np
import pytest

import feedforward as ff


@pytest.fixture
def opened(open_lab):
    """The lab with the small digits, whatever this machine has."""
    found = open_lab("digits")
    found.set("data", "digits")
    found.wait("s.tiles.test === 360 && s.step === 0")
    return found


def mistakes_in(opened, panel):
    """Return the digits whose tiles are red, in the order of the page."""
    tiles = opened.page.locator(f'[data-panel="{panel}"] .tile.mistake')
    return tiles.evaluate_all("tiles => tiles.map(tile => Number(tile.dataset.index))")


def test_the_softmax_starts_at_ln_10_and_the_red_tiles_are_the_mistakes(opened):
    state = opened.snapshot()
    assert f"{state['point']['test_loss']:.4f}" == f"{state['point']['train_loss']:.4f}" == "2.3026"
    assert "2.303" in opened.page.locator('[data-panel="loss"] .chart .note').inner_text()
    _, (_, y) = ff.datasets.digits()
    assert mistakes_in(opened, "test") == np.flatnonzero(y != 0).tolist()  # of ten equal numbers 0 is the first

    for _ in range(3):
        opened.click("One step")
    opened.wait("s.step === 3 && s.all && !s.isPlaying")
    with opened.page.expect_download() as download:
        opened.click("Python script")
    names = {}
    exec(download.value.path().read_text("utf-8"), names)
    said = names["model"].predict(names["x_test"], verbose=0).argmax(1)
    assert mistakes_in(opened, "test") == np.flatnonzero(said != y).tolist()
    assert opened.snapshot()["point"]["test_loss"] == names["loss"]
    first = opened.page.locator('[data-panel="test"] .tile').first
    assert "mistake" in first.get_attribute("class")  # mistakes come first
    batch = np.random.default_rng(0).permutation(1437)[300:400]
    (x, labels), _ = ff.datasets.digits()
    said = names["model"].predict(x[batch], verbose=0).argmax(1)
    assert mistakes_in(opened, "batch") == np.flatnonzero(said != labels[batch]).tolist()


def test_it_plays_pauses_and_begins_again_in_both_languages(opened):
    opened.click("Play")
    opened.wait("s.step > 50 && s.isTraining")
    opened.click("Pause")
    state = opened.wait("!s.isPlaying && s.all && s.curves.steps.at(-1) === s.step")
    assert state["all"]["accuracy"] == state["point"]["test_accuracy"]
    opened.click("中文")
    again = opened.wait("s.language === 'zh' && s.tiles.test === 360")
    assert {**again, "language": "en", "frames": 0} == {**state, "frames": 0}  # what was sent once is still there
    assert "测试数字" in opened.page.locator('[data-panel="test"] h2').inner_text()
    opened.click("重置")
    assert opened.wait("s.step === 0")["curves"]["steps"] == [0]


def test_a_digit_is_drawn_by_mouse_and_counted(opened):
    pen = opened.page.locator(".pen")
    pen.scroll_into_view_if_needed()
    box = pen.bounding_box()
    opened.page.mouse.move(box["x"] + 60, box["y"] + 20)
    opened.page.mouse.down()
    opened.page.mouse.move(box["x"] + 60, box["y"] + 150, steps=5)
    opened.page.mouse.up()
    state = opened.wait("s.watched.source === 'drawn' && s.watched.ink > 0")
    assert state["strokes"] == 1
    opened.page.locator(".judge button").nth(1).click()
    state = opened.wait("s.own.count === 1")
    assert state["own"]["right"] == 0  # a softmax that knows nothing says 0
    assert opened.page.locator(".judge button:enabled").count() == 0
    opened.click("Clear")
    assert opened.wait("s.watched.source === 'test'")["strokes"] == 0


def test_a_digit_is_drawn_by_keys(opened):
    opened.page.locator(".pen").focus()
    for key in ["Space", *["ArrowDown"] * 6, "Space", *["ArrowRight"] * 3, "Space", *["ArrowUp"] * 2]:
        opened.page.keyboard.press(key)
    state = opened.wait("s.watched.source === 'drawn' && s.strokes === 2")
    assert state["watched"]["layers"] == [[8, 8, 10], [10]]
    opened.page.keyboard.press("Delete")
    assert opened.wait("s.watched.source === 'test'")["strokes"] == 0


def test_tiles_are_reached_by_keys_and_watched(opened):
    opened.page.locator('[data-panel="test"] .tile').first.focus()
    opened.page.keyboard.press("ArrowRight")
    tile = opened.page.locator('[data-panel="test"] .tile:focus')
    index = int(tile.get_attribute("data-index"))
    _, (_, y) = ff.datasets.digits()
    assert (
        f"a {y[index]}; the network says 0" in opened.page.locator('[data-panel="test"] [role="status"]').inner_text()
    )
    opened.page.keyboard.press("Enter")
    watched = opened.wait("s.watched.index === v[0] && s.watched.source === 'test'", index)["watched"]
    assert watched["label"] == y[index]
    opened.page.locator('[data-panel="batch"] .tile').nth(5).click()
    assert (
        opened.wait("s.watched.source === 'train'")["watched"]["index"] == np.random.default_rng(0).permutation(1437)[5]
    )


def test_the_picture_of_a_digit_is_the_digit(opened):
    js = "canvas => [...canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data]"
    _, (x, _) = ff.datasets.digits()
    pixels = np.array(opened.page.locator("canvas.seen").evaluate(js)).reshape(8, 8, 4)
    assert np.abs(pixels[..., 3] - x[0] * (255 / 16)).max() <= 1  # ink is what is not clear, rounded


def test_a_link_opens_the_same_state(opened, open_lab):
    opened.set("network", "relu")
    opened.click("One step")
    state = opened.wait("s.step === 1 && s.all && !s.isPlaying")
    opened.click("Share…")
    field = opened.page.locator("dialog input[readonly]")
    opened.page.wait_for_function("() => document.querySelector('dialog input[readonly]').value.includes('state=')")
    again = open_lab("digits", url=field.input_value())
    found = again.wait("s.step === 1 && s.all && !s.isPlaying && s.tiles.test === 360")
    for name in ("point", "all", "mistakes", "confusion", "settings"):
        assert json.dumps(found[name]) == json.dumps(state[name])
