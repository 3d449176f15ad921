"""Oracle: what Python's import system promises, with modules made here in the place of the real ones."""

import importlib
import importlib.util
import subprocess
import sys
import textwrap
from types import ModuleType

import pytest

import feedforward.compat
from feedforward.compat import importing
from feedforward.compat.names import Namespace
from feedforward.compat.version import written_for


@pytest.fixture(autouse=True)
def installed():
    """Whatever a test installs is taken away."""
    before = dict(sys.modules)
    yield
    feedforward.compat.uninstall()
    for name in [name for name in sys.modules if importing._is_theirs(name)]:
        if name not in before:
            del sys.modules[name]


def test_modules_of_the_real_ones_are_hidden_and_come_back(monkeypatch):
    real, part, keras = ModuleType("tensorflow"), ModuleType("tensorflow.nn"), ModuleType("keras")
    real.nn = part
    for module in (real, part, keras):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    feedforward.compat.install()
    ours = importlib.import_module("tensorflow")
    assert isinstance(ours, Namespace)
    assert isinstance(importlib.import_module("keras"), Namespace)
    feedforward.compat.uninstall()
    assert sys.modules["tensorflow"] is real
    assert sys.modules["tensorflow.nn"] is part
    assert importlib.import_module("keras") is keras


def test_ours_come_before_modules_that_could_be_found(tmp_path, monkeypatch):
    (tmp_path / "keras.py").write_text("where = 'the real one'\n")
    monkeypatch.syspath_prepend(tmp_path)
    feedforward.compat.install()
    assert isinstance(importlib.import_module("keras"), Namespace)
    feedforward.compat.uninstall()
    assert importlib.import_module("keras").where == "the real one"


def test_modules_with_like_names_are_left_alone():
    feedforward.compat.install()
    for name in ("tensorflow_datasets", "keras_tuner", "tensorflowjs"):
        with pytest.raises(ModuleNotFoundError, match=f"^No module named '{name}'$"):
            importlib.import_module(name)


def test_two_installs_are_one():
    feedforward.compat.install()
    module = importlib.import_module("tensorflow")
    feedforward.compat.install()
    assert importlib.import_module("tensorflow") is module
    feedforward.compat.uninstall()
    assert "tensorflow" not in sys.modules
    feedforward.compat.uninstall()  # nothing to take away


def test_the_version_stays_until_another_is_chosen():
    feedforward.compat.install(version="keras1")
    assert written_for().name == "keras1"
    feedforward.compat.install()  # a program that installs by itself does not change what --as chose
    assert written_for().name == "keras1"
    feedforward.compat.install(version="tf2.0")
    assert written_for().name == "tf2.0"
    feedforward.compat.uninstall()
    feedforward.compat.install()
    assert written_for().name == "tf1.15"


def test_an_unknown_version_installs_nothing():
    with pytest.raises(ValueError, match=r"^version 'keras9' is not known"):
        feedforward.compat.install(version="keras9")
    assert importing._finder not in sys.meta_path


def test_a_program_starts_as_if_none_had_been_before(monkeypatch):
    done = []
    monkeypatch.setattr(importing, "_first_acts", [])
    importing.at_start(lambda: done.append(1))
    feedforward.compat.install()
    feedforward.compat.install()
    assert done == [1]
    feedforward.compat.uninstall()
    feedforward.compat.install()
    assert done == [1, 1]


def test_the_specification_of_a_module_is_found_as_ever():
    feedforward.compat.install()
    assert importlib.util.find_spec("tensorflow").name == "tensorflow"
    module = importlib.import_module("tensorflow")
    assert importlib.reload(module) is module


def test_one_who_holds_ours_after_uninstall_brings_nothing_back():
    feedforward.compat.install()
    module = importlib.import_module("tensorflow")
    feedforward.compat.uninstall()
    assert module.nn.__name__ == "tensorflow.nn"
    assert not [name for name in sys.modules if importing._is_theirs(name)]


def test_the_package_itself_does_not_import_compat():
    code = "import sys, feedforward; sys.exit(any(name.startswith('feedforward.compat') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=False).returncode == 0
