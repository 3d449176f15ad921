"""Oracles: what each function says of itself; the numbers of processors that the machine tells; a forked process."""

import _thread
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import feedforward as ff
from feedforward import ops
from feedforward.backends import llvm, pace, threads
from feedforward.backends.interpreter import Interpreter
from feedforward.graph.dimension import unknown
from feedforward.graph.program import Program
from looping import looped


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


def sums(rows=400, threads=None):
    """Return what a loop with an update gives, as bytes."""
    x = ops.placeholder((unknown("batch"), 30), "float32", "x")
    w = ops.variable((30, 30), "float32", "w")
    program = Program((x,), (w,), ((x @ w).sum(),), ((w, w + 0.01 * ops.tanh(x @ w).T @ x),))
    rng = np.random.default_rng(0)
    data, start = (rng.normal(size=(size, 30)).astype(np.float32) for size in (rows, 30))
    totals, after = looped(llvm.Native(threads=threads).compile(program), [data], np.arange(rows), 100, [start])
    return [array.tobytes() for array in (*totals, *after)]


def test_a_system_that_starts_no_more_threads_gets_the_result_of_those_there_are(monkeypatch):
    monkeypatch.setattr(llvm, "_WORTH_THREADS", 0)
    expected = sums(threads=1)
    asked, start = [], _thread.start_new_thread

    def start_one(*arguments):
        asked.append(1)
        if len(asked) > 1:
            raise RuntimeError("can't start new thread")
        return start(*arguments)

    monkeypatch.setattr(_thread, "start_new_thread", start_one)
    monkeypatch.setattr(llvm, "helpers", threads.Helpers())
    assert sums(threads=4) == expected
    assert len(asked) > 1


def test_the_end_waits_for_who_is_inside_though_a_late_one_came_and_went():
    """The memory that one works on would be gone."""
    entered, go = threading.Event(), threading.Event()
    left = []

    def function(*arguments):
        entered.set()
        go.wait()
        left.append(True)

    share = llvm._Share(function, (0, 0, 0))
    threading.Thread(target=share._help, daemon=True).start()
    entered.wait()
    end = threading.Thread(target=share._end, daemon=True)
    end.start()
    while not share._is_over:
        time.sleep(0.001)
    share._help()  # asked long ago, comes now, and sees that all is over
    end.join(0.2)
    assert end.is_alive() and not left
    go.set()
    end.join(10)
    assert not end.is_alive() and left


def test_who_is_late_does_not_begin():
    """The memory it would work on is gone."""
    called, late = [], []
    share = llvm._Share(lambda *arguments: called.append(threading.current_thread()), (0, 0, 0))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(llvm.helpers, "ask", lambda help_with, count: late.extend([help_with] * count))
        share.run(4)
    assert len(late) == 3
    for help_with in late:
        help_with()
    assert called == [threading.main_thread()]


_ALARMS = """
import signal, time
import numpy as np
import feedforward as ff
import feedforward.backends.llvm as llvm
from feedforward import ops
from feedforward.backends import codes
from feedforward.graph.program import Program

llvm._WORTH_THREADS, codes._WORTH = 0, {"full": float("inf")}
x = ops.placeholder((60, 60), "float32", "x")
code = llvm.Native(threads=3).compile(Program((x,), (), (x @ x,)))
data = np.eye(60, dtype=np.float32)
code.run([data], [])  # compiled here: llvmlite bears no exception in its midst
raised, right, is_on = 0, 0, False

class Alarm(Exception):
    pass

def out(number, frame):
    if is_on:
        raise Alarm

signal.signal(signal.SIGALRM, out)
end = time.monotonic() + 4
while time.monotonic() < end:
    try:
        is_on = True
        signal.setitimer(signal.ITIMER_REAL, 0.0003 + 0.005 * np.random.rand())
        for _ in range(50):
            right += np.array_equal(code.run([data], [])[0][0], data)
        is_on = False
    except Alarm:
        is_on = False
        raised += 1
assert np.array_equal(code.run([data], [])[0][0], data)
print(raised > 20, right > 20)
"""


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no such timer")
def test_handlers_that_raise_at_any_moment_leave_nothing_locked():
    """They did: of the pool, a lock that is taken in Python code."""
    found = subprocess.run([sys.executable, "-c", _ALARMS], capture_output=True, text=True, timeout=60)
    assert found.stdout == "True True\n", found.stderr


