"""Oracle: worked by hand, what each task returns or raises, and how many threads each has for its programs."""

import _thread
import threading
import time

import pytest

import feedforward as ff
from feedforward.backends.threads import sharing_threads, thread_count
from feedforward.training.beside import beside


@pytest.fixture(autouse=True)
def four_threads():
    ff.set_threads(4)
    yield
    ff.set_threads(None)


def test_results_come_in_the_order_of_the_tasks():
    assert beside([lambda _, number=number: number**2 for number in range(9)]) == [n**2 for n in range(9)]


@pytest.mark.parametrize("is_left", [False, True])
def test_tasks_run_at_the_same_time(is_left):
    meeting = threading.Barrier(3, timeout=20)
    assert sorted(beside([lambda _: meeting.wait()] * 3, is_left)) == [0, 1, 2]


def test_each_task_has_its_part_of_the_threads():
    assert beside([lambda _: thread_count()] * 2) == [2, 2]
    assert beside([lambda _: thread_count()] * 3) == [1, 1, 1]
    assert beside([lambda _: thread_count()]) == [4]
    with sharing_threads(2):
        assert beside([lambda _: thread_count()] * 2) == [2, 2]  # two tasks, of two threads
    assert thread_count() == 4


def test_the_first_failure_is_raised_and_ends_the_others():
    def failing(_):
        raise ValueError("no")

    def waiting(look):
        while not look():
            time.sleep(0.001)

    with pytest.raises(ValueError, match="no"):
        beside([waiting, failing, waiting])


def test_what_waits_for_a_turn_is_not_begun_after_a_failure():
    begun = []
    ff.set_threads(1)

    def failing(_):
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        beside([failing, begun.append])
    assert not begun


def test_ctrl_c_takes_effect_once_all_have_stopped():
    stopped = []

    def waiting(look):
        while not look():
            time.sleep(0.001)
        stopped.append(True)

    threading.Timer(0.2, _thread.interrupt_main).start()
    with pytest.raises(KeyboardInterrupt):
        beside([waiting] * 3)
    assert stopped == [True] * 3


def test_ctrl_c_leaves_tasks_that_do_not_ask():
    over = threading.Event()
    threading.Timer(0.2, _thread.interrupt_main).start()
    begin = time.perf_counter()
    with pytest.raises(KeyboardInterrupt):
        beside([lambda _: over.wait(20)] * 2, is_left=True)
    assert time.perf_counter() - begin < 10
    over.set()
