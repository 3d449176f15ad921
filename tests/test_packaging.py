"""Oracle: the archives that the build makes, opened, and the package's own version."""

import io
import re
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

import feedforward as ff

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def builder():
    return pytest.importorskip("hatchling.builders.sdist", reason="hatchling is not installed").SdistBuilder(str(ROOT))


@pytest.fixture(scope="module")
def sdist(builder, tmp_path_factory):
    """Return the names in the source archive, without its folder, and what its metadata say."""
    path = Path(next(builder.build(directory=str(tmp_path_factory.mktemp("dist")), versions=["standard"])))
    with tarfile.open(path) as archive:
        folder = path.name.removesuffix(".tar.gz")
        names = [name.removeprefix(f"{folder}/") for name in archive.getnames()]
        metadata = archive.extractfile(f"{folder}/PKG-INFO").read().decode()
    return path.name, names, metadata


def test_the_source_archive_holds_what_is_named_and_nothing_of_the_benchmarks(sdist):
    _, names, _ = sdist
    top = {name.partition("/")[0] for name in names}
    wanted = (
        "src tests docs README.md CHANGELOG.md CONTRIBUTING.md SECURITY.md Makefile LICENSE pyproject.toml PKG-INFO"
    )
    assert top == {*wanted.split(), "PKG-INFO", ".gitignore"}  # the build adds these two
    assert "src/feedforward/py.typed" in names and "src/feedforward/report/page.css" in names


def test_a_pattern_takes_a_name_at_the_top_alone(sdist):
    patterns = PROJECT["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    assert all(pattern.startswith("/") for pattern in patterns)
    assert [name for name in sdist[1] if name.endswith("README.md")] == ["README.md"]


def test_the_archive_is_called_as_the_distribution_and_has_the_version_of_the_package(sdist):
    name, _, metadata = sdist
    assert name == f"feedforward_nn-{ff.__version__}.tar.gz"
    assert re.search(r"^Name: feedforward-nn$", metadata, re.M)
    assert re.search(rf"^Version: {re.escape(ff.__version__)}$", metadata, re.M)


def test_the_wheel_is_imported_as_feedforward(builder, tmp_path):
    wheel = pytest.importorskip("hatchling.builders.wheel").WheelBuilder(str(ROOT))
    content = Path(next(wheel.build(directory=str(tmp_path), versions=["standard"]))).read_bytes()
    names = zipfile.ZipFile(io.BytesIO(content)).namelist()
    info = f"feedforward_nn-{ff.__version__}.dist-info"
    assert {name.partition("/")[0] for name in names} == {"feedforward", info}


def test_what_other_versions_may_break_is_bounded_from_above():
    (llvmlite,) = [need for need in PROJECT["project"]["dependencies"] if need.startswith("llvmlite")]
    assert re.fullmatch(r"llvmlite>=0\.\d+,<0\.\d+", llvmlite)
