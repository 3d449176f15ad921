"""Oracle: a real Ctrl-C, sent by the test to itself or to another process, and Python's own KeyboardInterrupt."""

import signal
import subprocess
import sys
import threading

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


_SCRIPT = """
import numpy as np
import feedforward as ff
import feedforward.backends.llvm as llvm

compile = llvm.object_code
def told(*arguments):
    print("compiling", flush=True)
    return [compile(*arguments) for _ in range(40)][0]

ff.set_threads(2)
x, y = np.ones((5000, 20), np.float32), np.ones((5000, 1), np.float32)
model = ff.Sequential([ff.Input((20,)), ff.layers.Dense(300, activation="relu"), ff.layers.Dense(1)])
model.compile(ff.optimizers.Adam(0.001), "mean_squared_error")
before = model.get_weights()
llvm.object_code = told
try:
    model.fit(x, y, verbose=0)
except KeyboardInterrupt:
    llvm.object_code = compile
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
