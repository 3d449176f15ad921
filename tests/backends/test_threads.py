"""Oracles: what each function says of itself; the numbers of processors that the machine tells; a forked process."""

import os
import subprocess
import sys

import numpy as np
import pytest

import feedforward as ff
from feedforward.backends import llvm, threads


@pytest.fixture(autouse=True)
def _default_limit():
    yield
    ff.set_threads()


def test_the_number_set_is_the_number_used_until_it_is_set_back():
    default = threads.thread_count()
    ff.set_threads(3)
    assert threads.thread_count() == 3
    ff.set_threads()
    assert threads.thread_count() == default


@pytest.mark.parametrize("count", [0, -1, 1.5, True, "2"])
def test_a_number_of_threads_that_is_none_is_refused(count):
    with pytest.raises(ValueError, match=r"set_threads: count must be an int >= 1\. Got"):
        ff.set_threads(count)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"FEEDFORWARD_THREADS": "5"}, 5),
        ({"FEEDFORWARD_THREADS": "5", "OMP_NUM_THREADS": "1"}, 5),
        ({"OMP_NUM_THREADS": "1"}, 1),
        ({"OMP_NUM_THREADS": "1,4"}, 1),
        ({"OMP_NUM_THREADS": "999"}, threads.available_threads()),
        ({"FEEDFORWARD_THREADS": "many", "OMP_NUM_THREADS": ""}, threads.available_threads()),
        ({"FEEDFORWARD_THREADS": "0"}, threads.available_threads()),
    ],
)
def test_the_environment_chooses_the_number(settings, expected):
    others = {key: value for key, value in os.environ.items() if not key.endswith("_THREADS")}
    code = "from feedforward.backends.threads import thread_count; print(thread_count())"
    found = subprocess.run([sys.executable, "-c", code], env=others | settings, capture_output=True, check=True)
    assert int(found.stdout) == min(expected, 64)


_FORK = """
import os
import numpy as np
import feedforward as ff
import feedforward.backends.llvm as llvm

llvm._WORTH_THREADS = 0
ff.set_threads(3)
x = ff.Tensor(np.arange(5000.0))
assert float((x * 2.5).sum()) == 31243750.0  # the parent has a pool now; 2.5 * 4999 * 5000 / 2
child = os.fork()
if child == 0:
    os._exit(0 if float((x * 4.5).sum()) == 56238750.0 else 1)
print(os.waitpid(child, 0)[1])
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_process_makes_threads_of_its_own():
    found = subprocess.run([sys.executable, "-W", "ignore", "-c", _FORK], capture_output=True, text=True, timeout=60)
    assert found.stdout == "0\n", found.stderr


def test_the_number_of_threads_changes_no_bit(monkeypatch):
    monkeypatch.setattr(llvm, "_WORTH_THREADS", 0)
    x = ff.Tensor(np.random.default_rng(0).normal(size=(67, 45)).astype(np.float32))
    found = []
    for count in (1, 2, 5):
        ff.set_threads(count)
        found.append((ff.tanh(x) @ x.T).sum(0).numpy().tobytes())
    assert found == [found[0]] * 3
