"""What the tests of backends share."""

import pytest

import feedforward.backends.llvm


@pytest.fixture(autouse=True)
def _best_code(monkeypatch):
    """Make the best code at once; the rest of the suite runs the code that is made the quick way."""
    monkeypatch.setattr(feedforward.backends.llvm, "_WORTH_OPTIMISING", 0)
