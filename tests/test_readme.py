"""Oracle (a): the README itself: its programs run as they stand, and give what the comments beside them promise."""

import ast
import re
from pathlib import Path

import numpy as np
import pytest

import feedforward as ff

README = Path(__file__).resolve().parents[1] / "README.md"


def blocks():
    return re.findall(r"^```python\n(.*?)^```$", README.read_text(encoding="utf-8"), re.M | re.S)


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """Run every Python block in order; return the names that it leaves, what it prints, and its last values.

    The value of an expression that stands alone, such as a call whose comment tells the result, is kept by its source.
    """
    folder = tmp_path_factory.mktemp("readme")
    printed, values, names = [], {}, {}
    names["print"] = lambda *things: printed.append(" ".join(map(str, things)))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for number, block in enumerate(blocks(), 1):
            for statement in ast.parse(block).body:
                where = f"README.md, Python block {number}"
                if isinstance(statement, ast.Expr):
                    source = ast.unparse(statement)
                    values[source] = eval(compile(ast.Expression(statement.value), where, "eval"), names)
                else:
                    exec(compile(ast.Module([statement], []), where, "exec"), names)
                if "x_test" in names and "data" not in values:
                    values["data"] = len(names["x"]), len(names["x_test"])
    return folder, names, printed, values


def promised(line):
    """Return the comment behind the line of the README that begins so."""
    found = [part.partition("#")[2].strip() for part in "".join(blocks()).splitlines() if part.startswith(line)]
    assert len(found) == 1, f"README.md has {len(found)} lines that begin with {line!r}"
    return found[0]


def test_the_digits_are_as_many_as_promised(ran):
    assert promised("(x, y), (x_test, y_test)").startswith(f"{sum(ran[3]['data']):,} handwritten digits")


def test_the_network_learns_for_thirty_epochs_and_is_measured(ran):
    history = ran[1]["history"].history
    assert {*history} == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert len(history["loss"]) == 30
    assert history["val_accuracy"][-1] > 0.95  # a linear model of these digits gets 0.94 to 0.95


def test_the_network_of_two_outputs_learns_what_is_promised(ran):
    # Of 1,437 digits to learn from; (a): what its log says it reached.
    assert promised("print(two.fit") == "digit_accuracy 0.98 and more"
    history = ran[1]["two"].history.history
    assert {*history} == {"loss", "digit_loss", "ink_loss", "digit_accuracy"}
    assert history["digit_accuracy"][-1] > 0.98


def test_the_file_predicts_the_same_bits(ran):
    folder, names, _, _ = ran
    assert promised("model.save") == 'one file; ff.load("digits.ff") predicts the same bits'
    assert [path.name for path in folder.iterdir()] == ["digits.ff"]
    again = ff.load(folder / "digits.ff")
    assert again.predict(names["x_test"]).tobytes() == names["model"].predict(names["x_test"]).tobytes()


def test_the_line_is_the_one_that_is_promised(ran):
    _, names, printed, _ = ran
    assert promised("print(w, b)") == "[-0.9999969] [0.9999908]"
    # Digits, and not bits: 1,000 steps round once or twice each.
    numbers = [float(word.strip("[]")) for word in printed[-2].split()]
    np.testing.assert_allclose(numbers, [-0.9999969, 0.9999908], rtol=0, atol=1000 * 2**-24 / 10)
    assert printed[-2] == f"{names['w']} {names['b']}"


def test_the_hessian_is_the_one_that_is_promised(ran):
    # d^2 (x^3) / dx^2 = 6 x
    (value,) = [value for source, value in ran[3].items() if source.startswith("ff.hessian")]
    assert promised("ff.hessian") == "[[6, 0], [0, 12]]"
    assert value.tolist() == [[6, 0], [0, 12]]


def test_a_function_s_steps_learn_as_promised_with_one_program(ran):
    # 22 steps of 64 of the digits to learn from; a guess among ten has the loss ln 10 = 2.3.
    _, names, printed, _ = ran
    assert promised("print(losses[-1] < 1.0)") == "True, after 22 steps"
    assert printed[-1] == "True"
    assert len(names["step"].programs) == 1


def test_the_estimators_predict_what_is_promised(ran):
    values = [value for source, value in ran[3].items() if source.startswith(("mlp.fit", "realmlp."))]
    assert promised("mlp.fit") == "0.958"
    assert values[0] == pytest.approx(0.958, abs=0.01)  # of 360 digits, three may fall otherwise by roundings
    assert promised("realmlp.") == "(40, 2), calibrated"
    assert values[1] == (40, 2)
