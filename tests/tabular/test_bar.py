"""Oracle: worked by hand, what stands in a terminal."""

import io

import pytest
from rich.console import Console

from feedforward.tabular import bar as module
from feedforward.tabular.bar import Bar


@pytest.fixture
def console(monkeypatch):
    """A terminal of 60 columns."""
    found = Console(file=io.StringIO(), force_terminal=True, width=60, color_system=None)
    monkeypatch.setattr(module, "find_terminal", lambda: found)
    return found


def test_a_bar_shows_how_much_is_done_and_is_removed_at_the_end(console):
    bar = Bar("auto")
    bar.show(0.25, "3 tried")
    text = console.file.getvalue()
    assert "━" * 6 + "─" * 18 + " 3 tried" in text
    bar.close()
    assert console.file.getvalue()[len(text) :] == "\r\x1b[2K"
    bar.close()
    assert console.file.getvalue()[len(text) :] == "\r\x1b[2K"  # once is enough


def test_a_bar_is_drawn_ten_times_a_second_at_most(console, monkeypatch):
    now = iter([100.0, 100.05, 100.11])
    monkeypatch.setattr(module.time, "perf_counter", lambda: next(now))
    bar = Bar(1)
    for part in (0.0, 0.5, 1.0):
        bar.show(part, f"part {part}")
    text = console.file.getvalue()
    assert "part 0.0" in text and "part 0.5" not in text and "part 1.0" in text


def test_nothing_is_shown_where_nobody_wants_it_or_there_is_no_terminal(console, capsys, monkeypatch):
    Bar(0).show(0.5, "silent")
    assert console.file.getvalue() == ""
    monkeypatch.undo()
    Bar("auto").show(0.5, "silent")
    assert capsys.readouterr().out == ""


def test_a_line_is_never_wider_than_the_terminal(console):
    Bar("auto").show(0.5, "x" * 100)
    assert max(map(len, console.file.getvalue().split("\r\x1b[2K"))) <= 59


def test_another_verbosity_is_refused():
    with pytest.raises(ValueError, match="verbose"):
        Bar("loud")
