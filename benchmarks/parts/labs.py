"""The playground in a browser: epochs trained and frames drawn in a second, and how long a click waits meanwhile."""

from __future__ import annotations

import re
import shutil
import statistics
import subprocess
import sys
from typing import Any

from benchmarks.page import table
from benchmarks.parts import Settings

_SECONDS = 5.0
_CLICKS = 15
_NETWORKS = {"2-4-2-1": [4, 2], "2-8x6-1": [8] * 6}
_ARGUMENTS = "--no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-sync".split()
_LATENCY = """async () => {
    const start = performance.now(), before = window.labs.snapshot().settings.discretised;
    document.getElementById("control-discretised").click();
    while (window.labs.snapshot().settings.discretised === before) await new Promise(requestAnimationFrame);
    return performance.now() - start;
}"""
"""Returns milliseconds from a click to the first picture for which the engine's answer has come."""


def measure(settings: Settings) -> dict[str, Any]:
    """Return epochs and frames a second and milliseconds of clicks for each network, round by round.

    500 points train, in batches of 10: the playground's own data with the largest share of them, 556 x 90 %.
    """
    from playwright.sync_api import sync_playwright

    command = [sys.executable, "-m", "feedforward", "labs", "--no-browser"]
    found: dict[str, Any] = {name: {"epochs": [], "frames": [], "clicks": []} for name in _NETWORKS}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server, sync_playwright() as playwright:
        assert server.stdout is not None
        address = re.sub(r"^Labs: ", "", server.stdout.readline().strip())
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=chromium, args=_ARGUMENTS)
        try:
            for _ in range(settings.rounds):
                for name, layers in _NETWORKS.items():
                    for key, value in _one(browser, address, layers).items():
                        found[name][key].append(value)
        finally:
            browser.close()
            server.terminate()
    return found


def _one(browser: Any, address: str, layers: list[int]) -> dict[str, float]:
    """Return what one page does."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(f"{address}#lab=playground")
    page.wait_for_function("() => window.labs?.snapshot().frames > 0")
    for control, value in (("points", 556), ("train_share", 90)):
        page.locator(f"#control-{control}").fill(str(value))
        page.locator(f"#control-{control}").press("Tab")
    page.locator("#control-speed").select_option("full")
    _set_layers(page, layers)
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_timeout(1000)  # code is made
    before = page.evaluate("() => ({...window.labs.snapshot(), at: performance.now()})")
    page.wait_for_timeout(1000 * _SECONDS)
    after = page.evaluate("() => ({...window.labs.snapshot(), at: performance.now()})")
    seconds = (after["at"] - before["at"]) / 1000
    clicks = [page.evaluate(_LATENCY) for _ in range(_CLICKS)]
    page.close()
    return {
        "epochs": (after["epoch"] - before["epoch"]) / seconds,
        "frames": (after["frames"] - before["frames"]) / seconds,
        "clicks": max(clicks),
    }


def _set_layers(page: Any, layers: list[int]) -> None:
    """Give the network its layers, by the page's own controls."""
    for count in range(len(page.evaluate("() => window.labs.snapshot().settings.layers")), len(layers)):
        page.get_by_role("button", name="Add a hidden layer", exact=True).click()
        page.wait_for_function("n => window.labs.snapshot().settings.layers.length > n", arg=count)
    for index, units in enumerate(layers):
        page.locator(f"[data-head='{index}n']").fill(str(units))
        page.locator(f"[data-head='{index}n']").press("Tab")
        page.wait_for_function("([i, n]) => window.labs.snapshot().settings.layers[i] === n", arg=[index, units])


def figures(raw: dict[str, Any]) -> dict[str, float | str]:
    """Return medians over the rounds."""
    return {f"{name}:{key}": statistics.median(values) for name, one in raw.items() for key, values in one.items()}


def render(raw: dict[str, Any]) -> str:
    """Return the section of the page."""
    rows = [
        [
            name,
            f"{figures(raw)[f'{name}:epochs']:.0f}",
            f"{figures(raw)[f'{name}:frames']:.0f}",
            f"{figures(raw)[f'{name}:clicks']:.0f}",
        ]
        for name in raw
    ]
    text = (
        "The playground in Chromium on the same machine, as fast as it goes: 500 points, batches of 10, float64. "
        f"A click's wait is the longest of {_CLICKS} in a round; medians over the rounds."
    )
    heads = ["network", "epochs a second", "frames a second", "longest wait of a click, ms"]
    return "\n".join(["## Labs", "", text, "", table(heads, rows)])
