"""Oracle: real signals, sent by the test to itself or to another process, and what their handlers raise."""

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from feedforward.interrupts import held_interrupts


def test_ctrl_c_takes_effect_when_the_block_is_done():
    done = []
    with pytest.raises(KeyboardInterrupt), held_interrupts():
        signal.raise_signal(signal.SIGINT)
        done.append(1)
    assert done == [1]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_second_ctrl_c_takes_effect_at_once():
    done = []
    with pytest.raises(KeyboardInterrupt), held_interrupts():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        done.append(1)
    assert done == []


@pytest.mark.parametrize("count", [1, 2, 3])
def test_every_ctrl_c_waits_for_the_end_of_a_block_that_says_so(count):
    done = []
    with pytest.raises(KeyboardInterrupt), held_interrupts(also_second=True):
        for _ in range(count):
            signal.raise_signal(signal.SIGINT)
        done.append(1)
    assert done == [1]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_blocks_within_blocks_hold_until_the_outermost_ends():
    done = []
    with pytest.raises(KeyboardInterrupt), held_interrupts():
        with held_interrupts():
            signal.raise_signal(signal.SIGINT)
        done.append(1)
    assert done == [1]


def test_an_error_inside_comes_through():
    with pytest.raises(ValueError, match="mine"), held_interrupts():
        raise ValueError("mine")


def test_another_thread_holds_nothing_back_and_needs_no_handler():
    seen = []

    def work():
        with held_interrupts():
            seen.append(signal.getsignal(signal.SIGINT))

    worker = threading.Thread(target=work)
    worker.start()
    worker.join()
    assert seen == [signal.default_int_handler]


@pytest.fixture
def handlers():
    """Handlers of signals, by number, that note it and raise a TimeoutError: gone when the test is done."""
    seen = []

    def handler(number, frame):
        seen.append(number)
        raise TimeoutError(signal.Signals(number).name)

    before = {number: signal.signal(number, handler) for number in (signal.SIGALRM, signal.SIGTERM, signal.SIGUSR1)}
    yield handler, seen
    signal.setitimer(signal.ITIMER_REAL, 0)
    for number, old in before.items():
        signal.signal(number, old)


@pytest.mark.parametrize("also_second", [False, True])
def test_what_the_handler_of_any_signal_raises_waits_for_the_end_however_often_it_comes(handlers, also_second):
    handler, seen = handlers
    done = []
    with pytest.raises(TimeoutError), held_interrupts(also_second):
        for number in (signal.SIGALRM, signal.SIGTERM, signal.SIGALRM, signal.SIGUSR1):
            signal.raise_signal(number)
        done.append(1)
    assert done == [1]
    assert sorted(seen) == sorted([signal.SIGALRM, signal.SIGTERM, signal.SIGUSR1])  # each, whatever others raise
    assert {signal.getsignal(number) for number in seen} == {handler}


def test_signals_that_have_come_can_be_let_through_before_the_end(handlers):
    done = []
    with held_interrupts() as let_through:
        let_through()
        signal.raise_signal(signal.SIGTERM)
        with pytest.raises(TimeoutError, match="SIGTERM"):
            let_through()
        let_through()
        done.append(1)
    assert done == [1]


def test_in_another_thread_nothing_is_let_through(handlers):
    done = []

    def work():
        with held_interrupts() as let_through:
            let_through()
            done.append(1)

    worker = threading.Thread(target=work)
    worker.start()
    worker.join()
    assert done == [1]


def test_a_signal_that_is_ignored_or_the_systems_stays_so():
    before = [signal.getsignal(number) for number in signal.valid_signals()]
    assert {signal.SIG_IGN, signal.SIG_DFL} <= set(before)
    with held_interrupts():
        inside = [signal.getsignal(number) for number in signal.valid_signals()]
    assert [old for old in before if not callable(old)] == [new for new in inside if not callable(new)]
    assert [signal.getsignal(number) for number in signal.valid_signals()] == before


