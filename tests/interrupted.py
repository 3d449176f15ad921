"""Ctrl-C at a line of one's choice, for tests: what Python's own handler of the signal would raise there."""

import ast
import functools
import sys
from pathlib import Path

import feedforward

PACKAGE = Path(feedforward.__file__).parent


@functools.cache
def _ends(path):
    """Return the lines of ``finally:`` blocks that hold nothing but plain assignments: no signal is handled there."""
    blocks = [node.finalbody for node in ast.walk(_tree(path)) if isinstance(node, ast.Try)]
    plain = [part for part in blocks if part and all(isinstance(each, ast.Assign) for each in part)]
    return {line for part in plain for line in range(part[0].lineno, part[-1].end_lineno + 1)}


@functools.cache
def _withs(path):
    """Return the lines of ``with``, to which Python comes back at the end: no signal is handled before `__exit__`."""
    return {node.lineno for node in ast.walk(_tree(path)) if isinstance(node, ast.With)}


def _tree(path):
    return ast.parse(Path(path).read_text())


def run(work, files, act=None, at=0):
    """Run `work`, call `act` before the line numbered `at` of those run in `files`, and return those lines."""
    paths = {str(PACKAGE / file) for file in files}
    lines, entered = [], set()

    def is_end(frame):
        place = (frame, frame.f_lineno)
        if frame.f_lineno not in _withs(frame.f_code.co_filename):
            return frame.f_lineno in _ends(frame.f_code.co_filename)
        entered.symmetric_difference_update({place})
        return place not in entered

    def trace(frame, event, _):
        path = frame.f_code.co_filename
        if path not in paths or frame.f_code.co_name == "<lambda>":  # a weak reference's: Python drops its exceptions
            return None
        if event == "line" and not is_end(frame):
            lines.append((path, frame.f_lineno))
            if len(lines) == at:
                act()
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return lines


def first_and_last(lines):
    """Return where each line is run for the first time, and for the last, as numbers from 1."""
    places = {line: place for place, line in reversed([*enumerate(lines, 1)])}
    return sorted({*places.values(), *{line: place for place, line in enumerate(lines, 1)}.values()})


def ctrl_c():
    """Do what a handler of SIGINT does."""
    raise KeyboardInterrupt
