"""Oracles: what a file holds after each way in which writing can fail; links and permissions as `open` treats them."""

import os
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

from feedforward import atomic
from feedforward.atomic import write_bytes


@pytest.mark.parametrize("content", [b"", b"new", bytes(range(256)) * 10_000])
def test_a_file_is_made_or_replaced_whole(tmp_path, content):
    path = tmp_path / "f"
    write_bytes(path, content)
    assert path.read_bytes() == content
    path.write_bytes(b"old and longer than the new content is")
    write_bytes(path, content)
    assert path.read_bytes() == content
    assert os.listdir(tmp_path) == ["f"]


@pytest.mark.parametrize("place", ["fdopen", "fsync", "replace"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, place, error):
    path = tmp_path / "f"
    path.write_bytes(b"old")
    original = os.fdopen

    def fail(*arguments):
        if place == "fdopen":
            original(*arguments).close()  # what a kill does to the handle
        raise error

    monkeypatch.setattr(atomic.os, place, fail)
    with pytest.raises(type(error)):
        write_bytes(path, b"new")
    monkeypatch.undo()
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["f"]


@pytest.mark.skipif(os.name != "posix", reason="permissions are those of POSIX")
@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_permissions_are_those_of_any_new_file(tmp_path, mask):
    before = os.umask(mask)
    try:
        write_bytes(tmp_path / "f", b"")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "f").stat().st_mode) == 0o666 & ~mask