def test_signals_at_any_moment_leave_blocks_whole_and_handlers_in_their_places(handlers):
    handler, seen = handlers
    begun, ended = [], []
    for turn in range(400):
        try:
            signal.setitimer(signal.ITIMER_REAL, 1e-6 + turn % 40 * 2e-6)
            for _ in range(20):
                with held_interrupts():
                    begun.append(1)
                    sum(range(100))
                    ended.append(1)
        except TimeoutError:
            pass
    signal.setitimer(signal.ITIMER_REAL, 0)
    assert len(begun) == len(ended) > 400
    assert len(seen) > 100
    with held_interrupts():  # puts in its place what one that was broken off has left
        pass
    assert signal.getsignal(signal.SIGALRM) is handler


_LINES = """
import os, signal, sys, traceback
import numpy as np
import feedforward as ff

def compile(size):
    return float((ff.Tensor(np.ones((1, size), np.float32)) * 2.5 + 1.0).sum())  # another number of rows is no new code

where, lines, lost, right = [], [0, 0], [], []
sys.unraisablehook = lambda unraisable: lost.append(unraisable.object)

def trace(frame, event, argument):
    if "llvmlite" + os.sep + "binding" in frame.f_code.co_filename:
        lines[0] += 1
        if lines[0] == lines[1]:
            signal.raise_signal(signal.SIGALRM if lines[1] % 2 else signal.SIGINT)
    return trace

def stop(number, frame):
    raise KeyboardInterrupt

signal.signal(signal.SIGALRM, stop)
compile(2)
while lines[0] == lines[1]:
    lines[:] = 0, lines[1] + 10
    try:
        sys.settrace(trace)
        compile(3 + lines[1])
    except KeyboardInterrupt as error:
        sys.settrace(None)
        where += [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
        lines[0] = lines[1]
    sys.settrace(None)
    right.append(compile(3 + lines[1]) == 3.5 * (3 + lines[1]))
print(len(right) > 10, all(right), len(where) > 100, [file for file in where if "llvmlite" in file], lost)
"""


def test_no_exception_of_a_handler_comes_up_in_the_midst_of_llvmlite(tmp_path):
    """They did, and what was freed then was freed again: here, at one line in ten of llvmlite's, comes a signal."""
    env = {"XDG_CACHE_HOME": str(tmp_path), "PYTHONPATH": ":".join(sys.path)}
    found = subprocess.run([sys.executable, "-c", _LINES], env=env, capture_output=True, text=True, timeout=120)
    assert found.stdout == "True True True [] []\n", found.stderr


_SCRIPT = """
import numpy as np
import feedforward as ff
import feedforward.backends.codes as codes

compile = codes.object_code
def told(*arguments):
    print("compiling", flush=True)
    return [compile(*arguments) for _ in range(40)][0]

ff.set_threads(2)
x, y = np.ones((5000, 20), np.float32), np.ones((5000, 1), np.float32)
model = ff.Sequential([ff.Input((20,)), ff.layers.Dense(300, activation="relu"), ff.layers.Dense(1)])
model.compile(ff.optimizers.Adam(0.001), "mean_squared_error")
before = model.get_weights()
codes.object_code = told
try:
    model.fit(x, y, verbose=0)
except KeyboardInterrupt:
    codes.object_code = compile
    kept = all((a == b).all() for a, b in zip(before, model.get_weights()))
    losses = model.fit(x, y, epochs=3, verbose=0).history["loss"]
    print("interrupted", kept, losses[-1] < losses[0], flush=True)
"""


def test_ctrl_c_while_code_is_made_leaves_a_model_that_can_be_trained(tmp_path):
    env = {"XDG_CACHE_HOME": str(tmp_path), "PYTHONPATH": ":".join(sys.path)}
    command = [sys.executable, "-c", _SCRIPT]
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "compiling\n"
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert output.splitlines()[-1] == "interrupted True True", errors


def test_these_tests_pass_in_the_background_where_ctrl_c_is_ignored():
    chosen = ["tests/test_interrupts.py", "-k", "takes_effect_when_the_block_is_done or while_code_is_made"]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *chosen]
    # What is ignored stays so through exec: it is how a shell starts a job with "&".
    ignoring = ["sh", "-c", 'trap "" INT; exec "$@"', "sh", *command]
    result = subprocess.run(ignoring, cwd=Path(__file__).parents[1], capture_output=True, text=True)
    assert "2 passed" in result.stdout, result.stdout
