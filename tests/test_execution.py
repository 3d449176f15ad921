"""Oracles: counts of compiled programs by a backend that counts; NumPy on the same numbers; a machine without LLVM."""

import collections
import re
import subprocess
import sys
import threading

import numpy as np
import pytest

import feedforward as ff
from feedforward import GradientTape, Tensor, Variable, execution
from feedforward.backends import BACKENDS
from feedforward.errors import BackendError


def test_a_number_that_changes_in_every_turn_makes_no_new_program(backend):
    w, x = Variable([1.0, 2.0]), Tensor([3.0, 4.0])
    expected = np.array([1, 2], np.float32)
    compiled = []
    for turn in range(8):
        with GradientTape() as tape:
            loss = (w * x).sum()
        rate = 0.1 / (turn + 1)
        w.assign_sub(rate * tape.gradient(loss, w))
        np.testing.assert_array_equal(w.numpy(), expected := expected - np.float32(rate) * x.numpy())
        compiled.append(backend.compiled)
    assert compiled[4:] == [compiled[3]] * 4  # the first turns differ in what is held and how old it is


@pytest.mark.parametrize("number", [0.0, -0.0, 0.5, 1.0, -1.0, 2.0, 3.0, np.inf, np.nan, True])
def test_numbers_with_a_meaning_of_their_own_are_part_of_the_program(backend, number):
    x = Tensor(np.array([True, False]) if number is True else [3.0, 4.0])
    (x == number).numpy()
    assert backend.compiled == 1
    (x == (False if number is True else 7.0)).numpy()
    assert backend.compiled == 2


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64"])
def test_numbers_that_are_fed_give_what_numpy_gives(dtype):
    x = np.array([1, 2, 3], dtype)
    for number in (7, 11, 5):
        np.testing.assert_array_equal((Tensor(x) * number).numpy(), x * np.array(number, dtype))


def test_rows_of_what_holds_data_need_no_program(backend):
    values = np.arange(24.0, dtype=np.float32).reshape(4, 3, 2)
    x = Tensor(values)
    for index in (0, -1, (1, 2), (slice(None), 1), (..., 0), slice(1, 3), (2, 1, 0), (None, 3), slice(None, None, -1)):
        np.testing.assert_array_equal(x[index].numpy(), values[index])
    np.testing.assert_array_equal(Variable(values)[2].numpy(), values[2])
    assert backend.compiled == 0


def test_rows_of_what_a_tape_watches_are_differentiated():
    w, x = Variable([1.0, 2.0, 3.0]), Tensor([4.0, 5.0, 6.0])
    with GradientTape() as tape:
        tape.watch(x)
        loss = w[1] * x[2]
    dw, dx = tape.gradient(loss, [w, x])
    assert (dw.tolist(), dx.tolist()) == ([0, 6, 0], [0, 0, 2])


def test_what_was_sliced_stays_when_the_variable_changes():
    w = Variable([1.0, 2.0])
    first = w[0]
    w.assign([3.0, 4.0])
    assert (float(first), float(w[0])) == (1.0, 3.0)


def test_llvm_is_the_default_and_a_name_chooses_another(monkeypatch):
    monkeypatch.setattr(execution, "_backend", None)
    assert type(execution.backend()) is type(BACKENDS["llvm"]())
    ff.use_backend("interpreter")
    assert type(execution.backend()) is type(BACKENDS["interpreter"]())


def test_a_machine_without_llvm_is_an_error_unless_the_interpreter_is_asked_for(monkeypatch):
    model = ff.Sequential([ff.Input((2,)), ff.layers.Dense(1)])
    monkeypatch.setattr(execution, "_backend", None)
    monkeypatch.setattr(execution, "_executables", collections.OrderedDict())
    monkeypatch.setitem(sys.modules, "feedforward.backends.llvm", None)  # the import of it fails
    message = (
        r"machine code: LLVM cannot be loaded \(.*llvm.*\)\. Install llvmlite anew, raise the limit of memory "
        r"\(ulimit -v\) if there is one, or say use_backend\('interpreter'\)\."
    )
    for use in (
        lambda: (Tensor([1.0, 2.0]) * 7.0).tolist(),
        lambda: ff.use_backend("llvm"),
        lambda: model.explain("loops"),
    ):
        with pytest.raises(BackendError, match=message):
            use()
    ff.use_backend("interpreter")
    assert (Tensor([1.0, 2.0]) * 7.0).tolist() == [7.0, 14.0]


_LIMITED = """
import resource, sys
import numpy as np
import feedforward as ff
from feedforward.errors import BackendError

if sys.argv[1] == "loaded":
    float(ff.Tensor([1.0, 2.0]).sum())
pages = int(open("/proc/self/statm").read().split()[0])
limit = pages * resource.getpagesize() + int(sys.argv[2]) * 2**20
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
try:
    model = ff.Sequential([ff.Input((20,)), *[ff.layers.Dense(30 + n, activation="tanh") for n in range(8)]])
    model.compile("adam", "mean_squared_error")
    model.fit(np.ones((64, 20), np.float32), np.ones((64, 37), np.float32), verbose=0)
    print("trained", type(ff.execution.backend()).__name__)
except (BackendError, MemoryError) as error:
    print(type(error).__name__, error)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc, and limits memory")
@pytest.mark.parametrize(
    ("state", "room", "expected"),
    [
        ("new", 30, r"BackendError machine code: LLVM cannot be loaded \(.*"),
        (
            "loaded",
            20,
            r"BackendError machine code: LLVM may need \d+ MiB of memory, which this process cannot get \(.*",
        ),
        (
            "loaded",
            60,
            r"BackendError machine code: LLVM may need \d+ MiB of memory, which this process cannot get \(.*",
        ),
        ("new", 1000, "trained Native"),
    ],
)
def test_too_little_memory_for_llvm_is_an_error_with_what_to_do(tmp_path, state, room, expected):
    """It was the interpreter without a word, or the end of the process."""
    command = [sys.executable, "-c", _LIMITED, state, str(room)]
    env = {"XDG_CACHE_HOME": str(tmp_path), "PYTHONPATH": ":".join(sys.path), "FEEDFORWARD_THREADS": "1"}
    found = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120)
    assert re.fullmatch(expected, found.stdout.strip(), re.DOTALL), found
    assert "Backend" not in found.stdout or "ulimit -v" in found.stdout


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path):
    (tmp_path / "file").write_text("")
    code = "import feedforward as ff; print(ff.exp(ff.Tensor([0.0, 0.0])).tolist())"
    env = {"XDG_CACHE_HOME": str(tmp_path / "file"), "PYTHONPATH": ":".join(sys.path)}
    found = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert found.stdout == "[1.0, 1.0]\n", found.stderr


def test_threads_share_the_programs_and_keep_their_values():
    wrong = []

    def work(number):
        for turn in range(20):
            x = Tensor(np.full(7, number, np.float32))
            if float((x * (turn + 10.0)).sum()) != 7 * number * (turn + 10.0):
                wrong.append(number)

    workers = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert wrong == []


def test_zero_and_its_negative_are_two_numbers_beside_a_tensor() -> None:
    x = ff.Tensor([2.0])
    for number in (0.0, -0.0, 0.0, -0.0):
        assert np.signbit((x * number).numpy()) == np.signbit(number)