_TWICE = """
import os, signal, threading, time
import numpy as np
import feedforward as ff
import feedforward.backends.llvm as llvm

begun, finished = threading.Event(), []
def function(*arguments):
    if threading.current_thread() is threading.main_thread():
        begun.wait()
        return
    begun.set()
    for _ in range(2):
        time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.4)
    finished.append(1)

try:
    llvm._Share(function, (0, 0, 0)).run(2)
except KeyboardInterrupt:
    print(finished)
"""


def test_not_even_a_second_ctrl_c_leaves_while_another_thread_works():
    found = subprocess.run([sys.executable, "-c", _TWICE], capture_output=True, text=True, timeout=60)
    assert found.stdout == "[1]\n", found.stderr


def test_what_a_handler_of_another_signal_raises_comes_through_when_the_helpers_are_done():
    begun, finished = threading.Event(), []

    def function(*arguments):
        if threading.current_thread() is threading.main_thread():
            begun.wait(10)
            return
        begun.set()
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        time.sleep(0.3)
        finished.append(1)

    def out(number, frame):
        raise TimeoutError("mine")

    before = signal.signal(signal.SIGALRM, out)
    try:
        with pytest.raises(TimeoutError, match="mine"):
            llvm._Share(function, (0, 0, 0)).run(2)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert finished == [1]


_NESTED = """
import signal
import numpy as np
import feedforward as ff
import feedforward.backends.llvm as llvm
from feedforward import ops
from feedforward.graph.program import Program

llvm._WORTH_THREADS = 0
x, w = ops.placeholder((400, 300), "float32", "x"), ops.variable((300, 300), "float32", "w")
program = Program((x,), (w,), ((x @ w).sum(1), x + 1.0), ((w, w * 0.5 + 0.01 * (x.T @ (x @ w))),))
rng = np.random.default_rng(0)
data, start = rng.normal(size=(400, 300)).astype(np.float32), rng.normal(size=(300, 300)).astype(np.float32)
code = llvm.Native(threads=2).compile(program)

def result():
    outputs, after = code.run([data], [start])
    loop = code.loop([start])
    loop.run([np.concatenate([data] * 3)], np.arange(1200), 400)
    totals, more = loop.totals, loop.variables()
    return [array.tobytes() for array in (*outputs, *after, *totals, *more)]

seen, depth = [], [0]
def nested(number, frame):
    if depth[0] < 2:
        depth[0] += 1
        seen.append(result())
        depth[0] -= 1

expected = result()
signal.signal(signal.SIGALRM, nested)
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.0013)
for _ in range(300):
    seen.append(result())
    if len(seen) > 150:
        break
signal.setitimer(signal.ITIMER_REAL, 0)
print(len(seen) > 100, all(one == expected for one in seen))
"""


def test_the_handler_of_a_signal_may_run_the_program_that_it_interrupts():
    found = subprocess.run([sys.executable, "-c", _NESTED], capture_output=True, text=True, timeout=120)
    assert found.stdout == "True True\n", found.stderr


def test_a_model_trains_on_when_the_number_of_threads_changes(monkeypatch):
    monkeypatch.setattr(llvm, "_WORTH_THREADS", 0)
    monkeypatch.setattr(pace, "_FIRST_TRIALS", 1000)  # both numbers are tried in every call
    x, y = np.ones((320, 4), np.float32), np.ones((320, 1), np.float32)
    found = []
    for counts in ((1, 1, 1), (2, 4, 3)):
        ff.set_seed(1)
        model = ff.Sequential([ff.Input((4,)), ff.layers.Dense(3), ff.layers.Dense(1)])
        model.compile(ff.optimizers.SGD(0.01), "mean_squared_error")
        for count in counts:
            ff.set_threads(count)
            model.fit(x, y, batch_size=32, verbose=0)
        found.append([array.tobytes() for array in model.get_weights()])
    assert found[0] == found[1]


