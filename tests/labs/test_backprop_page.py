"""Oracle: the engine's numbers in the snapshot, worked by hand; the page must show them, and act on them."""


def test_a_reader_steps_through_an_update_and_back(open_lab):
    opened = open_lab("backprop")
    page = opened.page
    page.locator("button.step").click()
    opened.wait("s.position === 1")
    assert "= 0.15·0.05 + 0.2·0.1 + 0.35 = 0.3775" in page.locator(".equations").inner_text()
    assert page.locator(".unit.is-known").count() == 1
    for done in (4, 5, 9, 10):  # the end of each phase
        page.locator("button.skip-phase").click()
        opened.wait("s.position === v[0]", done)
        assert page.locator(".dot.is-done").count() == done
    assert "0.298371109 → 0.291027774" in page.locator(".losses").inner_text()
    assert opened.snapshot()["updates"] == 1
    page.get_by_role("button", name="Backward h₁").click()
    opened.wait("s.position === 8 && s.updates === 0")
    assert "0.008771·0.1 = 0.0008771" in page.locator(".equations").inner_text()  # its delta times an input
    page.locator("button.back").click()
    opened.wait("s.position === 7")


def test_a_weight_is_traced_by_keyboard_and_its_paths_add_up(open_lab):
    opened = open_lab("backprop")
    page = opened.page
    edge = page.get_by_role("button", name="w3 0.25")
    edge.focus()
    page.keyboard.press("Enter")
    trace = opened.wait("s.trace.parameter === 2")["trace"]
    ways = page.locator(".path .way").all_inner_texts()
    assert ways == ["x₁ → h₂ → o₁ → L", "x₁ → h₂ → o₂ → L"]
    assert abs(sum(path["product"] for path in trace["paths"]) - trace["gradient"]) < 1e-15
    assert page.locator(".check .mark").first.inner_text() == "✓"
    assert page.locator(".edge.is-traced").count() == 3
    page.locator(".path").nth(1).focus()
    page.wait_for_function("() => document.querySelectorAll('.edge.is-traced').length === 2")


def test_numbers_are_edited_in_tables_and_on_the_surface(open_lab):
    opened = open_lab("backprop", width=375)
    page = opened.page
    field = page.get_by_role("spinbutton", name="w5", exact=True)
    field.fill("0.9")
    field.press("Tab")
    assert opened.wait("s.vector[6] === 0.9")["updates"] == 0
    page.get_by_role("spinbutton", name="t2, example 1", exact=True).fill("0.5")
    page.keyboard.press("Tab")
    opened.wait("s.targets[0][1] === 0.5")
    page.locator(".surface-lines").click(position={"x": 200, "y": 40})
    moved = opened.wait("s.vector[6] !== 0.9")
    assert moved["vector"][7] > 1  # near the top: y is up
    page.get_by_role("combobox", name="Begin with…").select_option("softmax")
    opened.wait("s.settings.output === 'softmax' && s.vector.length === 17")
    assert page.locator(".unit .inside").count() == 8
    opened.set("activation", "relu")
    opened.set("pace", "layer")
    page.locator("button.step").click()
    opened.wait("s.position === 3")
    assert page.locator(".equations .part").count() == 3
