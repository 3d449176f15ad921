"""Oracle: what was written, byte for byte; files, owners and permissions as the system tells them; equal hashes of
weights of a model trained with an empty folder and with a filled one."""

import functools
import itertools
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path

import llvmlite.binding as llvm
import numpy as np
import pytest

from feedforward import ops, ownership
from feedforward.backends import codes
from feedforward.backends.llvm import Native
from feedforward.compiler import cache
from feedforward.compiler.target import Target
from feedforward.graph.node import scope
from feedforward.graph.program import Program

TARGET = Target("x86_64-unknown-linux-gnu", "generic", "+sse2", 16, 64)
CODE = bytes(range(256)) * 4
FILE_BYTES = len(CODE) + 32
"""Its size and that of its checksum, SHA-256."""


@pytest.fixture(autouse=True)
def place(monkeypatch, tmp_path):
    """The folder, not yet there; every write looks whether it is too full, and nothing was told yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(cache, "_WRITES", 1)
    monkeypatch.setattr(cache, "_is_told", False)
    return tmp_path / "feedforward" / "code"


def program(times=2, name="x"):
    x = ops.placeholder((5,), "float32", name)
    with scope(f"layer of {name}"):
        total = functools.reduce(lambda total, _: total + x, range(times - 1), x)
    return Program((x,), (), (total,))


def works():
    """Return whether the backend gives the right result, as a process does that has no code yet."""
    codes._slots.clear()
    x = np.arange(5, dtype=np.float32)
    return Native().compile(program()).run([x], [])[0][0].tolist() == [0, 2, 4, 6, 8]


def names(place):
    return sorted(file.name for file in place.iterdir())


def test_what_was_written_is_read_and_all_else_is_not_there(place):
    assert cache.read_code("a") is None
    cache.write_code("a", CODE)
    cache.write_code("b", b"")
    assert cache.read_code("a") == CODE
    assert cache.read_code("b") == b""
    assert cache.read_code("c") is None
    assert names(place) == ["a.o", "b.o"]


@pytest.mark.parametrize("change", ["empty", "short", "cut", "flipped", "longer", "folder"])
def test_a_damaged_file_is_none_and_is_written_anew(place, change):
    cache.write_code("a", CODE)
    file = place / "a.o"
    content = file.read_bytes()
    flipped = bytearray(content)
    flipped[40] ^= 1
    changed = {"empty": b"", "short": content[:20], "cut": content[:-1], "flipped": flipped, "longer": content + b"x"}
    file.unlink() if change == "folder" else file.write_bytes(changed[change])
    if change == "folder":
        file.mkdir()
    assert cache.read_code("a") is None
    cache.write_code("a", CODE)
    assert cache.read_code("a") == (None if change == "folder" else CODE)
    assert names(place) == ["a.o"]


def test_a_program_runs_though_every_file_is_damaged(place):
    assert works()
    for file in place.iterdir():
        file.write_bytes(file.read_bytes()[:-5])
    assert works()


def test_the_files_used_longest_ago_make_room(place, monkeypatch):
    monkeypatch.setattr(cache, "_LARGEST", 3 * FILE_BYTES)
    for age, key in enumerate("abc"):
        cache.write_code(key, CODE)
        os.utime(place / f"{key}.o", (1000 + age, 1000 + age))
    assert cache.read_code("a") == CODE  # so now b is the one used longest ago
    cache.write_code("d", CODE)
    assert names(place) == ["a.o", "c.o", "d.o"]


def test_what_killed_processes_left_is_deleted_and_what_others_are_writing_is_not(place):
    cache.write_code("a", CODE)
    for name, age in (("old.tmp", 7200), ("new.tmp", 0)):
        (place / name).write_bytes(CODE)
        os.utime(place / name, (time.time() - age,) * 2)
    cache.write_code("b", CODE)
    assert names(place) == ["a.o", "b.o", "new.tmp"]


def test_a_file_whose_time_cannot_be_set_is_read(monkeypatch):
    cache.write_code("a", CODE)

    def refuse(*arguments, **options):
        raise PermissionError

    monkeypatch.setattr(os, "utime", refuse)
    assert cache.read_code("a") == CODE


def test_without_a_home_there_is_no_cache_and_no_error(monkeypatch):
    def lost():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", lost)
    cache.write_code("a", CODE)
    assert cache.read_code("a") is None
    assert works()


def test_a_folder_that_cannot_be_made_is_no_error(monkeypatch, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    cache.write_code("a", CODE)
    assert cache.read_code("a") is None
    assert works()


def test_a_folder_that_cannot_be_written_is_still_read(place, monkeypatch):
    cache.write_code("a", CODE)
    place.chmod(0o500)
    try:
        if not os.access(place, os.W_OK):  # the superuser may write everywhere
            cache.write_code("b", CODE)
            assert cache.read_code("b") is None
        assert cache.read_code("a") == CODE
    finally:
        place.chmod(0o700)


def test_a_disk_that_is_full_leaves_nothing(place, monkeypatch):
    def refuse(*arguments, **options):
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "replace", refuse)
    cache.write_code("a", CODE)
    assert cache.read_code("a") is None
    assert names(place) == []


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="this system has no owners of this kind")
def test_code_is_only_the_users_own_and_once_is_said_that_none_is_kept(place, monkeypatch, caplog):
    cache.write_code("a", CODE)
    assert place.stat().st_mode & 0o777 == 0o700
    for mode in (0o770, 0o702, 0o777):
        place.chmod(mode)
        assert cache.read_code("a") is None
        cache.write_code("b", CODE)
        assert names(place) == ["a.o"]
    expected = f"machine code is not kept on disk, below XDG_CACHE_HOME or else HOME: {str(place)!r} belongs to user "
    assert [message[: len(expected)] for message in caplog.messages] == [expected]
    place.chmod(0o755)
    assert cache.read_code("a") == CODE
    owner = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: owner + 1)
    assert cache.read_code("a") is None
    cache.write_code("b", CODE)
    assert names(place) == ["a.o"]


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="this system has no owners of this kind")
@pytest.mark.parametrize("kind", ["writable", "link"])
def test_a_file_that_may_be_another_users_is_told_of_and_written_anew(place, kind, caplog):
    cache.write_code("a", CODE)
    if kind == "link":
        (place / "a.o").rename(place / "other")
        (place / "a.o").symlink_to("other")
    else:
        (place / "a.o").chmod(0o666)
    assert cache.read_code("a") is None
    assert re.search("'a.o' is a link" if kind == "link" else "'a.o' belongs to user .* mode 666", caplog.text)
    cache.write_code("a", CODE)
    assert cache.read_code("a") == CODE


@pytest.mark.parametrize(
    ("xdg", "home"),
    [("cache", "/"), (".", "/"), ("./cache", "/"), ("../here/cache", "/"), ("~/cache", "/"), ("", ""), ("", "cache")],
)
def test_code_is_never_kept_where_a_program_is_started(monkeypatch, tmp_path, caplog, xdg, home):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "here"))
    cache.write_code("a", CODE)
    here = tmp_path / "here"
    for folder in ("cache", ".cache", "~/cache", "cache/.cache"):
        shutil.copytree(here / "feedforward", here / folder / "feedforward")
    monkeypatch.chdir(here)
    monkeypatch.setenv("XDG_CACHE_HOME", xdg)
    monkeypatch.setenv("HOME", home)
    before = sorted(here.rglob("*"))
    assert cache.read_code("a") is None
    cache.write_code("b", CODE)
    (told,) = caplog.messages
    assert "depends on where a program is started. Expected an absolute path" in told
    assert sorted(here.rglob("*")) == before


def test_an_empty_name_is_none(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setenv("HOME", str(tmp_path))
    cache.write_code("a", CODE)
    assert names(tmp_path / ".cache" / "feedforward" / "code") == ["a.o"]


def test_code_is_bound_to_its_key(place):
    for key in ("a", "b", "ab"):
        cache.write_code(key, key.encode() + CODE)
    contents = {key: (place / f"{key}.o").read_bytes() for key in ("a", "b", "ab")}
    for key in contents:
        for other in contents.keys() - {key}:
            (place / f"{key}.o").write_bytes(contents[other])
            assert cache.read_code(key) is None
            (place / f"{key}.o").write_bytes(contents[key][:32] + contents[other][32:])
            assert cache.read_code(key) is None
    (place / "a.o").write_bytes(contents["ab"][:32] + b"b" + contents["ab"][32:])
    assert cache.read_code("a") is None


def test_a_program_whose_file_has_another_programs_code_gives_its_own_result(place):
    assert works()
    (file,) = place.iterdir()
    x = np.arange(5, dtype=np.float32)
    Native().compile(program(3)).run([x], [])
    (other,) = set(place.iterdir()) - {file}
    other.replace(file)
    assert works()


def test_a_folder_that_is_deleted_meanwhile_is_made_anew(place, tmp_path):
    cache.write_code("a", CODE)
    shutil.rmtree(tmp_path / "feedforward")
    assert cache.read_code("a") is None
    cache.write_code("a", CODE)
    assert cache.read_code("a") == CODE


def test_what_is_no_code_of_ours_is_not_deleted(place, monkeypatch):
    cache.write_code("a", CODE)
    monkeypatch.setattr(cache, "_LARGEST", 0)
    (place / "b.o").mkdir()
    (place / "c.txt").write_bytes(CODE)
    (place / "d.o").symlink_to("c.txt")
    cache.write_code("e", CODE)
    assert names(place) == ["b.o", "c.txt", "d.o"]


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="this system does not tell what is open")
@pytest.mark.parametrize("work", [lambda: cache.write_code("b", CODE), lambda: cache.read_code("a")])
def test_ctrl_c_at_any_line_leaves_no_file_half_written_and_nothing_open(place, tmp_path, monkeypatch, work):
    (tmp_path / "link").symlink_to(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "link"))
    monkeypatch.setattr(cache, "_LARGEST", 2 * FILE_BYTES)
    cache.write_code("a", CODE)
    before = len(os.listdir("/dev/fd"))
    for line in itertools.count(1):
        left = line

        def trace(frame, event, argument):
            nonlocal left
            if frame.f_code.co_filename not in (cache.__file__, ownership.__file__):
                return None
            left -= event == "line"
            if event == "line" and left == 0:
                signal.raise_signal(signal.SIGINT)
            return trace

        old, is_interrupted = sys.gettrace(), False
        try:
            sys.settrace(trace)
            work()
        except KeyboardInterrupt:
            is_interrupted = True
        finally:
            sys.settrace(old)
        assert is_interrupted == (left <= 0)
        assert set(names(place)) <= {"a.o", "b.o"}
        assert len(os.listdir("/dev/fd")) == before
        if not is_interrupted:
            break
    assert line > 50


def test_the_key_holds_the_program_but_its_names_the_processor_llvm_and_the_source(monkeypatch):
    key = cache.code_key(program(), TARGET)
    assert cache.code_key(program(), TARGET) == key
    assert cache.code_key(program(name="other"), TARGET) == key
    others = [cache.code_key(program(3), TARGET)]
    for change in ({"triple": "other"}, {"cpu": "other"}, {"features": ""}, {"registers": 32}, {"register_bytes": 32}):
        others.append(cache.code_key(program(), replace(TARGET, **change)))
    with monkeypatch.context() as patch:
        patch.setattr(llvm, "llvm_version_info", (1, 2, 3))
        others.append(cache.code_key(program(), TARGET))
    with monkeypatch.context() as patch:
        patch.setattr(cache, "_own_source", lambda: "other")
        others.append(cache.code_key(program(), TARGET))
    assert len({key, *others}) == 9


def test_what_is_hashed_as_source_holds_the_options_given_to_llvm():
    source = (Path(cache.__file__).parent / "machine.py").read_text()
    assert "create_target_machine" in source
    assert "create_pipeline_tuning_options" in source
    assert "create_target_machine" not in (Path(cache.__file__).parent.parent / "backends" / "llvm.py").read_text()


def test_threads_that_write_and_read_one_name_see_the_whole_code_or_none(place):
    contents = [bytes([number]) * 300_000 for number in range(4)]
    wrong = []

    def work(content):
        for _ in range(40):
            cache.write_code("a", content)
            found = cache.read_code("a")
            if found not in contents:
                wrong.append(found)

    workers = [threading.Thread(target=work, args=(content,)) for content in contents]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert wrong == []
    assert names(place) == ["a.o"]


_TRAIN = """
import hashlib
import numpy as np
import feedforward as ff
from feedforward.backends import codes

