"""What the tests of backends share."""

import math

import pytest

from feedforward.backends import codes


@pytest.fixture(autouse=True)
def _best_code(monkeypatch):
    """Make the best code at once; the rest of the suite runs the code that is made the quick way."""
    monkeypatch.setattr(codes, "_WORTH", {"full": math.inf})


@pytest.fixture(autouse=True)
def _new_code():
    """Make code anew: how it is made is what a test changes."""
    codes._slots.clear()
