"""Oracle: worked by hand: losses at zero weights; where a point is after it was moved; what stands on the page."""

import math

import pytest

SHOWN = "(document.querySelector('.sum .total .figure')?.textContent ?? '')"


def middle_of_point(page, number):
    box = page.get_by_role("button", name=f"Point {number},").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_zero_weights_cost_2_3_1_and_log_3(open_lab):
    opened = open_lab("linear")
    opened.set("regularisation", 0)
    opened.click("Set W = b = 0")
    for loss, expected in {"weston_watkins": 2, "one_vs_all": 3, "structured": 1, "softmax": math.log(3)}.items():
        opened.set("loss", loss)
        shown = opened.wait(f"{SHOWN} === v[0]", f"{expected:.4f}")
        assert shown["total"] == pytest.approx(expected, abs=1e-15)
        assert shown["W"] == [0] * 6 and shown["b"] == [0] * 3
    lines = opened.page.locator(".points tbody tr").all_inner_texts()
    assert [line.split()[-2] for line in lines] == ["1.099"] * 9


def test_points_are_dragged_moved_by_keys_relabelled_removed_and_added(open_lab):
    opened = open_lab("linear")
    page = opened.page
    plane = page.locator("svg.plane")
    plane.scroll_into_view_if_needed()
    box = plane.bounding_box()

    def place(x, y):
        return box["x"] + (x + 1.5) / 3 * box["width"], box["y"] + (1.5 - y) / 3 * box["height"]

    page.mouse.move(*middle_of_point(page, 1))
    page.mouse.down()
    page.mouse.move(*place(1.0, 1.0), steps=5)
    page.mouse.move(*place(-1.2, -1.2))
    page.mouse.up()
    # A pixel is 3 / 380 wide.
    opened.wait("Math.hypot(s.points[0] + 1.2, s.points[1] + 1.2) < 0.02 && s.classes.length === 9")
    point = page.get_by_role("button", name="Point 2,")
    point.focus()
    point.press("ArrowUp")
    opened.wait("Math.abs(s.points[3] - 0.35) < 1e-9 && s.points[2] === 0.8")
    point.press("3")
    opened.wait("s.classes[1] === 2")
    point.press("Delete")
    opened.wait("s.classes.length === 8 && s.points[2] === 0.3")
    opened.click("class 1")
    page.mouse.click(*place(1.0, -1.0))
    opened.wait("s.classes.length === 9 && s.classes[8] === 1 && Math.hypot(s.points[16] - 1, s.points[17] + 1) < 0.02")
    page.get_by_label("Class of point 9").select_option("0")
    opened.wait("s.classes[8] === 0")
    opened.click("Remove point 9")
    opened.wait("s.classes.length === 8")


def test_a_finger_drags_a_point(open_lab):
    opened = open_lab("linear", width=375)
    page = opened.page
    page.get_by_role("button", name="Point 9,").scroll_into_view_if_needed()
    x, y = middle_of_point(page, 9)
    session = page.context.new_cdp_session(page)
    for kind, points in (
        ("touchStart", [{"x": x, "y": y}]),
        ("touchMove", [{"x": x - 20, "y": y}]),
        ("touchMove", [{"x": x - 20, "y": y + 30}]),
        ("touchEnd", []),
    ):
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    opened.wait("s.points[16] < -0.5 && s.points[17] < -0.65")


def test_parameters_are_typed_and_nudged_beside_their_gradient(open_lab):
    opened = open_lab("linear")
    field = opened.page.get_by_label("w₀ of class 1", exact=True)
    field.fill("-1.25")
    field.press("Enter")
    opened.wait("s.W[2] === -1.25")
    field.press("ArrowUp")
    opened.wait("s.W[2] === -1.15")
    opened.click("b of class 2: 0.1 less")
    shown = opened.wait("s.b[2] === -0.6")
    cell = opened.page.locator(".parameters tbody tr").nth(1).locator(".gradient").first
    assert cell.inner_text() == f"∂ {shown['gradient_W'][2]:.3f}".replace("-", "\N{MINUS SIGN}")
    assert shown["check"]["difference"] < 1e-8
    assert opened.page.locator(".gradient-check").inner_text().startswith("✓")


def test_updates_are_made_one_at_a_time_and_again_and_again(open_lab):
    opened = open_lab("linear")
    before = opened.snapshot()
    opened.click("Single parameter update")
    after = opened.wait("s.updates === 1")
    assert after["W"][0] == before["W"][0] - 0.1 * before["gradient_W"][0]
    opened.set("loss", "hinge")
    opened.set("pace", 100)
    opened.click("Start repeated update")
    opened.wait("s.updates > 20 && s.is_playing")
    opened.click("Pause")
    shown = opened.wait("!s.is_playing")
    assert opened.page.locator(".point.ringed").count() == sum(shown["active"])
    assert opened.page.locator(".score.limit").count() == 2
    assert opened.page.locator(".score.zero").count() == 1
    assert opened.page.locator(".margin-plot .dot").count() == 9
