"""Oracle: the formula of contrast in WCAG 2.2, 1.4.3: text of any size needs 4.5 to 1 with what is behind it."""

import re
from importlib.resources import files

import pytest

STYLE = (files("feedforward.labs") / "page" / "style.css").read_text("utf-8")
TEXTS = ("ink", "soft", "accent", "train", "test", "right", "wrong", "value", "gradient")
"""What texts are written in; train and test on paper alone."""


def colours(selector):
    """The colours that a rule gives names to."""
    _, _, rest = STYLE.rpartition(f"{selector} {{\n")
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", rest.partition("}")[0]))


LIGHT = colours("\n:root")
THEMES = {"light": LIGHT, "dark": LIGHT | colours(':root[data-theme="dark"]')}


def luminance(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_black_on_white_has_the_largest_contrast():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("text", TEXTS)
def test_every_text_can_be_read(theme, text):
    found = THEMES[theme]
    for behind in ("paper",) if text in ("train", "test") else ("paper", "ground", "hover"):
        assert contrast(found[text], found[behind]) >= 4.5, behind


@pytest.mark.parametrize("theme", THEMES)
def test_a_pressed_button_can_be_read(theme):
    assert contrast(THEMES[theme]["on-accent"], THEMES[theme]["accent"]) >= 4.5


def test_a_dark_browser_has_the_colours_of_the_dark_theme():
    assert colours(':root:not([data-theme="light"])') == colours(':root[data-theme="dark"]')