found, read = [], codes.read_code
codes.read_code = lambda key: (found.append(read(key)), found[-1])[1]
ff.set_seed(3)
rng = np.random.default_rng(0)
x, y = rng.normal(size=(500, 12)).astype(np.float32), rng.integers(0, 5, 500)
model = ff.Sequential([
    ff.Input((12,)), ff.layers.Dense(40, activation="tanh"), ff.layers.Dropout(0.2), ff.layers.Dense(5)
])
model.compile(ff.optimizers.Adam(0.01), ff.losses.SparseCategoricalCrossentropy(from_logits=True))
model.fit(x, y, epochs=3, batch_size=32, verbose=0)
weights = b"".join(array.tobytes() for array in [*model.get_weights(), model.predict(x, verbose=0)])
print(hashlib.sha256(weights).hexdigest(), sum(code is not None for code in found))
"""


def test_code_from_the_disk_trains_a_model_to_the_same_bits(tmp_path):
    environment = {"XDG_CACHE_HOME": str(tmp_path), "PYTHONPATH": ":".join(sys.path)}
    lines = []
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", _TRAIN], env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        lines.append(done.stdout.split())
    (empty, none), (filled, several) = lines
    assert filled == empty
    assert int(none) == 0
    assert int(several) > 0


def test_a_program_in_an_unsafe_place_runs_and_says_so_in_one_line(tmp_path):
    code = "import feedforward as ff; x = ff.Tensor([0.0, 0.0]); print(ff.exp(x).tolist(), ff.sum(x), ff.max(x))"
    environment = {"XDG_CACHE_HOME": "cache", "PYTHONPATH": ":".join(sys.path)}
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("[1.0, 1.0]")
    (line,) = done.stderr.splitlines()
    assert line.startswith("machine code is not kept on disk")
    assert list(tmp_path.iterdir()) == []


_AS_ANOTHER = """
import logging, os, sys
from pathlib import Path
from feedforward.compiler import cache
told = []
logging.getLogger("feedforward").addFilter(lambda record: told.append(record.getMessage()))
base = Path(sys.argv[1])
base.chmod(0o711)  # can be passed and not listed, as /home often is
(base / "home").mkdir(mode=0o700)
os.chown(base / "home", 12345, -1)
os.chdir("/")
os.setgroups([])
os.setgid(12345)
os.setuid(12345)
os.environ["XDG_CACHE_HOME"] = str(base / "home")
cache.write_code("a", b"mine")
print(cache.read_code("a"))
os.environ["XDG_CACHE_HOME"] = str(base)  # where there is code of root's, and no right to write
cache.read_code("a")
print(f"{base / 'feedforward'}' belongs to user 0" in told[0])
os.environ["XDG_CACHE_HOME"] = str(base / "none")
cache.write_code("a", b"mine")
print(cache.read_code("a"))
"""


@pytest.mark.skipif(getattr(os, "getuid", lambda: None)() != 0, reason="only the superuser can be another user")
def test_a_user_without_rights_keeps_code_of_their_own_and_takes_none_from_others(monkeypatch):
    with tempfile.TemporaryDirectory(dir="/tmp") as base:  # not pytest's, which only its owner can pass
        monkeypatch.setenv("XDG_CACHE_HOME", base)
        cache.write_code("a", b"of root")
        environment = {"XDG_CACHE_HOME": base, "PYTHONPATH": ":".join(sys.path)}
        command = [sys.executable, "-c", _AS_ANOTHER, base]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.stdout.splitlines() == ["b'mine'", "True", "None"], done.stderr