def test_a_folder_that_is_not_there_is_the_error_of_the_system(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_bytes(tmp_path / "no" / "f", b"")


def test_a_name_as_long_as_the_system_allows_can_be_written(tmp_path):
    path = tmp_path / ("n" * 255)
    write_bytes(path, b"new")
    assert path.read_bytes() == b"new"


def test_threads_that_write_one_file_leave_the_content_of_one_of_them(tmp_path):
    contents = [bytes([number]) * 100_000 for number in range(8)]
    threads = [threading.Thread(target=write_bytes, args=(tmp_path / "f", content)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tmp_path / "f").read_bytes() in contents
    assert os.listdir(tmp_path) == ["f"]


posix = pytest.mark.skipif(os.name != "posix", reason="links, modes and locks are those of POSIX")


@contextmanager
def not_root():
    """Be a user to whom permissions apply."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(before)


@pytest.fixture
def public():
    """A folder that every user may write to, other than pytest's."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    yield folder
    folder.chmod(0o777)
    shutil.rmtree(folder)


# links


@posix
@pytest.mark.parametrize("has_file", [True, False])
@pytest.mark.parametrize("links", [{"a": "f"}, {"a": "b", "b": "sub/c", "sub/c": "../f"}, {"a": "{}/f"}])
def test_links_are_written_through_and_stay(tmp_path, links, has_file):
    (tmp_path / "sub").mkdir()
    for name, leads_to in links.items():
        (tmp_path / name).symlink_to(leads_to.format(tmp_path))
    if has_file:
        (tmp_path / "f").write_bytes(b"old")
    write_bytes(tmp_path / "a", b"new")
    assert all((tmp_path / name).is_symlink() for name in links)
    assert (tmp_path / "f").read_bytes() == b"new"
    assert not (tmp_path / "f").is_symlink()
    assert sorted(os.listdir(tmp_path)) == sorted({"f", "sub"} | {name for name in links if "/" not in name})


@posix
def test_a_folder_that_is_a_link_is_followed(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    write_bytes(tmp_path / "link" / "f", b"new")
    assert (tmp_path / "real" / "f").read_bytes() == b"new"


@posix
@pytest.mark.parametrize(
    ("links", "message"),
    [
        ({"a": "b", "b": "a"}, r"a cannot be written: Too many levels of symbolic links\. Give another name\.$"),
        ({"a": "no/f"}, r"a cannot be written: there is no folder .*/no\. Make it first\.$"),
        ({"a": "."}, r"a cannot be written: it is a folder\. Give the name of a file\.$"),
    ],
)
def test_links_that_lead_to_no_file_are_refused_and_stay(tmp_path, links, message):
    for name, leads_to in links.items():
        (tmp_path / name).symlink_to(leads_to)
    with pytest.raises(OSError, match=message):
        write_bytes(tmp_path / "a", b"new")
    assert {name: os.readlink(tmp_path / name) for name in os.listdir(tmp_path)} == links


@posix
def test_a_hard_link_keeps_the_old_content(tmp_path):
    (tmp_path / "f").write_bytes(b"old")
    os.link(tmp_path / "f", tmp_path / "other")
    write_bytes(tmp_path / "f", b"new")
    assert ((tmp_path / "f").read_bytes(), (tmp_path / "other").read_bytes()) == (b"new", b"old")


# what is no regular file


def listening(path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(path))


@posix
@pytest.mark.parametrize("has_link", [False, True])
@pytest.mark.parametrize("make", [os.mkfifo, listening, lambda path: path.symlink_to("/dev/null")])
def test_a_device_a_pipe_and_a_socket_are_refused_and_stay(tmp_path, monkeypatch, make, has_link):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "special"
    make(path)
    before = path.stat()
    if has_link:
        (tmp_path / "link").symlink_to("special")
        path = tmp_path / "link"
    with pytest.raises(OSError, match=r" cannot be written: it is no regular file but .* Give the name of a file\.$"):
        write_bytes(path, b"new")
    assert os.path.samestat(path.stat(), before)
    assert sorted(os.listdir()) == sorted({"special", path.name})


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs the files of a process as files")
def test_a_file_without_a_name_is_refused(tmp_path):
    with open(tmp_path / "f", "wb") as file:
        os.unlink(tmp_path / "f")
        with pytest.raises(OSError, match=r"cannot be written: it is no regular file but .*, or was deleted\."):
            write_bytes(Path(f"/proc/self/fd/{file.fileno()}"), b"new")
    reading, writing = os.pipe()
    with pytest.raises(OSError, match="it is no regular file but a device, a pipe"):
        write_bytes(Path(f"/proc/self/fd/{writing}"), b"new")
    os.close(reading)
    os.close(writing)
    assert os.listdir(tmp_path) == []


# permissions


@posix
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o755, 0o4755])
def test_a_file_keeps_its_mode_but_not_the_set_user_id_bit(tmp_path, mode):
    (tmp_path / "f").write_bytes(b"old")
    (tmp_path / "f").chmod(mode)
    write_bytes(tmp_path / "f", b"new")
    assert stat.S_IMODE((tmp_path / "f").stat().st_mode) == mode & 0o777


@posix
def test_what_replaces_a_file_is_private_while_it_is_written(tmp_path, monkeypatch):
    (tmp_path / "f").write_bytes(b"old")
    modes = []
    open_file = os.fdopen

    def look(*arguments):
        modes.extend(stat.S_IMODE(path.stat().st_mode) for path in tmp_path.glob(".*"))
        return open_file(*arguments)

    monkeypatch.setattr(atomic.os, "fdopen", look)
    write_bytes(tmp_path / "f", b"new")
    assert modes == [0o600]


@posix
@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root gives files away")
def test_root_leaves_a_file_to_its_owner_and_group(tmp_path):
    (tmp_path / "f").write_bytes(b"old")
    os.chown(tmp_path / "f", 65534, 65533)
    write_bytes(tmp_path / "f", b"new")
    found = (tmp_path / "f").stat()
    assert (found.st_uid, found.st_gid, (tmp_path / "f").read_bytes()) == (65534, 65533, b"new")


@posix
@pytest.mark.parametrize(("mode", "kept"), [(0o660, 0o600), (0o664, 0o644), (0o750, 0o700), (0o666, 0o666)])
def test_a_group_that_cannot_be_given_is_no_right_for_another_group(tmp_path, monkeypatch, mode, kept):
    def refuse(handle, user, group):
        raise PermissionError(1, "Operation not permitted")

    (tmp_path / "f").write_bytes(b"old")
    (tmp_path / "f").chmod(mode)
    found = os.stat(tmp_path / "f")
    other = os.stat_result([*found[:4], found.st_uid + 1, found.st_gid + 1, *found[6:10]])
    monkeypatch.setattr(atomic.os, "fchown", refuse)
    monkeypatch.setattr(atomic, "destination", lambda path: (path, other))
    write_bytes(tmp_path / "f", b"new")
    assert stat.S_IMODE((tmp_path / "f").stat().st_mode) == kept


@posix
def test_a_write_protected_file_is_refused_and_stays(public):
    (public / "f").write_bytes(b"old")
    (public / "f").chmod(0o444)
    with (
        not_root(),
        pytest.raises(PermissionError, match=r"f cannot be written: Permission denied\. Make it writable, or give ano"),
    ):
        write_bytes(public / "f", b"new")
    assert ((public / "f").read_bytes(), os.listdir(public)) == (b"old", ["f"])


@posix
@pytest.mark.parametrize("has_file", [True, False])
def test_a_folder_that_takes_no_new_file_is_an_error_that_says_so(public, has_file):
    if has_file:
        (public / "f").write_bytes(b"old")
        (public / "f").chmod(0o666)
    public.chmod(0o555)
    with (
        not_root(),
        pytest.raises(
            PermissionError,
            match=r"f cannot be written: the folder .* does not let a new file take its place \(Permission denied\)\. "
            r"A file is written whole or not at all\. Make the folder writable or give another\.$",
        ),
    ):
        write_bytes(public / "f", b"new")
    assert os.listdir(public) == ["f"] * has_file
    assert not has_file or (public / "f").read_bytes() == b"old"


@posix
@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="needs two users")
def test_another_users_file_in_a_shared_folder_stays(public):
    public.chmod(0o1777)
    (public / "f").write_bytes(b"old")
    (public / "f").chmod(0o666)
    with not_root(), pytest.raises(PermissionError, match=r"f cannot be written: the folder .*Operation not permitted"):
        write_bytes(public / "f", b"new")
    assert ((public / "f").read_bytes(), os.listdir(public)) == (b"old", ["f"])


