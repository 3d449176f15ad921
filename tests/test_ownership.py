"""Oracle: owners, modes and kinds of files, worked by hand: who could have written to a folder is read off them.

Where a test must be several users it needs the superuser, and is skipped for others.
"""

import os
import socket
import stat
from contextlib import ExitStack

import pytest

from feedforward import ownership
from feedforward.ownership import NotOursError, open_folder

pytestmark = pytest.mark.skipif(not ownership._HAS_OWNERS, reason="this system has no owners of this kind")

SOMEONE = 12345
"""A user of whom no test knows more than that it is not us."""

as_root = pytest.mark.skipif(getattr(os, "getuid", lambda: None)() != 0, reason="only the superuser can change owners")


@pytest.fixture
def base(tmp_path):
    """A folder of ours, and in it an own/code with a file of ours."""
    (tmp_path / "base" / "own" / "code").mkdir(parents=True)
    for folder in ("base", "base/own", "base/own/code"):
        (tmp_path / folder).chmod(0o755)  # whatever the umask is
    file = tmp_path / "base" / "own" / "code" / "a"
    file.write_bytes(b"ours")
    file.chmod(0o644)
    return tmp_path / "base"


def read(base, name="a", most=100):
    with ExitStack() as closing:
        return open_folder(str(base), ("own", "code"), closing).read(name, most)


def write(base, name, content):
    with ExitStack() as closing:
        open_folder(str(base), ("own", "code"), closing, is_made=True).write(name, content)


def test_what_is_ours_is_read(base):
    assert read(base) == b"ours"


def test_missing_folders_are_made_for_us_alone(tmp_path):
    old = os.umask(0)
    try:
        write(tmp_path / "new" / "base", "b", b"written")
    finally:
        os.umask(old)
    for place in ("new", "new/base", "new/base/own", "new/base/own/code", "new/base/own/code/b"):
        expected = 0o600 if place.endswith("b") else 0o700
        assert stat.S_IMODE((tmp_path / place).stat().st_mode) == expected
    assert read(tmp_path / "new" / "base", "b") == b"written"


def test_nothing_is_made_for_a_reader(tmp_path):
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "new")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", ["", ".", "base", "./base", "../base", "~", "~/.cache", "$HOME"])
def test_a_path_that_is_not_absolute_is_refused(base, monkeypatch, path):
    monkeypatch.chdir(base.parent)
    with pytest.raises(
        NotOursError, match=r"depends on where a program is started. Expected an absolute path. Set one."
    ):
        read(path)


@pytest.mark.parametrize("mode", [0o775, 0o757, 0o777, 0o720, 0o702])
@pytest.mark.parametrize("component", [".", "own", "own/code", "own/code/a"])
def test_what_others_can_write_to_is_refused(base, component, mode):
    (base / component).chmod(mode)
    expected = (
        rf"belongs to user {os.getuid()} with mode {mode:o}\. Expected user .*nobody else able to write to it\. Use"
    )
    with pytest.raises(NotOursError, match=expected):
        read(base)
    (base / component).chmod(mode & 0o755)
    assert read(base) == b"ours"


@as_root
@pytest.mark.parametrize("component", [".", "own", "own/code", "own/code/a"])
def test_what_is_another_users_is_refused(base, component):
    os.chown(base / component, SOMEONE, -1)
    with pytest.raises(NotOursError, match=f"belongs to user {SOMEONE} with mode"):
        read(base)


def test_a_sticky_folder_on_the_way_is_as_good_as_what_is_in_it(base):
    base.chmod(0o1777)
    assert read(base) == b"ours"
    (base / "own").chmod(0o1777)  # from here on all is to be ours
    with pytest.raises(NotOursError, match="with mode 1777"):
        read(base)


@as_root
def test_in_a_sticky_folder_another_may_have_been_first(base):
    base.chmod(0o1777)
    os.chown(base / "own", SOMEONE, -1)
    with pytest.raises(NotOursError, match=f"own' belongs to user {SOMEONE}"):
        write(base, "b", b"")


@pytest.mark.parametrize("component", ["own", "own/code"])
def test_a_link_in_place_of_our_folder_is_refused(base, component):
    (base / component).rename(base / "moved")
    (base / component).symlink_to(base / "moved")
    with pytest.raises(NotOursError, match=r"is a link or a file. Expected a folder. Delete it."):
        read(base)
    with pytest.raises(NotOursError, match="is a link or a file"):
        write(base, "b", b"")
    assert not list(base.rglob("b"))


@pytest.mark.parametrize("target", ["{base}", "base", "./base/../base/", "second", "{base}/own/.."])
def test_a_link_of_ours_on_the_way_is_followed(base, target):
    (base.parent / "second").symlink_to("base")
    (base.parent / "first").symlink_to(target.format(base=base))
    assert read(base.parent / "first") == b"ours"
    assert read(base.parent / "first" / ".." / "base") == b"ours"
    with pytest.raises(FileNotFoundError):
        read(base.parent / "first" / "missing")


