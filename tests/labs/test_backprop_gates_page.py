"""Oracle: worked by hand: what CS231n prints of its circuits, on the page as its readers see it."""

import pytest


@pytest.fixture
def open_gates(open_lab):
    """A function that opens the second mode of the lab."""

    def open_one(**parts):
        opened = open_lab("backprop", **parts)
        opened.page.locator(".modes button").nth(1).click()
        opened.wait("s.circuit")
        return opened

    return open_one


def written(opened, kind):
    """What stands above or below the wires, gate by gate."""
    return [plain(text) for text in opened.page.locator(f".circuit .gate .{kind}").all_text_contents()]


def plain(text):
    """A text with the sign of a negative number as a keyboard has it."""
    return text.replace("\u2212", "-")


def test_the_neuron_is_stepped_through_and_back(open_gates):
    opened = open_gates()
    opened.click("Sigmoid neuron")
    opened.wait("s.circuit.gates.length === 13 && s.circuit.step === 17")
    values = ["2", "-1", "-2", "-3", "-2", "6", "4", "-3", "1", "-1", "0.368", "1.37", "0.731"]
    assert written(opened, "value") == values
    assert written(opened, "gradient") == [
        *["-0.197", "0.393", "0.197", "-0.393", "-0.59", "0.197", "0.197"],
        *["0.197", "0.197", "-0.197", "-0.534", "-0.534", "1"],
    ]
    opened.click("To the beginning")
    opened.wait("s.circuit.step === 0")
    assert written(opened, "value") == ["2", "-1", "", "-3", "-2", "", "", "-3", *[""] * 5]
    assert written(opened, "gradient") == [""] * 13
    opened.click("Step ▶")
    explained = [plain(line) for line in opened.wait("s.circuit.step === 1")["explained"]]
    assert "v = a · b = 2 · (-1) = -2" in explained
    opened.page.locator(".steps input").fill("11")
    explained = [plain(line) for line in opened.wait("s.circuit.step === 11")["explained"]]
    assert "∂(a + b)/∂a = 1 times upstream -0.5344 = -0.5344 → exp(-(w0 · x0 + w1 · x1 + w2))" in explained
    opened.click("◀ Back")
    explained = [plain(line) for line in opened.wait("s.circuit.step === 10")["explained"]]
    # The gate 1/x: the local derivative is -1 / 1.37^2, as the course has it, and its upstream gradient is 1.
    assert "∂(a / b)/∂b = -a / b2 = -1 / 1.3682 = -0.5344 times upstream 1 = -0.5344" in explained[-1]
    assert written(opened, "value") == values


def test_a_formula_is_typed_in_mended_and_given_other_inputs(open_gates):
    opened = open_gates()
    field = opened.page.locator("#gates-formula")
    field.fill("max(x, y")
    field.press("Enter")
    status = opened.wait("s.status !== ''")["status"]
    assert status == "The parenthesis at character 4 is never closed."
    assert field.get_attribute("aria-invalid") == "true"
    field.fill("max(x, y)")
    field.press("Enter")
    opened.wait("s.circuit.formula === 'max(x, y)' && s.status === ''")
    opened.page.get_by_label("Value of y").first.fill("-2")
    opened.page.get_by_label("Value of y").first.press("Tab")
    snapshot = opened.wait("s.circuit.inputs[1].value === -2")
    assert [one["gradient"] for one in snapshot["circuit"]["inputs"]] == [0.5, 0.5]
    assert any("½" in line for line in snapshot["explained"])
    opened.click("Apply update: f up")
    snapshot = opened.wait("s.circuit.update")
    # Both inputs rise by 0.01 times 1/2, and so does the larger of them.
    assert snapshot["circuit"]["update"]["change"] == pytest.approx(0.005, rel=1e-12)
    # Where inputs have the letters a and b for names, a gate's own are others.
    field.fill("a*b")
    field.press("Enter")
    assert "u = p · q = 1 · 2 = 2" in opened.wait("s.circuit.formula === 'a*b'")["explained"]


def test_gates_are_reached_by_keys_and_fit_a_small_screen_in_chinese(open_gates):
    opened = open_gates(language="zh", width=375, color_scheme="dark")
    gate = opened.page.locator(".circuit .gate").nth(2)
    gate.focus()
    gate.press("Enter")
    explained = [plain(line) for line in opened.wait("s.selected === 2")["explained"]]
    assert "∂(a + b)/∂a = 1 乘以上游梯度 -4 = -4 → x" in explained
    assert plain(gate.get_attribute("aria-label")) == "门 x + y, 值 3, 梯度 -4"
    assert opened.page.evaluate("() => document.documentElement.scrollWidth") <= 375
