"""Oracle: worked by hand: what a page of the shell must do, whatever the lab."""

import re
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from feedforward.labs.catalog import rooms
from labs_served import TOKEN, served

ROOMS = pytest.mark.parametrize("lab", rooms())
NAMED = "button|link|textbox|slider|spinbutton|combobox|checkbox|radio|tab|switch|img"
FOCUSABLE = "button, input, select, textarea, a[href], summary, [tabindex]"


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        """Say nothing."""


@ROOMS
def test_nothing_is_wider_than_the_screen(open_lab, lab):
    opened = open_lab(lab)
    for width in (1440, 760, 375):
        opened.page.set_viewport_size({"width": width, "height": 800})
        assert opened.page.evaluate("() => document.documentElement.scrollWidth") <= width


@ROOMS
def test_every_control_has_a_name_in_both_languages(open_lab, lab):
    for language in ("en", "zh"):
        text = open_lab(lab, language=language).page.locator("body").aria_snapshot()
        assert not re.findall(rf"- (?:{NAMED})(?: \[[^]]*\])*:?\s*$", text, re.MULTILINE)


@ROOMS
def test_every_control_is_reached_by_tab(open_lab, lab):
    page = open_lab(lab).page
    page.evaluate(
        """selector => {
            window.seen = new Set();
            document.addEventListener("focusin", event => window.seen.add(event.target));
            window.wanted = [...document.querySelectorAll(selector)].filter(
                one => one.checkVisibility() && !one.disabled && one.tabIndex >= 0);
        }""",
        FOCUSABLE,
    )
    for _ in range(page.evaluate("() => window.wanted.length") + 1):
        page.keyboard.press("Tab")
    missed = page.evaluate(
        "() => window.wanted.filter(one => !window.seen.has(one)).map(one => one.outerHTML.slice(0, 200))"
    )
    assert not missed


def test_the_link_past_the_controls_leaves_the_lab_as_it_is(open_lab):
    opened = open_lab("linear")
    opened.set("pace", 5)
    opened.page.keyboard.press("Tab")
    opened.page.keyboard.press("Enter")
    assert opened.page.evaluate("() => document.activeElement.id") == "stage"
    assert "lab=linear" in opened.page.url
    assert opened.wait("s.lab === 'linear'")["settings"]["pace"] == 5


def test_what_changes_with_every_frame_is_not_read_out(open_lab):
    page = open_lab("digits").page
    page.wait_for_selector("#stage [aria-live=polite]", state="attached")
    page.locator(".primary.play").click()
    page.wait_for_function(
        "() => [...document.querySelectorAll('#stage [role=status]')].every(one => one.ariaLive === 'off')"
    )


@ROOMS
def test_nothing_moves_by_itself_for_who_asks_for_less_motion(open_lab, lab):
    opened = open_lab(lab)  # which asks for it
    for name in ("Play", "Start repeated update"):
        if opened.page.get_by_role("button", name=name, exact=True).count():
            opened.click(name)
            opened.wait("s.frames > 3")
    assert opened.page.evaluate("() => document.getAnimations().length") == 0


@ROOMS
def test_the_language_is_switched_on_the_page_and_the_browser_is_asked_first(open_lab, browser, address, lab):
    opened = open_lab(lab)
    before = opened.snapshot()
    opened.click("中文")
    assert opened.wait("s.language === 'zh'")["settings"] == before["settings"]
    assert opened.page.evaluate("() => document.documentElement.lang") == "zh-Hans"
    opened.page.reload()
    assert opened.wait("s.language === 'zh'")
    context = browser.new_context(locale="zh-CN")
    page = context.new_page()
    page.goto(f"{address}#lab={lab}")
    page.wait_for_function("() => window.labs?.snapshot().language === 'zh'")
    context.close()


def test_light_and_dark_are_switched(open_lab):
    opened = open_lab(next(iter(rooms())))
    background = "() => getComputedStyle(document.body).backgroundColor"
    light = opened.page.evaluate(background)
    opened.click("Light or dark")
    dark = opened.page.evaluate(background)
    assert light != dark
    opened.page.reload()
    opened.wait("true")
    assert opened.page.evaluate(background) == dark