@as_root
def test_a_link_of_another_user_is_refused(base):
    (base.parent / "link").symlink_to(base)
    os.lchown(base.parent / "link", SOMEONE, -1)
    with pytest.raises(NotOursError, match=r"is a link that another user may have made. Expected a folder. Name the"):
        read(base.parent / "link")


def test_a_link_in_a_sticky_folder_is_refused(base):
    sticky = base.parent / "sticky"
    sticky.mkdir()
    sticky.chmod(0o1777)
    (sticky / "link").symlink_to(base)
    with pytest.raises(NotOursError, match="link' is a link that another user may have made"):
        read(sticky / "link")


def test_what_a_link_leads_through_is_checked(base):
    (base.parent / "link").symlink_to(base)
    base.chmod(0o777)
    with pytest.raises(NotOursError, match="with mode 777"):
        read(base.parent / "link")
    base.chmod(0o755)
    (base.parent / "open").mkdir()
    (base.parent / "open").chmod(0o777)
    with pytest.raises(NotOursError, match="open' belongs to"):
        read(base.parent / "open" / ".." / "base")


def test_links_in_a_circle_are_no_folder(base):
    (base.parent / "one").symlink_to("two")
    (base.parent / "two").symlink_to("one")
    with pytest.raises(OSError):
        read(base.parent / "one")


def test_a_file_in_place_of_a_folder_is_no_folder(base):
    with pytest.raises(OSError):
        read(base / "own" / "code" / "a")


@pytest.mark.parametrize("kind", ["link", "hanging link", "pipe", "device"])
def test_what_is_no_file_is_refused_at_once(base, kind):
    place = base / "own" / "code" / "b"
    if kind == "pipe":
        os.mkfifo(place)
    elif kind == "device":
        if os.getuid() != 0:
            pytest.skip("only the superuser can make one")
        os.mknod(place, 0o600 | stat.S_IFCHR, os.makedev(1, 5))  # zeros without end
    else:
        place.symlink_to("a" if kind == "link" else "missing")
    with pytest.raises(
        NotOursError, match=r"is a link. Expected a file. Delete|is no regular file. Expected one. Delete"
    ):
        read(base, "b")
    write(base, "b", b"anew")
    assert read(base, "b") == b"anew"
    assert read(base) == b"ours"


def test_a_folder_or_a_socket_in_place_of_a_file_is_no_file(base, monkeypatch):
    (base / "own" / "code" / "b").mkdir()
    monkeypatch.chdir(base / "own" / "code")  # a socket's path may not be long
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("c")
    for name in ("b", "c"):
        with pytest.raises(OSError):
            read(base, name)


def test_a_file_that_is_too_long_is_not_read(base):
    os.truncate(base / "own" / "code" / "a", 2**40)
    with pytest.raises(OSError, match="a file longer than any that was written here"):
        read(base)


def test_an_open_folder_stays_the_one_that_was_checked(base):
    with ExitStack() as closing:
        folder = open_folder(str(base), ("own", "code"), closing)
        (base / "own").rename(base / "away")
        (base / "own" / "code").mkdir(parents=True)
        for name in ("a", "b"):
            (base / "own" / "code" / name).write_bytes(b"theirs")
        assert folder.read("a", 100) == b"ours"
        folder.write("b", b"ours, too")
        assert sorted(name for name, _ in folder.files()) == ["a", "b"]
        folder.delete("a")
    assert [file.name for file in (base / "away" / "code").iterdir()] == ["b"]
    assert {file.read_bytes() for file in (base / "own" / "code").iterdir()} == {b"theirs"}


def test_only_regular_files_are_listed(base):
    place = base / "own" / "code"
    (place / "folder").mkdir()
    (place / "link").symlink_to("a")
    os.mkfifo(place / "pipe")
    with ExitStack() as closing:
        ((name, status),) = open_folder(str(base), ("own", "code"), closing).files()
    assert (name, status.st_size) == ("a", 4)


def test_a_system_without_owners_goes_by_paths(base, monkeypatch):
    monkeypatch.setattr(ownership, "_HAS_OWNERS", False)
    base.chmod(0o777)
    assert read(base) == b"ours"
    write(base.parent / "new", "b", b"written")
    with ExitStack() as closing:
        folder = open_folder(str(base.parent / "new"), ("own", "code"), closing)
        assert (folder.descriptor, folder.read("b", 100)) == (None, b"written")
        folder.touch("b")
        assert [name for name, _ in folder.files()] == ["b"]
        folder.delete("b")
        assert folder.files() == []
    with pytest.raises(NotOursError, match="Expected an absolute path"):
        read("base")
