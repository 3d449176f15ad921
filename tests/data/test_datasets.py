"""Oracles: scikit-learn's load_digits; published class counts and pixel moments; bytes made by hand."""

import gzip
import hashlib
import io
import os
import tracemalloc
import urllib.request
from pathlib import Path

import numpy as np
import pytest

from feedforward.data import DATASETS, digits, fashion_mnist, find, load, mnist
from feedforward.data.fetch import RemoteFile, cache_folder, read_file
from feedforward.data.idx import read_idx
from feedforward.errors import DataError

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
CONTENT = b"the right content"
FILE = RemoteFile("toy/part.gz", len(CONTENT), hashlib.sha256(CONTENT).hexdigest())


@pytest.fixture(autouse=True)
def _alone(monkeypatch, tmp_path):
    """No data folder, an empty cache, no network."""
    open_address = urllib.request.urlopen

    def open_file_only(address, timeout):
        if not address.startswith("file:"):
            raise OSError("no network in tests")
        return open_address(address, timeout=timeout)

    monkeypatch.delenv("FEEDFORWARD_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(urllib.request, "urlopen", open_file_only)


@pytest.fixture
def mirror(tmp_path):
    """A folder that serves the file, as an address."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    (folder / "part.gz").write_bytes(CONTENT)
    return folder.as_uri() + "/"


def put(folder, content, name=FILE.path):
    path = Path(folder) / name
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path


# digits


def test_digits_are_those_of_scikit_learn():
    sklearn_datasets = pytest.importorskip("sklearn.datasets")
    theirs = sklearn_datasets.load_digits()
    (x_train, y_train), (x_test, y_test) = digits()
    ours = {(x.tobytes(), int(y)) for x, y in zip((*x_train, *x_test), (*y_train, *y_test), strict=True)}
    expected = {(x.tobytes(), int(y)) for x, y in zip(theirs.images.astype(np.uint8), theirs.target, strict=True)}
    assert ours == expected
    assert len(ours) == 1797  # no two images are equal, so a set loses none


def test_digits_are_cut_by_the_documented_order():
    sklearn_datasets = pytest.importorskip("sklearn.datasets")
    theirs = sklearn_datasets.load_digits()
    order = sorted(range(1797), key=lambda index: index * 2654435761 % 2**32)
    last = {digit: [i for i in order if theirs.target[i] == digit][-36:] for digit in range(10)}
    test = [i for i in order if i in last[int(theirs.target[i])]]
    train = [i for i in order if i not in last[int(theirs.target[i])]]
    (x_train, y_train), (x_test, y_test) = digits()
    np.testing.assert_array_equal(y_train, theirs.target[train])
    np.testing.assert_array_equal(x_train, theirs.images[train])
    np.testing.assert_array_equal(y_test, theirs.target[test])
    np.testing.assert_array_equal(x_test, theirs.images[test])


def test_digits_have_their_shapes_types_and_36_test_images_of_each_class():
    (x_train, y_train), (x_test, y_test) = digits()
    assert (x_train.shape, y_train.shape) == ((1437, 8, 8), (1437,))
    assert (x_test.shape, y_test.shape) == ((360, 8, 8), (360,))
    assert {array.dtype.name for array in (x_train, y_train, x_test, y_test)} == {"uint8"}
    assert (x_train.min(), x_train.max()) == (0, 16)
    assert np.bincount(y_test).tolist() == [36] * 10


def test_digits_given_twice_are_equal_but_not_shared():
    first, second = digits()[0][0], digits()[0][0]
    first[0] = 99
    assert second.max() == 16


# MNIST and Fashion-MNIST


def shared_data(monkeypatch, folder):
    if not (SHARED / folder).is_dir():
        pytest.skip(f"needs the data in {SHARED / folder}")
    monkeypatch.setenv("FEEDFORWARD_DATA", str(SHARED))


def test_mnist_has_the_published_class_counts_and_moments(monkeypatch):
    shared_data(monkeypatch, "mnist")
    (x_train, y_train), (x_test, y_test) = mnist()
    assert np.bincount(y_train).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(y_test).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert y_train[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert x_train.mean() / 255 == pytest.approx(0.1307, abs=5e-5)  # published with four digits
    assert x_train.std() / 255 == pytest.approx(0.3081, abs=5e-5)
    assert x_test.dtype == y_test.dtype == np.uint8


def test_fashion_mnist_has_the_published_class_counts_and_moments(monkeypatch):
    shared_data(monkeypatch, "fashion-mnist")
    (x_train, y_train), (_, y_test) = fashion_mnist()
    assert np.bincount(y_train).tolist() == [6000] * 10
    assert np.bincount(y_test).tolist() == [1000] * 10
    assert find("fashion_mnist").class_names[y_train[0]] == "Ankle boot"
    assert x_train.mean() / 255 == pytest.approx(0.2860, abs=5e-5)  # published with four digits
    assert x_train.std() / 255 == pytest.approx(0.3530, abs=5e-5)


@pytest.mark.parametrize("name", [name for name in DATASETS if DATASETS[name].files])
def test_what_a_row_says_of_unpacked_files_is_what_gunzip_leaves(name, monkeypatch):
    files = find(name).files
    shared_data(monkeypatch, Path(files[0].path).parent)
    for file in files:
        content = gzip.decompress((SHARED / file.path).read_bytes())
        assert file.path == f"{file.unpacked.path}.gz"
        assert (len(content), hashlib.sha256(content).hexdigest()) == (file.unpacked.size, file.unpacked.sha256)


@pytest.mark.parametrize("name", list(DATASETS))
def test_a_row_tells_the_truth_about_its_data(name, monkeypatch):
    dataset = find(name)
    if dataset.files:
        shared_data(monkeypatch, Path(dataset.files[0].path).parent)
        assert [(SHARED / file.path).stat().st_size for file in dataset.files] == [file.size for file in dataset.files]
    (x_train, y_train), (x_test, y_test) = load(name)
    assert (x_train.shape, x_test.shape) == (dataset.train_shape, dataset.test_shape)
    assert (len(y_train), len(y_test)) == (len(x_train), len(x_test))
    assert x_train.max() == dataset.largest
    assert set(y_train.tolist()) == set(y_test.tolist()) == set(range(dataset.classes))
    assert all(array.flags.writeable for array in (x_train, y_train, x_test, y_test))
    assert all(mirror.endswith("/") for mirror in dataset.mirrors)


# names


def test_a_dash_and_an_underscore_are_one():
    assert find("fashion-mnist") is find("fashion_mnist")


def test_an_unknown_name_offers_the_nearest():
    with pytest.raises(ValueError, match=r"^Unknown data set 'digit'\. Did you mean 'digits'\?$"):
        load("digit")


def test_a_name_that_is_no_string_is_refused():
    with pytest.raises(TypeError, match=r"must be a str\. Got 3\. Known: digits, mnist, fashion_mnist\.$"):
        load(3)


# where files come from


def test_a_file_in_the_named_folder_comes_first(monkeypatch, tmp_path):
    put(tmp_path / "mine", CONTENT)
    monkeypatch.setenv("FEEDFORWARD_DATA", str(tmp_path / "mine"))
    assert read_file(FILE, ()) == CONTENT


def test_a_damaged_file_in_the_named_folder_is_an_error_and_stays(monkeypatch, tmp_path, mirror):
    path = put(tmp_path / "mine", b"wrong")
    monkeypatch.setenv("FEEDFORWARD_DATA", str(tmp_path / "mine"))
    with pytest.raises(
        DataError, match=r"part\.gz: 5 bytes with sha256 .*, expected 17 with .*Replace the file, or unset"
    ):
        read_file(FILE, (mirror,))
    assert path.read_bytes() == b"wrong"


UNPACKED = RemoteFile("toy/part-idx1-ubyte", 5, hashlib.sha256(b"plain").hexdigest())
BOTH = RemoteFile("toy/part-idx1-ubyte.gz", FILE.size, FILE.sha256, UNPACKED)


@pytest.mark.parametrize("name", ["toy/part-idx1-ubyte", "toy/part.idx1-ubyte"])
@pytest.mark.parametrize("place", ["folder", "cache"])
def test_a_file_that_somebody_unpacked_serves_as_well(name, place, monkeypatch, tmp_path):
    put(cache_folder() if place == "cache" else tmp_path / "mine", b"plain", name)
    if place == "folder":
        monkeypatch.setenv("FEEDFORWARD_DATA", str(tmp_path / "mine"))
    assert read_file(BOTH, ()) == b"plain"


def test_an_unpacked_file_is_checked_like_a_packed_one(monkeypatch, tmp_path):
    put(tmp_path / "mine", CONTENT, UNPACKED.path)
    monkeypatch.setenv("FEEDFORWARD_DATA", str(tmp_path / "mine"))
    with pytest.raises(DataError, match=r"part-idx1-ubyte: 6 bytes with sha256 .*, expected 5 with .*Replace the file"):
        read_file(BOTH, ())
    put(tmp_path / "other", b"plain", BOTH.path)  # the packed name, but not packed
    monkeypatch.setenv("FEEDFORWARD_DATA", str(tmp_path / "other"))
    with pytest.raises(DataError, match=r"part-idx1-ubyte\.gz: 5 bytes with sha256 .*, expected 17 with"):
        read_file(BOTH, ())


def test_a_download_lands_in_the_cache_and_is_read_from_there_next(mirror):
    assert read_file(FILE, (mirror,)) == CONTENT
    assert [path.name for path in (cache_folder() / "toy").iterdir()] == ["part.gz"]
    assert read_file(FILE, ()) == CONTENT


def test_a_file_missing_in_the_named_folder_is_looked_for_elsewhere(monkeypatch, tmp_path, mirror):
    monkeypatch.setenv("FEEDFORWARD_DATA", str(tmp_path))
    assert read_file(FILE, (mirror,)) == CONTENT


def test_a_damaged_file_in_the_cache_is_downloaded_anew(mirror):
    path = put(cache_folder(), b"wrong")
    assert read_file(FILE, (mirror,)) == CONTENT
    assert path.read_bytes() == CONTENT


def test_the_second_mirror_is_tried_when_the_first_fails(mirror):
    assert read_file(FILE, ("https://first.example/", mirror)) == CONTENT


@pytest.mark.parametrize("content", [b"wrong", CONTENT + b" and more", b""])
def test_a_download_with_a_wrong_checksum_is_refused_and_not_kept(content, tmp_path, mirror):
    (tmp_path / "mirror" / "part.gz").write_bytes(content)
    with pytest.raises(DataError, match=r"mirror/part\.gz \(\d+ bytes with sha256 .*, expected 17 with"):
        read_file(FILE, (mirror,))
    assert list((cache_folder() / "toy").iterdir()) == []


def test_a_download_that_cannot_be_kept_leaves_no_temporary_file(monkeypatch, mirror):
    def fail(source, destination):
        raise OSError("disk full")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(DataError, match="disk full"):
        read_file(FILE, (mirror,))
    assert list((cache_folder() / "toy").iterdir()) == []


def test_one_error_names_all_three_places_and_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setenv("FEEDFORWARD_DATA", str(tmp_path / "mine"))
    with pytest.raises(DataError) as caught:
        mnist()
    message = str(caught.value)
    name = "mnist/train-images-idx3-ubyte.gz"
    assert message.startswith(
        f"{name} is in none of these places: {tmp_path / 'mine' / name} (no such file, packed or unpacked, in the"
    )
    assert f"{cache_folder() / name} (no such file in the cache)" in message
    assert (
        "https://storage.googleapis.com/cvdf-datasets/mnist/train-images-idx3-ubyte.gz (no network in tests)" in message
    )
    assert message.endswith(f"or set FEEDFORWARD_DATA to a folder that holds {name}.")


def test_the_error_says_when_no_folder_is_named():
    with pytest.raises(DataError, match=r"the folder FEEDFORWARD_DATA \(not set\)"):
        read_file(FILE, ())


def test_a_file_in_the_named_folder_that_cannot_be_read_is_an_error(monkeypatch, tmp_path):
    def refuse(self, mode):
        raise PermissionError(13, "Permission denied", str(self))

    put(tmp_path / "mine", CONTENT)
    monkeypatch.setenv("FEEDFORWARD_DATA", str(tmp_path / "mine"))
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(
        DataError, match=r"part\.gz: it cannot be read \(Permission denied\)\. Replace the file, or unset"
    ):
        read_file(FILE, ())


def test_a_cache_that_cannot_be_read_is_one_of_the_places(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", f"/{'n' * 300}")
    with pytest.raises(
        DataError, match=r"toy/part\.gz \(it cannot be read \(File name too long\)\)\. Expected 17 bytes"
    ):
        read_file(FILE, ())


def test_of_a_file_no_more_is_read_than_is_right(monkeypatch, tmp_path):
    path = put(tmp_path / "mine", b"")
    os.truncate(path, 2**40)  # a hole: no disk is used
    monkeypatch.setenv("FEEDFORWARD_DATA", str(tmp_path / "mine"))
    with pytest.raises(DataError, match=r"part\.gz: 18 bytes with sha256 .*, expected 17 with"):
        read_file(FILE, ())


@pytest.mark.parametrize("cache", ["", "relative/cache", "."])
@pytest.mark.parametrize("home", [None, "", "relative", "~"])
def test_without_a_home_the_error_says_what_to_set(monkeypatch, tmp_path, mirror, home, cache):
    def unknown():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", cache)
    monkeypatch.setattr(Path, "home", unknown if home is None else lambda: Path(home))
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(
        DataError,
        match=r"^toy/part\.gz is in none of .*the user's cache \(neither XDG_CACHE_HOME nor HOME is an absolute path\)"
        r"\. .* or set FEEDFORWARD_DATA to a folder that holds toy/part\.gz\.$",
    ):
        read_file(FILE, (mirror,))
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("home", ["/dev/null/home", "/proc/no/home"])
def test_a_home_that_cannot_be_made_is_one_of_the_places(monkeypatch, mirror, home):
    monkeypatch.setenv("XDG_CACHE_HOME", home)
    with pytest.raises(DataError, match=rf"{home}/feedforward/toy/part\.gz \(no such file in the cache\); file:.* \("):
        read_file(FILE, (mirror,))


def test_a_user_whose_home_nobody_knows_is_no_folder(monkeypatch, mirror):
    monkeypatch.setenv("FEEDFORWARD_DATA", "~nobody-of-that-name/data")
    assert read_file(FILE, (mirror,)) == CONTENT


def test_a_mirror_that_leads_to_no_address_is_passed_over(monkeypatch, mirror):
    open_address = urllib.request.urlopen

    def redirect(address, timeout):
        if "first" in address:
            "a..b".encode("idna")  # what http.client does with the name of a host
        return open_address(address, timeout=timeout)

    monkeypatch.setattr(urllib.request, "urlopen", redirect)
    assert read_file(FILE, ("https://first.example/", mirror)) == CONTENT


def test_the_cache_is_in_the_home_folder_unless_named(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert cache_folder() == tmp_path / ".cache" / "feedforward"


# IDX

HEADER = bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3])


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_idx_bytes_become_an_array(pack):
    array = read_idx(pack(HEADER + bytes([1, 2, 3, 4, 5, 255])), "hand.idx")
    assert array.tolist() == [[1, 2, 3], [4, 5, 255]]
    assert array.dtype == np.uint8
    assert array.flags.writeable


def test_idx_with_no_rows_is_an_empty_array():
    assert read_idx(bytes([0, 0, 8, 2, 0, 0, 0, 0, 0, 0, 0, 3]), "empty.idx").shape == (0, 3)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"^bad\.idx: not an IDX file, it begins with b'', not with two zeros"),
        (b"<html>", r"^bad\.idx: not an IDX file, it begins with b'<htm'"),
        (bytes([0, 0, 13, 1, 0, 0, 0, 0]), r"^bad\.idx: IDX type 13 with 1 axes\. Type 8"),
        (bytes([0, 0, 8, 0]), r"^bad\.idx: IDX type 8 with 0 axes"),
        (bytes([0, 0, 8, 33]) + bytes(132), r"^bad\.idx: IDX type 8 with 33 axes\. .* 1 to 32 axes is expected"),
        (
            HEADER[:4] + b"\xff" * 8,
            r"^bad\.idx: a file of 12 bytes, .* cannot hold its shape \(4294967295, 4294967295\)",
        ),
        (bytes([0, 0, 8, 3]) + bytes(4) + b"\xff" * 8, r"^bad\.idx: a file of 16 bytes, .* its shape \(0, 4294967295,"),
        (bytes([0, 0, 8, 32]) + bytes(4) + b"\xff" * 124, r"^bad\.idx: a file of 132 bytes, .* its shape \(0, 42949"),
        (gzip.compress(HEADER[:4] + b"\xff" * 8, mtime=0), r"^bad\.idx: a file of \d+ bytes, .* cannot hold its shape"),
        (gzip.compress(HEADER + bytes(5), mtime=0), r"^bad\.idx: 17 bytes uncompressed\. Its shape \(2, 3\) needs 18"),
        (
            gzip.compress(HEADER + bytes(6), mtime=0) + b"more",
            r"^bad\.idx: its gzip stream is damaged \(Not a gzipped file",
        ),
        (HEADER[:9], r"^bad\.idx: cut off after 9 bytes, inside its header of 12"),
        (HEADER + bytes(5), r"^bad\.idx: 17 bytes uncompressed\. Its shape \(2, 3\) needs 18"),
        (HEADER + bytes(7), r"^bad\.idx: 19 bytes uncompressed\. Its shape \(2, 3\) needs 18"),
        (gzip.compress(HEADER + bytes(6), mtime=0)[:-9], r"^bad\.idx: its gzip stream is damaged"),
    ],
)
def test_idx_that_is_damaged_names_the_file(content, message):
    with pytest.raises(DataError, match=message):
        read_idx(content, "bad.idx")


def bomb(start, count):
    """Return a gzip file of `start` and `count` times 10 MiB of zeros, 10 KiB each."""
    return gzip.compress(start) + gzip.compress(bytes(10 * 2**20)) * count


def test_idx_that_unpacks_to_more_than_its_shape_costs_no_more():
    content = bomb(HEADER, 1000)  # 10 MB become 10 GB
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match=r"^bomb\.idx: 1048576 bytes and more uncompressed\. Its shape"):
            read_idx(content, "bomb.idx")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak - 2 * len(content) < 8 * 2**20  # packed bytes put together of two parts, and a few pieces


def test_idx_of_nothing_but_zeros_is_read_however_well_it_packs():
    header = bytes([0, 0, 8, 1]) + (10 * 2**20).to_bytes(4, "big")
    assert read_idx(gzip.compress(header + bytes(10 * 2**20)), "zeros.idx").shape == (10 * 2**20,)


@pytest.mark.parametrize("place", [0, 100, -1])
def test_an_embedded_archive_that_was_changed_is_not_opened(monkeypatch, tmp_path, place):
    content = bytearray((Path(__file__).resolve().parents[2] / "src/feedforward/data/digits.npz").read_bytes())
    content[place] ^= 1
    (tmp_path / "digits.npz").write_bytes(content)
    monkeypatch.setattr("importlib.resources.files", lambda package: tmp_path)
    with pytest.raises(
        DataError, match=r"^digits\.npz, a file of this package: 45394 bytes .*Install feedforward again"
    ):
        digits()


def test_the_embedded_archive_needs_no_pickle():
    content = (Path(__file__).resolve().parents[2] / "src/feedforward/data/digits.npz").read_bytes()
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        assert sorted(archive.files) == ["images", "labels"]
