"""Oracle: worked by hand: what a page of the shell must do, whatever the lab."""

import pytest

from feedforward.labs.catalog import rooms


@pytest.mark.parametrize("lab", rooms())
def test_a_lab_opens_without_complaints(open_lab, lab):
    assert open_lab(lab).snapshot()["lab"] == lab


@pytest.mark.parametrize("lab", rooms())
@pytest.mark.parametrize("width", [375, 1440])
def test_nothing_is_wider_than_the_screen(open_lab, lab, width):
    opened = open_lab(lab, width=width)
    assert opened.page.evaluate("() => document.documentElement.scrollWidth") <= width
