"""Oracle: worked by hand: which line of which file made the mistake, in small programs under names we choose."""

import pytest

import feedforward as ff
from feedforward import errors


@pytest.mark.parametrize(
    ("name", "parent"),
    [
        ("ShapeError", ValueError),
        ("DtypeError", TypeError),
        ("DataError", ValueError),
        ("FormatError", ValueError),
        ("NotFiniteError", ArithmeticError),
        ("BackendError", RuntimeError),
        ("GraphError", RuntimeError),
    ],
)
def test_an_exception_is_one_that_python_programs_catch_already(name, parent):
    assert issubclass(getattr(errors, name), parent)


def run(source, file, **names):
    """Run a program as if it stood in `file`; return the names it leaves."""
    scope = {"ff": ff, **names}
    exec(compile(source, file, "exec"), scope)
    return scope


def test_a_location_is_that_of_the_caller():
    found = run("\n\nwhere = f()", "/home/someone/train.py", f=errors.user_location)
    assert found["where"] == ("/home/someone/train.py", 3)


def test_a_location_is_that_of_the_innermost_caller_outside_the_package():
    inner = run("def build(x):\n    return x + 1.0\n", "/home/someone/library.py")
    outer = run("x = ff.Tensor(1.0)\n\n\ny = build(x)", "/home/someone/train.py", build=inner["build"])
    assert outer["y"].node.source == ("/home/someone/library.py", 2)


def test_a_file_beside_the_package_with_a_name_that_begins_like_it_is_the_users():
    beside = errors._PACKAGE.rstrip("/\\") + "_examples/train.py"
    assert run("y = ff.Tensor(1.0) + 1.0", beside)["y"].node.source == (beside, 1)


def test_a_file_of_the_package_is_not_the_users():
    inside = run("def build(x):\n    return x + 1.0\n", errors._PACKAGE + "new.py")
    outer = run("\ny = build(ff.Tensor(1.0))", "/home/someone/train.py", build=inside["build"])
    assert outer["y"].node.source == ("/home/someone/train.py", 2)


def test_a_location_is_empty_where_every_caller_is_inside_the_package(monkeypatch):
    monkeypatch.setattr(errors, "_PACKAGE", "")
    monkeypatch.setattr(errors, "_is_ours", {})
    assert errors.user_location() == ("", 0)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("ff.Tensor([1.0, 2.0]) + ff.Tensor([1.0, 2.0, 3.0])", "add: shapes .* cannot be broadcast together"),
        ("ff.Tensor([[1.0]]) @ ff.Tensor([[1.0], [2.0]])", "matmul: inner sizes differ"),
        ("ff.Tensor([1, 2]) * 0.5", "0.5 stands beside an array of dtype int32"),
        ("ff.Tensor([1.0])[3]", "index 3 is out of range"),
        ("ff.Tensor([1.0]).sum(2)", "sum: axis 2 does not exist"),
        ("ff.tanh([1, 2])", "tanh: dtype int32 is not float"),
        ("ff.Variable([1.0]) - [[1.0], [2.0]] @ ff.Tensor([[1.0, 2.0, 3.0]]).T", "matmul: inner sizes differ"),
        ("ff.grad(lambda x: x @ x)(ff.Tensor([[1.0, 2.0]]))", "matmul: inner sizes differ"),
    ],
)
def test_a_message_names_file_and_line_of_the_mistake(line, message):
    with pytest.raises((ValueError, TypeError), match=rf"^{message}.*, built at train\.py:4\. "):
        run(f"x = 1\n\n\n{line}", "/home/someone/train.py")