@ROOMS
def test_a_link_brings_the_same_state(open_lab, lab):
    opened = open_lab(lab)
    opened.click("Share…")
    field = opened.page.get_by_label("Link to this state")
    opened.page.wait_for_function("e => e.value.includes('state=')", arg=field.element_handle())
    link = field.input_value()
    again = open_lab(lab, url=link)
    again.click("Share…")
    field = again.page.get_by_label("Link to this state")
    again.page.wait_for_function("e => e.value.includes('state=')", arg=field.element_handle())
    assert field.input_value() == link


def test_a_damaged_link_is_told_and_the_lab_opens_anew(open_lab):
    opened = open_lab(next(iter(rooms())), state="damaged")
    assert opened.wait("s.status !== ''")["status"].startswith("The link is damaged")


@ROOMS
def test_a_teacher_hides_controls(open_lab, lab):
    page = open_lab(lab).page
    names = page.evaluate(
        "() => [...document.querySelectorAll('#controls [data-control]')].map(e => e.dataset.control)"
    )
    if names:
        hidden = open_lab(lab, hide=names[0]).page
        assert hidden.locator(f"[data-control={names[0]}]").count() == 0
        assert hidden.locator("#controls [data-control]").count() == len(names) - 1


@ROOMS
def test_one_panel_is_shown_alone(open_lab, lab):
    opened = open_lab(lab)
    name = opened.page.locator("[data-panel]").first.get_attribute("data-panel")
    alone = open_lab(lab, panel=name).page
    assert alone.locator(f"[data-panel={name}]").is_visible()
    assert alone.locator("header").is_hidden()
    assert alone.locator("[data-panel]:visible").count() == 1


def test_a_program_is_saved(open_lab):
    opened = open_lab(next(iter(rooms())))
    with opened.page.expect_download() as found:
        opened.click("Python script")
    assert "import feedforward as ff" in Path(found.value.path()).read_text("utf-8")


def test_the_page_says_when_the_engine_has_stopped(browser):
    with served() as address:
        page = browser.new_page()
        page.goto(address)
        page.wait_for_function("() => window.labs?.snapshot().frames > 0")
    page.wait_for_function("() => document.getElementById('status').textContent.startsWith('The engine has stopped')")
    page.close()


@pytest.mark.parametrize("is_allowed", [True, False])
def test_another_page_shows_a_lab_in_a_frame_only_if_it_was_allowed(browser, is_allowed, tmp_path):
    slides = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=tmp_path))
    threading.Thread(target=slides.serve_forever, daemon=True).start()
    origin = f"http://localhost:{slides.server_port}"
    with served(embedders=(origin,) if is_allowed else ()) as address:
        (tmp_path / "slides.html").write_text(f"<iframe src='{address}' width=900 height=600></iframe>")
        page = browser.new_page()
        page.goto(f"{origin}/slides.html")
        if is_allowed:
            page.frame(url=re.compile(TOKEN)).wait_for_function("() => window.labs?.snapshot().frames > 0")
        else:
            assert page.frame(url=re.compile(TOKEN)) is None
        page.close()
    slides.shutdown()
    slides.server_close()


def test_what_tests_read_cannot_act(open_lab):
    page = open_lab(next(iter(rooms()))).page
    assert page.evaluate("() => Object.keys(window.labs)") == ["snapshot"]
    assert (
        page.evaluate("() => { try { window.labs.snapshot = 1; } catch {} return typeof window.labs.snapshot; }")
        == "function"
    )


def test_only_the_open_labs_styles_hold(open_lab):
    first, second = list(rooms())[:2]
    opened = open_lab(first)
    sheets = "() => [...document.querySelectorAll('link[data-lab]')].filter(e => !e.disabled).map(e => e.dataset.lab)"
    for lab in (second, first):
        opened.page.evaluate("lab => { location.hash = `lab=${lab}`; }", lab)
        opened.wait("s.lab === v[0]", lab)
        assert opened.page.evaluate(sheets) == [lab]
