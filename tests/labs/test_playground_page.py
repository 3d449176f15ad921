"""Oracle: float64 formulas of the network that the page shows, evaluated on the weights that it shows."""

import contextlib
import io
import re
from pathlib import Path

import numpy as np
import pytest

CELL = 0.1  # half a cell of the drawn output: 60 of them from -6 to 6


@pytest.fixture
def playground(open_lab):
    return open_lab("playground")


def output(shown, x1, x2):
    """The network of x1 and x2 with tanh everywhere."""
    values = np.array([x1, x2])
    for weights, biases in zip(shown["weights"], shown["biases"], strict=True):
        values = np.tanh(values @ np.array(weights) + np.array(biases))
    return values[0]


def step(opened, by, count=1):
    for _ in range(count):
        before = opened.snapshot()["step"]
        opened.click(f"Step by one {by}")
        opened.wait("s.step > v[0]", before)
    return opened.snapshot()


def test_nine_points_of_the_heatmap_are_what_the_network_says_there_and_y_is_up(playground):
    shown = step(playground, "epoch")
    places = [(x, y) for y in (4, 0, -4) for x in (-4, 0, 4)]
    size, pixels = playground.page.evaluate(
        """() => { const map = document.querySelector(".output-map .map");
        return [map.width, [...map.getContext("2d").getImageData(0, 0, map.width, map.height).data]]; }"""
    )
    colours = np.array(pixels).reshape(size, size, 4)
    for (x, y), (drawn_x, drawn_y, value) in zip(places, shown["nine"], strict=True):
        assert max(abs(drawn_x - x), abs(drawn_y - y)) == pytest.approx(CELL)
        assert value == pytest.approx(output(shown, drawn_x, drawn_y), abs=2e-7)  # drawn as float32
        red, _, blue, _ = colours[int((6 - drawn_y) / 12 * size), int((drawn_x + 6) / 12 * size)]
        if abs(value) > 0.1:
            assert (blue > red) == (value > 0)  # blue is positive, orange negative


def test_a_bias_edited_by_keyboard_changes_value_heatmap_and_loss(playground):
    before = step(playground, "epoch")
    field = playground.page.get_by_role("spinbutton", name="bias", exact=True)
    field.focus()
    playground.page.keyboard.press("Control+A")
    playground.page.keyboard.type("1.25")
    playground.page.keyboard.press("Enter")
    after = playground.wait("s.biases.at(-1)[0] === 1.25")
    assert after["weights"] == before["weights"]
    [x, y, value] = after["nine"][4]
    assert value == pytest.approx(output(after, x, y), abs=2e-7)
    assert value != before["nine"][4][2]
    assert after["loss"]["train"] != before["loss"]["train"]
    assert playground.page.locator(".read-train .figure").inner_text() == f"{after['loss']['train']:.4g}"


def test_a_link_is_edited_and_frozen_where_it_is_clicked(playground):
    page = playground.page
    unit = page.locator('.unit[data-layer="2"][data-unit="1"]').bounding_box()
    target = page.locator('.unit[data-layer="3"]').bounding_box()
    middle = [(unit[k] + target[k] + (unit[s] + target[s]) / 2) / 2 for k, s in (("x", "width"), ("y", "height"))]
    page.mouse.move(*middle)
    assert "layer 2, neuron 2 → output" in page.locator(".tip").inner_text()
    page.mouse.click(*middle)
    page.keyboard.type("-0.75")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    playground.wait("s.weights.at(-1)[1][0] === -0.75 && s.frozen.at(-1)[1][0] === 1")
    page.keyboard.press("Escape")
    after = step(playground, "epoch")
    assert after["weights"][-1][1][0] == -0.75
    assert after["weights"][-1][0][0] != pytest.approx(-0.75)


def test_arrow_keys_move_between_neurons_and_enter_pins_one(playground):
    page = playground.page
    page.locator('.unit[data-layer="0"][data-unit="0"]').focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    playground.wait("s.focus?.layer === 1 && s.focus.unit === 1")
    page.keyboard.press("Enter")
    page.locator("#weights-unit").focus()
    assert page.locator("#weights-unit").input_value() == "1.1"
    assert playground.wait("s.focus?.layer === 1 && s.focus.unit === 1")["focus"] == {"layer": 1, "unit": 1}


def test_reset_repeats_the_curve_and_a_new_rate_keeps_the_epoch(playground):
    first = step(playground, "epoch", 3)
    playground.click("Reset")
    playground.wait("s.epoch === 0")
    second = step(playground, "epoch", 3)
    assert second["curves"] == first["curves"]
    assert second["weights"] == first["weights"]
    playground.set("learning_rate", 0.1)
    assert playground.snapshot()["epoch"] == 3
    assert playground.snapshot()["weights"] == first["weights"]


def test_the_losses_at_the_start_and_after_20_steps_are_those_of_the_program_that_the_page_saves(playground):
    for steps in (0, 20):
        shown = step(playground, "batch", steps)["loss"]
        with playground.page.expect_download() as saved:
            playground.click("Python script")
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(Path(saved.value.path()).read_text("utf-8"), {"__name__": "__main__"})
        losses = dict(line.split() for line in printed.getvalue().splitlines())
        for share in ("train", "test"):
            assert float(losses[share]) == pytest.approx(shown[share], abs=1e-9)


