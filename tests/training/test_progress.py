"""Oracle: text written out by hand; a pseudo-terminal stands for a terminal."""

import io
import os
import pty
import re
import subprocess
import sys

import pytest
from rich.console import Console

import feedforward.training.progress as module
from feedforward.training.callbacks import Plan
from feedforward.training.progress import Progress

PROGRAM = """
import time
from feedforward.training.callbacks import Plan
from feedforward.training.progress import Progress
progress = Progress({arguments})
progress.plan = Plan(epochs={epochs}, initial_epoch=0, steps=10, samples=100)
progress.on_train_begin()
for epoch in range({epochs}):
    progress.on_epoch_begin(epoch)
    for step in range(1, 11):
        time.sleep(0.02)
        progress.on_look(step, {{"loss": 0.5}})
    progress.on_epoch_end(epoch, {{"loss": 0.25, "val_loss": 2e-7}})
progress.on_train_end({{}})
print("end")
"""


def run(progress, epochs=2):
    progress.plan = Plan(epochs=epochs, initial_epoch=0, steps=10, samples=100)
    progress.on_train_begin()
    for epoch in range(epochs):
        progress.on_epoch_begin(epoch)
        progress.on_look(10, {"loss": 0.5})
        progress.on_epoch_end(epoch, {"loss": 0.25, "accuracy": 1.0})
    progress.on_train_end({})


def in_terminal(arguments="", epochs=2, **environment):
    """Return what a program writes to a pseudo-terminal of 80 columns."""
    ours, theirs = pty.openpty()
    variables = {"PATH": os.environ["PATH"], "TERM": "xterm-256color", "COLUMNS": "80", "PYTHONUTF8": "1"}
    variables["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    program = PROGRAM.format(arguments=arguments, epochs=epochs)
    child = subprocess.Popen([sys.executable, "-c", program], stdout=theirs, stderr=theirs, env=variables | environment)
    os.close(theirs)
    parts = []
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # Linux: the other end is closed
            break
        if not part:
            break
        parts.append(part)
    os.close(ours)
    assert child.wait() == 0
    return b"".join(parts).decode()


@pytest.mark.parametrize("verbose", ["auto", 1, 2])
def test_each_epoch_leaves_a_plain_line_where_there_is_no_terminal(verbose, capsys):
    run(Progress(verbose))
    first, second = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"epoch 1/2 - 0\.\d\d s - loss 0\.2500 - accuracy 1\.0000", first)
    assert second.startswith("epoch 2/2 - ")


def test_verbose_0_is_silent(capsys):
    run(Progress(0))
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("verbose", [3, -1, "yes", None])
def test_another_verbose_is_refused(verbose):
    with pytest.raises(
        ValueError, match=rf"^verbose={verbose!r}: verbose must be 'auto', 0, 1 or 2\. Got {verbose!r}\.$"
    ):
        Progress(verbose)


@pytest.mark.parametrize("lines", [0, -3, 2.5, "many", True])
def test_what_is_no_number_of_lines_is_refused(lines):
    message = rf"^Progress\(most_lines={lines!r}\): most_lines must be an int >= 1\. Got {lines!r}\.$"
    with pytest.raises(ValueError, match=message):
        Progress(most_lines=lines)


def test_a_terminal_shows_a_bar_and_keeps_a_line_for_each_epoch():
    text = in_terminal()
    assert "━" in text and "/10" in text and "samples/s" in text and "0:00 left" in text and "loss 0.5000" in text
    final = [line.split("\x1b[2K")[-1].rstrip() for line in text.split("\n") if line]
    kept = [re.sub(r"\d\.\d\d s", "T", line) for line in final]
    assert kept == ["epoch 1/2  T  loss 0.2500  val_loss 2e-07", "epoch 2/2  T  loss 0.2500  val_loss 2e-07", "end"]


def test_the_cursor_is_never_hidden():
    assert "\x1b[?25l" not in in_terminal()


def test_no_color_leaves_the_bar_without_colours():
    text = in_terminal(NO_COLOR="1")
    assert "━" in text
    assert not re.search(r"\x1b\[[\d;]*m", text)


def test_a_dumb_terminal_gets_plain_lines():
    text = in_terminal(TERM="dumb")
    assert "\x1b" not in text
    assert text.splitlines()[0].startswith("epoch 1/2 - ")


def test_a_bar_is_never_wider_than_the_terminal():
    text = in_terminal(COLUMNS="30")
    drawings = [part.split("\r")[0] for part in text.split("\x1b[2K") if "\n" not in part]
    widths = {len(re.sub(r"\x1b\[[\d;]*m", "", drawing)) for drawing in drawings}
    assert max(widths) == 29
    assert "…" in text


def test_many_epochs_leave_about_as_many_lines_as_asked_for():
    text = in_terminal("most_lines=2", epochs=5)
    assert [int(number) for number in re.findall(r"epoch (\d)/5  \d", text)] == [3, 5]


def test_closing_twice_or_before_training_is_no_error():
    progress = Progress()
    progress.close()
    progress.close()


def test_drawings_are_at_least_a_tenth_of_a_second_apart(monkeypatch):
    console = Console(file=io.StringIO(), force_terminal=True, width=80)
    now = [100.0]
    monkeypatch.setattr(module, "find_terminal", lambda: console)
    monkeypatch.setattr(module.time, "perf_counter", lambda: now[0])
    progress = Progress()
    progress.plan = Plan(epochs=1, initial_epoch=0, steps=1000, samples=1000)
    progress.on_train_begin()
    progress.on_epoch_begin(0)
    for step in range(1, 1001):
        now[0] += 1 / 1024
        progress.on_look(step, {"loss": 1.0})
    # one at 0 s, then each 103 steps (the first multiple of 1/1024 s from 0.1 s on) until step 1000: 1 + 9
    assert console.file.getvalue().count("/1000") == 10