# what was left half written

KILLED = """
import os, signal, sys
from pathlib import Path
from feedforward import atomic
setattr(atomic.os, sys.argv[2], lambda *_: os.kill(os.getpid(), signal.SIGKILL))
atomic.write_bytes(Path(sys.argv[1]), b"new")
"""


@posix
@pytest.mark.parametrize("place", ["fdopen", "fsync", "replace"])
@pytest.mark.parametrize("has_file", [True, False])
def test_what_killed_writers_left_is_gone_after_the_next_write(tmp_path, place, has_file):
    if has_file:
        (tmp_path / "f").write_bytes(b"old")
    for _ in range(2):
        assert subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "f"), place]).returncode == -signal.SIGKILL
    assert len(os.listdir(tmp_path)) == 1 + has_file  # the second has swept what the first left
    write_bytes(tmp_path / "other", b"new")
    assert sorted(os.listdir(tmp_path)) == ["f"] * has_file + ["other"]
    assert not has_file or (tmp_path / "f").read_bytes() == b"old"


@posix
def test_what_a_living_writer_writes_is_left_alone(tmp_path, monkeypatch):
    # The other writer holds its lock in this very process: harder than in another.
    sync, waits, may_go = os.fsync, threading.Event(), threading.Event()

    def wait(handle):
        if threading.current_thread() is not threading.main_thread():
            waits.set()
            assert may_go.wait(60)
        sync(handle)

    monkeypatch.setattr(atomic.os, "fsync", wait)
    other = threading.Thread(target=write_bytes, args=(tmp_path / "slow", b"slow"))
    other.start()
    assert waits.wait(60)
    for _ in range(3):
        write_bytes(tmp_path / "f", b"new")
    assert len(os.listdir(tmp_path)) == 2
    may_go.set()
    other.join()
    assert sorted(os.listdir(tmp_path)) == ["f", "slow"]
    assert (tmp_path / "slow").read_bytes() == b"slow"