def test_a_rate_that_is_too_large_is_said_to_diverge_and_nothing_is_no_number(playground):
    playground.set("data", "plane")
    playground.set("learning_rate", 10)
    playground.click("Play")
    shown = playground.wait("s.diverged !== null && !s.isPlaying")
    notice = playground.page.get_by_role("alert").inner_text()
    assert f"Diverged at step {shown['diverged']['step']}" in notice
    assert not re.search(r"NaN|Infinity", playground.page.locator("body").inner_text())
    assert np.isfinite(np.concatenate([np.ravel(one) for one in shown["weights"]])).all()


def test_a_link_opens_the_same_state(playground, open_lab):
    playground.set("noise", 10)
    playground.set("optimizer", "adam")
    shown = step(playground, "epoch", 2)
    playground.click("Share…")
    field = playground.page.get_by_label("Link to this state")
    playground.page.wait_for_function("e => e.value !== ''", arg=field.element_handle())
    code = playground.page.locator("dialog textarea").input_value()
    assert f'src="{field.input_value().replace("&", "&amp;")}"' in code
    again = open_lab("playground", url=field.input_value()).snapshot()
    for name in ("epoch", "step", "weights", "biases", "loss", "accuracy", "curves", "nine", "confusion", "settings"):
        assert again[name] == shown[name], name


def choose(opened, text):
    """Choose a file with a table."""
    opened.page.locator("#own-file").set_input_files(
        [{"name": "a.csv", "mimeType": "text/csv", "buffer": text.encode()}]
    )


def test_a_table_of_three_classes_is_shown_and_a_bad_one_names_line_and_column(playground):
    rows = [f"{x},{y},{name}" for x, y, name in [(1, 10, "oak"), (2, 30, "elm"), (3, 20, "ash")] for _ in range(4)]
    choose(playground, "\n".join(["width,height,tree", *rows]))
    shown = playground.wait("s.classes.length === 3")
    assert shown["classes"] == ["ash", "elm", "oak"]
    assert shown["points"] == 12
    assert np.shape(shown["confusion"]) == (3, 3)
    cells = playground.page.locator('[data-panel="accuracy"] td').all_inner_texts()
    assert [int(cell) for cell in cells] == np.ravel(shown["confusion"]).tolist()
    assert 1 / 3 <= shown["origin"] <= 1  # the probability of the likeliest class
    dropped = playground.page.evaluate_handle(
        """text => { const data = new DataTransfer(); data.items.add(new File([text], "b.csv")); return data; }""",
        "1,2,a\n3,four,b\n",
    )
    playground.page.dispatch_event('[data-panel="output"]', "drop", {"dataTransfer": dropped})
    status = playground.page.locator("#status")
    status.filter(has_text=re.compile("Line 2, column 2: 'four'")).wait_for()
    assert playground.snapshot()["points"] == 12


def test_a_table_whose_numbers_are_neighbours_among_floats_is_drawn(playground):
    choose(playground, "1e17,0,a\n1.0000000000000002e17,1,b\n1e17,5e-324,b")
    assert playground.wait("s.points === 3")["classes"] == ["a", "b"]


def test_a_click_on_the_map_of_64_networks_takes_its_rates_over(playground):
    playground.click("Remove the last hidden layer")
    playground.click("Remove the last hidden layer")
    playground.wait("s.sizes.length === 2")  # small networks compile at once
    playground.click("Train 64 networks")
    playground.wait("s.search?.epoch > 0")
    playground.click("Pause")
    cells = playground.page.locator("table.search button")
    assert cells.count() == 64
    cell = cells.nth(8 * 3 + 4)
    assert cell.get_attribute("aria-label").startswith("learning rate 0.1, penalty 0.001: test loss ")
    cell.click()
    playground.wait(
        "s.settings.learning_rate === 0.1 && s.settings.penalty === 'l2' && s.settings.penalty_rate === 0.001"
    )


def test_the_surface_is_turned_by_arrow_keys(playground):
    playground.click("Show in 3-D")
    surface = playground.page.locator(".surface")
    pictures = [surface.evaluate("e => e.toDataURL()")]
    surface.focus()
    for key in ("ArrowRight", "ArrowUp"):
        playground.page.keyboard.press(key)
        pictures.append(surface.evaluate("e => e.toDataURL()"))
    assert len(set(pictures)) == 3


def test_layers_and_neurons_are_added_as_fast_as_one_clicks(playground):
    for _ in range(3):
        playground.click("Layer 1: one neuron more")
    playground.click("Add a hidden layer")
    shown = playground.wait("JSON.stringify(s.sizes) === '[2,7,2,2,1]'")
    assert len(shown["weights"]) == 4


def test_points_are_drawn_by_keyboard_and_taken_away(playground):
    page = playground.page
    before = playground.snapshot()["points"]
    playground.click("Draw points")
    page.get_by_label("2", exact=True).check()
    page.locator(".output-map").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    shown = playground.wait("s.settings.data === 'own' && s.points === v[0]", before + 1)
    assert shown["classes"] == ["0", "1", "2"]
    page.locator(".output-map").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Delete")
    playground.wait("s.points === v[0]", before)