_ALARMS_IN_TRAINING = """
import signal, time
import numpy as np
import feedforward as ff
import feedforward.backends.llvm as llvm

llvm._WORTH_THREADS = 0
ff.set_threads(3)
# The loss is x w with x = 1: each step takes 1/1024 from w, and from each of many weights beside it.
layer = ff.layers.Dense(200, use_bias=False, kernel_initializer="zeros")
model = ff.Sequential([ff.Input((50,)), layer])
model.compile(ff.optimizers.SGD(2.0**-10), lambda y, p: p.sum(1))
x, y = np.ones((6_004, 50), np.float32), np.zeros((6_004, 1), np.float32)
model.fit(x[:64], y[:64], batch_size=8, verbose=0)
model.fit(x[:68], y[:68], batch_size=8, verbose=0)
is_on, wrong, raised = False, [], 0

class Alarm(Exception):
    pass

def out(number, frame):
    if is_on:
        raise Alarm

signal.signal(signal.SIGALRM, out)
end = time.monotonic() + 5
while time.monotonic() < end:
    try:
        is_on = True
        signal.setitimer(signal.ITIMER_REAL, 0.0003 + 0.02 * np.random.rand())
        model.fit(x, y, batch_size=8, epochs=1000, verbose=0)
    except Alarm:
        raised += 1
    is_on = False
    steps = int(model.optimizer.iterations.numpy())
    values = np.unique(layer.weights[0].numpy())
    if values.tolist() != [-steps / 1024]:
        wrong.append((steps, values))
print(raised > 20, steps > 20, wrong)
"""


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no such timer")
def test_handlers_that_raise_while_a_model_trains_leave_all_weights_after_the_steps_that_are_counted():
    found = subprocess.run([sys.executable, "-c", _ALARMS_IN_TRAINING], capture_output=True, text=True, timeout=60)
    assert found.stdout == "True True []\n", found.stderr


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("bad", [0, 1, 7, 19])
def test_a_loop_ends_itself_after_a_batch_whose_loss_is_not_finite(threads, bad, monkeypatch):
    monkeypatch.setattr(llvm, "_WORTH_THREADS", 0)
    x = ops.placeholder((unknown("batch"), 5), "float32", "x")
    w, count = ops.variable((5,), "float32", "w"), ops.variable((), "int64", "count")
    program = Program((x,), (w, count), ((x * x).sum(), x.sum()), ((w, w + x.sum(0)), (count, count + 1)))
    data = np.ones((59, 5), np.float32)  # 19 batches of three, and one of two
    for value in (np.nan, np.inf):
        data[3 * bad + 1, 2] = value
        for kind in (llvm.Native(threads=threads), Interpreter()):
            loop = kind.compile(program).loop([np.zeros(5, np.float32), np.int64(0)])
            assert loop.run([data], np.arange(59), 3) == bad + 1
            assert (loop.done, loop.is_stopped) == (bad + 1, True)
            values, counted = loop.variables()
            assert counted == bad + 1
            assert values[0] == min(3 * (bad + 1), 59)
            assert not np.isfinite(loop.totals[0])
    data[:] = 1
    loop = llvm.Native(threads=threads).compile(program).loop([np.zeros(5, np.float32), np.int64(0)])
    assert loop.run([data], np.arange(59), 3) == 20
    assert [float(total) for total in loop.totals] == [295, 295]
    assert not loop.is_stopped


def test_who_looks_at_a_loop_sees_whole_batches_and_may_stop_it(monkeypatch):
    monkeypatch.setattr(llvm, "_CALL_SECONDS", 1e-9)
    x, count = ops.placeholder((unknown("batch"),), "float32", "x"), ops.variable((), "int64", "count")
    for kind in (llvm.Native(), Interpreter()):
        loop = kind.compile(Program((x,), (count,), (x.sum(),), ((count, count + 1),))).loop([np.int64(0)])
        seen = []

        def look(loop=loop, seen=seen):
            seen.append((loop.done, float(loop.totals[0])))
            return loop.done == 6

        assert loop.run([np.ones(25, np.float32)], np.arange(25), 3, look) == 6
        assert seen == [(done, 3.0 * done) for done in range(1, 7)]
        assert loop.run([np.ones(25, np.float32)], np.arange(25), 12, look) == 3
        assert loop.variables() == [9]
        assert float(loop.totals[0]) == 18 + 25