@posix
def test_a_file_swept_before_it_is_locked_is_made_again(tmp_path, monkeypatch):
    lock, names = atomic.fcntl.flock, []

    def sweep_first(handle, operation):
        if not names:
            names.extend(path.name for path in tmp_path.glob(".feedforward-*"))
            atomic._sweep(tmp_path)
            assert os.listdir(tmp_path) == []
        lock(handle, operation)

    once = iter([sweep_first])
    monkeypatch.setattr(atomic.fcntl, "flock", lambda handle, operation: next(once, lock)(handle, operation))
    write_bytes(tmp_path / "f", b"new")
    assert len(names) == 1
    assert os.listdir(tmp_path) == ["f"]
    assert (tmp_path / "f").read_bytes() == b"new"


@posix
def test_a_stranger_who_locks_our_file_does_not_hold_us_up(tmp_path, monkeypatch):
    lock, strangers = atomic.fcntl.flock, []

    def lock_first(handle, operation):
        if len(strangers) < 2:
            (path,) = tmp_path.glob(".feedforward-*")
            strangers.append(os.open(path, os.O_RDONLY))
            lock(strangers[-1], atomic.fcntl.LOCK_EX)
        lock(handle, operation)

    monkeypatch.setattr(atomic.fcntl, "flock", lock_first)
    write_bytes(tmp_path / "f", b"new")
    for handle in strangers:
        os.close(handle)
    assert len(strangers) == 2
    assert os.listdir(tmp_path) == ["f"]
    assert (tmp_path / "f").read_bytes() == b"new"


@posix
def test_only_our_own_temporary_files_are_swept(tmp_path):
    name = f".feedforward-{'0' * 16}.tmp"
    others = [f"{name}x", f"x{name}", name.replace("0", "g"), name.upper(), ".0123456789abcdef.tmp", f"{name}\n"]
    for other in others:
        (tmp_path / other).write_bytes(b"mine")
    (tmp_path / name.replace("0", "1")).symlink_to(others[0])
    (tmp_path / name.replace("0", "2")).mkdir()
    os.mkfifo(tmp_path / name.replace("0", "3"))
    before = os.listdir(tmp_path)
    (tmp_path / name).write_bytes(b"half")
    write_bytes(tmp_path / "f", b"new")
    assert sorted(os.listdir(tmp_path)) == sorted([*before, "f"])


@posix
@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="needs two users")
def test_what_another_user_left_is_left_alone(public):
    left = public / f".feedforward-{'0' * 16}.tmp"
    left.write_bytes(b"half")
    left.chmod(0o666)
    with not_root():
        write_bytes(public / "f", b"new")
    assert sorted(os.listdir(public)) == [left.name, "f"]
    write_bytes(public / "f", b"new")
    assert os.listdir(public) == ["f"]


@posix
def test_without_locks_files_are_written_and_nothing_is_swept(tmp_path, monkeypatch):
    def refuse(handle, operation):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(atomic.fcntl, "flock", refuse)
    left = tmp_path / f".feedforward-{'0' * 16}.tmp"
    left.write_bytes(b"half")
    write_bytes(tmp_path / "f", b"new")
    assert sorted(os.listdir(tmp_path)) == [left.name, "f"]


def test_ctrl_c_as_the_temporary_file_is_made_leaves_none(tmp_path, monkeypatch):
    def interrupt(count):
        signal.raise_signal(signal.SIGINT)
        return "0" * 2 * count

    monkeypatch.setattr(secrets, "token_hex", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_bytes(tmp_path / "f", b"new")
    assert os.listdir(tmp_path) == ["f"]
    assert (tmp_path / "f").read_bytes() == b"new"
