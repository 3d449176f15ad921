"""A server of the labs, a browser, and pages in it that must have asked for nothing foreign nor complained."""

import json
import os
import shutil
from urllib.parse import urlencode, urlsplit

import pytest

from labs_served import served

ARGUMENTS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()


@pytest.fixture(scope="session")
def address():
    """The address of a server that runs for all tests."""
    with served() as found:
        yield found


@pytest.fixture(scope="session")
def browser():
    """A Chromium; the tests are skipped where there is none, unless one is demanded."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None and os.environ.get("FEEDFORWARD_BROWSER") != "required":
        pytest.skip("there is no Chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield found
        found.close()


class Opened:
    """A lab in a page."""

    def __init__(self, page, address):
        self.page = page
        self.address = address

    def snapshot(self):
        return self.page.evaluate("() => window.labs.snapshot()")

    def wait(self, condition, *values):
        """Wait until a condition on the snapshot ``s`` and values ``v`` holds, and return it: ``"s.epoch >= v[0]"``."""
        found = f"s && s.frames > 0 && ({condition}) ? s : null"
        js = f"([...v]) => {{ const s = window.labs?.snapshot(); return {found}; }}"
        return self.page.wait_for_function(js, arg=list(values), timeout=20_000).json_value()

    def click(self, name, exact=True):
        """Click the button of that name."""
        self.page.get_by_role("button", name=name, exact=exact).click()

    def set(self, name, value):
        """Set a control, as a reader does."""
        element = self.page.locator(f"#control-{name}")
        kind = element.evaluate("e => e.type")
        if kind == "checkbox":
            element.set_checked(value)
        elif kind == "select-one":
            element.select_option(str(value))
        else:
            element.fill(str(value))
            element.press("Tab")
        self.wait("JSON.stringify(s.settings[v[0]]) === v[1]", name, json.dumps(value))


@pytest.fixture
def open_lab(browser, address):
    """A function that opens a lab: ``open_lab("linear", language="zh", width=375)``, or an address as it stands."""
    contexts, complaints, foreign = [], [], []

    def open_one(lab, width=1440, height=900, url=None, color_scheme="light", **parts):
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=color_scheme,
            locale="en-GB",
            reduced_motion="reduce",
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: message.type in ("error", "warning") and complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))

        def check(request):
            if urlsplit(request.url).netloc != urlsplit(address).netloc and not request.url.startswith(
                ("data:", "blob:")
            ):
                foreign.append(request.url)

        page.on("request", check)
        page.goto(url or f"{address}#{urlencode({'lab': lab, **parts})}")
        opened = Opened(page, address)
        opened.wait("s.lab === v[0]", lab)
        return opened

    yield open_one
    for context in contexts:
        context.close()
    assert not complaints
    assert not foreign
