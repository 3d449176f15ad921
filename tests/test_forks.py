"""Oracle: what a child of a fork computes is what the parent does; an alarm ends one that waits for ever."""

import os
import subprocess
import sys
import threading

import pytest

from feedforward import forks

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork"),
    # JAX, which other tests may have loaded, warns of every fork; these children do not use it.
    pytest.mark.filterwarnings(r"ignore:os\.fork\(\) was called:RuntimeWarning"),
]


def in_child(work):
    """Return the exit status of a child that does some work."""
    child = os.fork()
    if child == 0:
        try:
            os._exit(int(work() or 0))
        finally:
            os._exit(9)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def is_taken_at_once(lock):
    """Return whether another thread gets a lock."""
    taken = threading.Event()

    def take():
        with lock:
            taken.set()

    threading.Thread(target=take, daemon=True).start()
    return taken.wait(5)


def held_by_another_thread(lock, seconds):
    """Let another thread take a lock, and return when it has it; it gives it back after some time."""
    has_it, over = threading.Event(), threading.Event()

    def hold():
        with lock:
            has_it.set()
            over.wait(seconds)

    threading.Thread(target=hold, daemon=True).start()
    assert has_it.wait(5)
    return over


def test_a_fork_waits_for_a_lock_and_both_sides_can_take_it_after():
    lock = forks.fork_safe_lock()
    held_by_another_thread(lock, 0.2)
    assert in_child(lambda: not is_taken_at_once(lock)) == 0
    assert is_taken_at_once(lock)


def test_a_fork_does_not_wait_for_the_lock_of_an_object_which_the_child_has_anew():
    owner = forks.Locked()
    over = held_by_another_thread(owner._lock, 60)
    assert in_child(lambda: not is_taken_at_once(owner._lock)) == 0
    assert not over.is_set()
    over.set()


def test_the_thread_that_forks_may_hold_the_locks_itself():
    lock, owner = forks.fork_safe_lock(), forks.Locked()

    def work():
        with lock, owner._lock:
            return 0

    with lock, owner._lock:
        assert in_child(work) == 0
    assert in_child(lambda: not (is_taken_at_once(lock) and is_taken_at_once(owner._lock))) == 0


def test_owners_that_are_gone_are_forgotten():
    kept = forks.Locked()
    before = len(forks._locked)
    for _ in range(50):
        forks.Locked()
    assert len(forks._locked) - before <= 1
    assert kept in [reference() for reference in forks._locked]


_BUSY = """
import os, signal, sys, threading, time
import numpy as np
import feedforward as ff

ff.set_threads(2)
rng = np.random.default_rng(0)
x, y = rng.normal(size=(2000, 40)).astype(np.float32), rng.normal(size=(2000, 10)).astype(np.float32)

def model(units):
    made = ff.Sequential([ff.Input((40,)), ff.layers.Dense(units), ff.layers.Dense(10)])
    made.compile("sgd", "mean_squared_error")
    return made

def total(number):
    return float((ff.Tensor(np.ones(number, np.float32)) * 2.5 + 1.0).sum())

trained, asked, numbers = model(128), model(128), iter(range(3, 10_000))
expected = asked.predict(x)
work = [
    lambda: trained.fit(x, y, verbose=0),
    lambda: asked.predict(x),
    lambda: total(next(numbers)),
    lambda: ff.random.normal((50,)).numpy(),
]
stop = threading.Event()

def repeat(one):
    while not stop.is_set():
        one()

threads = [threading.Thread(target=repeat, args=(one,)) for one in work]
for thread in threads:
    thread.start()
time.sleep(0.3)
statuses = []
for turn in range(int(sys.argv[1])):
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        for one in work:
            one()
        new = model(16)
        new.fit(x, y, verbose=0)
        right = total(20_000 + turn) == 3.5 * (20_000 + turn) and (asked.predict(x) == expected).all()
        os._exit(0 if right else 1)
    statuses.append(os.waitpid(child, 0)[1])
stop.set()
for thread in threads:
    thread.join()
print(len(statuses), set(statuses))
"""


@pytest.mark.parametrize("count", [15, pytest.param(200, marks=pytest.mark.slow)])
def test_children_of_forks_amid_training_prediction_compilation_and_draws_do_the_same(tmp_path, count):
    """They waited for ever, for threads that they did not have."""
    env = {"XDG_CACHE_HOME": str(tmp_path), "PYTHONPATH": ":".join(sys.path)}
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", _BUSY, str(count)]
    found = subprocess.run(command, env=env, capture_output=True, text=True, timeout=90 + 5 * count)
    assert found.stdout == f"{count} {{0}}\n", found.stderr
