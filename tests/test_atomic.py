"""Oracles: what a file holds after each way in which writing can fail; permissions by the umask, as for `open`."""

import os
import stat
import threading

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
