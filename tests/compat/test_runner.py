"""Oracles: what ``python FILE`` does with the same program; messages written out; Jupyter's rules for magic lines."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from feedforward.commands.cli import main
from feedforward.compat import importing
from feedforward.compat.explaining import explained, explanation, tell
from feedforward.compat.notebooks import read_notebook
from feedforward.compat.version import written_for


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The working folder, without a screen."""
    monkeypatch.chdir(tmp_path)
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "MPLBACKEND"):
        monkeypatch.delenv(name, raising=False)
    yield tmp_path
    assert importing._finder not in sys.meta_path


def write(text, name="program.py"):
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text, encoding="utf-8")
    return name


def run(*arguments):
    """Run a command in this process; return its exit code and what it wrote."""
    result = CliRunner().invoke(main, ["run", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


def process(*arguments, **options):
    """Return a process of its own that runs the command line."""
    path = os.pathsep.join(part for part in sys.path if part)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    command = [sys.executable, "-m", "feedforward", "run", *map(str, arguments)]
    return subprocess.Popen(command, env={**os.environ, "PYTHONPATH": path}, **(pipes | options))


# A program


SHOWING = """
import sys, helper
print(__name__, __file__, sys.argv[1:], sys.path[0].split('/')[-1], helper.value, __builtins__ is not None)
print(sys.modules['__main__'].__file__ == __file__, __doc__, dir() == sorted(dir()))
"""


def test_a_program_finds_what_python_gives_it():
    write("value = 'beside'\n", "there/helper.py")
    write(SHOWING, "there/program.py")
    arguments = ["there/program.py", "--as", "x", "-h", "--", "file"]
    by_python = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=True)
    code, printed, said = run(*arguments)
    assert (code, printed) == (0, by_python.stdout)
    assert said == ""  # a program of neither has no version


def test_a_program_leaves_nothing_behind():
    before = sys.argv, [*sys.path], sys.modules["__main__"], set(vars(np)), [*sys.meta_path]
    write("value = 1\n", "beside_it.py")
    write("import sys, beside_it, tensorflow, keras\nsys.argv.append(1)\nsys.path.append('x')\nn = xrange(2)\n")
    assert run("program.py")[0] == 0
    assert before == (sys.argv, sys.path, sys.modules["__main__"], set(vars(np)), sys.meta_path)
    assert not {"beside_it", "tensorflow", "keras", "six"} & sys.modules.keys()
    assert not hasattr(__builtins__, "xrange")


@pytest.mark.parametrize(
    ("statement", "code", "said"),
    [
        ("pass", 0, ""),
        ("import sys; sys.exit()", 0, ""),
        ("import sys; sys.exit(7)", 7, ""),
        ("import sys; sys.exit('no data')", 1, "no data\n"),
        ("raise SystemExit(True)", 1, ""),
        ("raise KeyboardInterrupt", 130, "interrupted by Ctrl-C at program.py, line 1\n"),
    ],
)
def test_the_exit_code_is_the_programs_own(statement, code, said):
    write(statement)
    assert run("program.py") == (code, "", said)


def test_ctrl_c_ends_a_program(folder):
    write("import time\nopen('begun', 'w').close()\ntime.sleep(60)\n")
    running = process("program.py")
    for _ in range(600):
        if Path("begun").exists():
            break
        time.sleep(0.1)
    running.send_signal(signal.SIGINT)
    printed, said = running.communicate(timeout=60)
    assert (running.returncode, printed) == (130, "")
    assert said.splitlines()[-1] == "interrupted by Ctrl-C at program.py, line 3"


def test_a_file_that_is_no_program_is_refused():
    Path("latin.py").write_bytes("x = '\xe4'".encode("latin-1"))
    Path("folder").mkdir()
    assert run("none.py")[2] == "error: none.py: no such file. Give a program or a notebook.\n"
    assert run("folder")[2] == "error: folder is a folder. Give a program or a notebook.\n"
    code, _, said = run("latin.py")
    assert code == 2
    assert said.startswith("error: latin.py cannot be read as text (")
    assert said.endswith("Save it in UTF-8, or say its encoding in its first line, such as # -*- coding: gbk -*-.\n")
    Path("gbk.py").write_bytes("# -*- coding: gbk -*-\nprint('你好')".encode("gbk"))
    assert run("gbk.py") == (0, "你好\n", "")


# Versions


def test_the_version_and_its_reason_are_said():
    write("import keras\n\ndef train(model):\n    model.fit(nb_epoch=3)\n", "mnist.py")
    said = "feedforward: mnist.py reads as Keras 1 (nb_epoch at line 4); --as keras2 changes that\n"
    assert run("mnist.py") == (0, "", said)
    assert run("--as", "keras2", "mnist.py") == (0, "", "")


def test_the_version_is_read_off_the_modules_beside_a_program_too():
    write("def build(tf):\n    import tensorflow as tf\n    return tf.placeholder('float')\n", "models/net.py")
    write("import tensorflow as tf\nfrom models import net\n")
    reason = "tf.placeholder in models/net.py, line 3"
    assert run("program.py")[2] == (
        f"feedforward: program.py reads as TensorFlow 1.15 ({reason}); --as tf2.0 changes that\n"
    )


def test_the_program_runs_under_the_version_said():
    write("from feedforward.compat.version import written_for\nprint(written_for().name)\nimport keras\n")
    before = written_for()
    assert run("program.py")[1] == "keras2\n"
    assert run("--as", "keras1+tf1.4", "program.py")[1] == "keras1+tf1.4\n"
    assert run("--as", "tf9", "program.py")[2] == (
        "error: --as: version 'tf9' is not known. Known: tf0.12, tf1.4, tf1.15, tf2.0, keras1, keras2, keras2.3.\n"
    )
    assert before.name in ("tf1.15", written_for().name)


# What goes wrong


def test_what_is_not_provided_is_told_with_the_programs_line():
    write("import tensorflow as tf\n\ndef build():\n    return tf.no_such_thing(1)\n\nbuild()\n")
    code, printed, said = run("--as", "tf1.15", "program.py")
    assert (code, printed) == (2, "")
    lines = said.splitlines()
    assert lines[:2] == ['  File "program.py", line 4, in build', "    return tf.no_such_thing(1)"]
    assert lines[-1].startswith("error: tf.no_such_thing is not provided: ")


def test_an_import_that_is_not_provided_is_told_the_same():
    write("import os\nfrom keras.layers import no_such_thing\n")
    code, _, said = run("program.py")
    assert code == 2
    assert '  File "program.py", line 2, in <module>\n    from keras.layers import no_such_thing\n' in said
    assert "error: keras.layers" in said


def test_a_program_may_catch_what_is_not_provided():
    write("import tensorflow as tf\ntry:\n    tf.no_such_thing\nexcept AttributeError:\n    print('older')\n")
    assert run("program.py")[:2] == (0, "older\n")


RAISING = """
import feedforward as ff

def own(x):
    return ff.reshape(x, (2, 2))

def outer():
    try:
        own(ff.Tensor([1.0, 2.0, 3.0]))
    except ValueError as error:
        raise RuntimeError("no") from error

outer()
"""


def test_a_traceback_has_the_programs_frames_alone():
    write(RAISING)
    code, _, said = run("program.py")
    assert code == 1
    assert re.findall(r'File "(.*)", line (\d+), in (\S+)', said) == [
        ("program.py", "9", "outer"),
        ("program.py", "5", "own"),
        ("program.py", "13", "<module>"),
        ("program.py", "11", "outer"),
    ]
    assert said.endswith("RuntimeError: no\n")
    code, _, said = run("--traceback", "program.py")
    assert (code, "feedforward/ops/" in said) == (1, True)


def test_frames_that_are_left_out_at_the_end_are_named():
    write("import feedforward as ff\nff.reshape(ff.Tensor([1.0, 2.0, 3.0]), (2, 2))\n")
    said = run("program.py")[2]
    assert said.count("File ") == 1
    assert said.endswith("\nfeedforward: the frames of feedforward itself are left out; --traceback shows them\n")


def test_frames_of_other_libraries_stay():
    write("import json\njson.loads('{')\n")
    said = run("program.py")[2]
    assert "json/decoder.py" in said
    assert "--traceback" not in said


def test_a_traceback_shows_lines_of_a_program_that_went_elsewhere(tmp_path):
    write("import os\nos.mkdir('away')\nos.chdir('away')\n1 / 0  # here\n")
    assert "1 / 0  # here" in run("program.py")[2]


def test_a_mistake_of_syntax_is_shown_as_python_shows_it():
    write("x = 1\ny = (\n")
    by_python = subprocess.run([sys.executable, "program.py"], capture_output=True, text=True, check=False)
    code, _, said = run("program.py")
    assert code == 1
    expected = by_python.stderr.replace(str(Path("program.py").resolve()), "program.py").splitlines()
    assert said.splitlines()[-len(expected) :] == expected
    write("x = 3abc\n")
    code, _, said = run("program.py")
    assert (code, said.splitlines()[-1]) == (1, "SyntaxError: invalid decimal literal")


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("print 'x'", "print without parentheses"),
        ("exec 'x'", "exec without parentheses"),
        ("try: x\nexcept A, b: pass", "except with a comma"),
        ("x = 0777", "a number as only Python 2 writes it"),
        ("x = 10L", "a number as only Python 2 writes it"),
    ],
)
def test_a_program_of_python_2_is_refused(line, what):
    write(f"import sys\n{line}\n")
    if sys.version_info >= (3, 14) and "except" in line:
        pytest.skip("Python 3.14 takes a comma there")
    number = line.count("\n") + 2
    assert run("program.py") == (
        2,
        "",
        f"error: program.py is a program of Python 2: {what} at line {number}. Convert a copy to Python 3: take 2to3"
        " -w, which is part of Python until 3.12, and run that.\n",
    )


# What is around a program


def test_names_of_python_2_that_mean_the_same_are_given_with_a_word():
    write("print([i for i in xrange(3)], unicode('x'))\n")
    said = "feedforward: program.py uses unicode, xrange of Python 2: given, but / and all else are those of Python 3\n"
    assert run("program.py") == (0, "[0, 1, 2] x\n", said)
    write("def f(): return xrange(2)\n", "beside.py")
    write("import beside\nxrange = 3\nprint(beside.f())\n")
    said = said.replace("unicode, ", "")
    assert run("program.py") == (0, "range(0, 2)\n", said)
    write("try:\n    xrange\nexcept NameError:\n    xrange = range\nprint(xrange(2))\n")
    assert run("program.py") == (0, "range(0, 2)\n", "")


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("from six.moves import xrange\nprint(list(xrange(2)))", "[0, 1]\n"),
        ("from six.moves import urllib\nprint(urllib.request.urlretrieve.__name__)", "urlretrieve\n"),
        ("from six.moves.urllib.request import urlretrieve as u\nprint(u.__name__)", "urlretrieve\n"),
        ("import six\nprint(sorted(six.iteritems({'a': 1})), six.moves.range(2))", "[('a', 1)] range(0, 2)\n"),
        ("import urllib\nprint(urllib.quote('a b'), urllib.urlretrieve.__name__)", "a%20b urlretrieve\n"),
        ("import cPickle\nprint(cPickle.loads(cPickle.dumps(3)))", "3\n"),
        ("from __future__ import absolute_import, division, print_function\nprint(1 / 2)", "0.5\n"),
        (
            "import numpy as np\nprint(np.array([1, 2], np.float).dtype, np.Inf, np.asscalar(np.ones(1)))",
            "float64 inf 1.0\n",
        ),
        ("import numpy as np\nprint([np.float32(3.0)], {'a': np.float64(0.5)})", "[3.0] {'a': 0.5}\n"),
    ],
)
def test_what_programs_of_that_time_import_is_there(text, printed):
    write(text)
    assert run("program.py") == (0, printed, "")


def test_a_six_that_is_there_is_taken():
    write("where = 'the real one'\n", "six.py")
    write("import six\nprint(six.where)\n")
    assert run("program.py")[1] == "the real one\n"


DRAWING = """
import matplotlib.pyplot as plt
plt.plot([1, 2])
plt.show()
print(plt.get_fignums())
"""


def test_without_a_screen_pictures_are_written_and_nothing_is_written_over():
    write("", "program-figure-1.png")
    write(DRAWING)
    said = "feedforward: there is no screen; a figure is in program-figure-2.png\n"
    assert run("program.py") == (0, "[]\n", said)
    assert Path("program-figure-2.png").read_bytes()[1:4] == b"PNG"
    assert Path("program-figure-1.png").stat().st_size == 0


def test_of_an_animation_the_last_picture_is_written():
    write("import matplotlib.pyplot as plt\nplt.ion()\nfor i in range(3):\n    plt.plot([i])\n    plt.pause(0.001)\n")
    code, _, said = run("program.py")
    assert (code, said) == (0, "feedforward: there is no screen; a figure is in program-figure-1.png\n")


def test_a_program_that_saves_its_pictures_itself_is_left_alone():
    write("import matplotlib\nmatplotlib.use('Agg')\nfrom pylab import *\nplot([1])\nsavefig('a.png')\n")
    assert run("program.py") == (0, "", "")
    assert [path.name for path in Path().glob("*.png")] == ["a.png"]


def test_a_missing_matplotlib_is_told_with_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    write("import matplotlib.pyplot as plt\n")
    code, _, said = run("program.py")
    assert code == 1
    assert said.endswith(
        "feedforward: Matplotlib is not installed. Install it with pip install 'feedforward-nn[plot]'.\n"
    )


# Notebooks


def notebook(*cells, name="book.ipynb", form=4):
    """Write a notebook of some cells of code."""
    key = "source" if form == 4 else "input"
    made = [{"cell_type": "markdown", "source": ["# title"]}]
    made += [{"cell_type": "code", key: cell, "outputs": []} for cell in cells]
    book = {"cells": made} if form == 4 else {"worksheets": [{"cells": made}]}
    return write(json.dumps({"nbformat": form, "metadata": {}} | book), name)


@pytest.mark.parametrize("form", [3, 4])
def test_cells_run_in_order_and_show_their_last_expression(form):
    notebook("x = 2", ["y = x + 1\n", "y"], "y * 2;", "print('p')\nNone", "[y, 'z']", form=form)
    assert run("book.ipynb") == (0, "3\np\n[3, 'z']\n", "")


def test_a_cell_may_be_indented_as_a_whole():
    notebook("\n  x = 2\n  if x:\n    x += 1\n  x")
    assert run("book.ipynb") == (0, "3\n", "")


def test_a_data_frame_is_shown_as_text():
    pandas = pytest.importorskip("pandas")
    notebook("import pandas as pd\npd.DataFrame({'a': [1, 2]})")
    assert run("book.ipynb")[1] == f"{pandas.DataFrame({'a': [1, 2]})}\n"


def test_what_is_no_python_is_passed_over_with_a_word():
    notebook(
        "%matplotlib inline\nimport sys\n!pip install \\\n  numpy\nx = (5\n % 3)\nif x:\n    %time y = x\ny",
        "%%bash\nls",
        "%%time\nz = 4\nz",
        "sys?\n%timeit -n 3 len('a')",
        "get_ipython().run_line_magic('matplotlib', 'inline')",
        "ls logs/",
    )
    code, printed, said = run("book.ipynb")
    assert (code, printed) == (0, "2\n4\n1\n")
    assert [line.removeprefix("feedforward: book.ipynb") for line in said.splitlines()] == [
        ", cell 1, line 1: passed over: %matplotlib inline",
        ", cell 1, line 3: passed over: !pip install \\",
        ", cell 1, line 8: passed over: %time",
        ", cell 2, line 1: passed over: %%bash and all below it",
        ", cell 3, line 1: passed over: %%time",
        ", cell 4, line 1: passed over: sys?",
        ", cell 4, line 2: passed over: %timeit -n 3",
        ": passed over: %matplotlib inline",
        ", cell 6, line 1: passed over: ls logs/",
    ]


def test_a_notebook_stops_at_the_cell_that_fails():
    notebook("print(1)", "def f():\n    return 1 / 0\n", "print(2)\nf()", "print(3)")
    code, printed, said = run("book.ipynb")
    assert (code, printed) == (1, "1\n2\n")
    assert 'File "book.ipynb, cell 3", line 2, in <module>\n    f()' in said
    assert 'File "book.ipynb, cell 2", line 2, in f\n    return 1 / 0' in said


def test_a_mistake_of_syntax_in_a_cell_names_it():
    notebook("x = 1", "y = (1,\n")
    code, _, said = run("book.ipynb")
    assert code == 1
    assert 'File "book.ipynb, cell 2", line 1' in said


def test_a_notebook_of_python_2_is_refused_before_it_runs():
    notebook("print(1)", "x = 1\nprint x")
    assert run("book.ipynb") == (
        2,
        "",
        "error: book.ipynb, cell 2 is a program of Python 2: print without parentheses at line 2. Convert a copy to"
        " Python 3: make a script of it with jupyter nbconvert --to script, and take 2to3 -w, which is part of Python"
        " until 3.12, and run that.\n",
    )


def test_the_version_is_read_off_all_cells():
    notebook("import tensorflow as tf", "x = 1\nsess = 'tf.Session'\nif False: tf.Session()")
    assert run("book.ipynb")[2] == (
        "feedforward: book.ipynb reads as TensorFlow 1.15 (tf.Session in cell 2, line 3); --as tf2.0 changes that\n"
    )


def test_a_notebook_runs_in_its_folder_and_shows_what_a_cell_drew():
    write("1,2", "there/table.csv")
    notebook("import os, matplotlib.pyplot as plt\nplt.plot([1])\nos.path.exists('table.csv')", name="there/book.ipynb")
    assert run("there/book.ipynb")[:2] == (0, "True\n")
    assert Path("there/book-figure-1.png").exists()
    assert not Path("table.csv").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[1]",
            r"^error: book\.ipynb is no notebook that can be read \(TypeError: .*\)\. Expected JSON of Jupyter",
        ),
        ("{", r"^error: book\.ipynb is no notebook that can be read \(JSONDecodeError: "),
        ('{"nbformat": 2}', r"^error: book\.ipynb is no notebook that can be read \(KeyError: 'cells'\)"),
        (
            '{"nbformat": 4, "cells": [], "metadata": {"kernelspec": {"language": "R"}}}',
            r"^error: book\.ipynb is a notebook of R\. Expected one of Python\.\n$",
        ),
    ],
)
def test_what_is_no_notebook_of_python_is_refused(text, message):
    write(text, "book.ipynb")
    code, _, said = run("book.ipynb")
    assert code == 2
    assert re.search(message, said)


def test_an_empty_notebook_does_nothing():
    notebook()
    assert run("book.ipynb") == (0, "", "")
    assert read_notebook(Path("book.ipynb")) == []


# What a program became


def test_what_is_told_comes_under_its_headings():
    tell("Variables", lambda: "not heard")
    with explained(True):
        tell("Variables", lambda: "W  float32  (784, 10)")
        tell("Graph", lambda: "")
        tell("Variables", lambda: "b  float32  (10,)\n")
        assert explanation() == "Variables\n---------\nW  float32  (784, 10)\nb  float32  (10,)"
    assert explanation() == ""
    with explained(False):
        tell("Variables", lambda: "not heard")
        assert explanation() == ""


def test_explain_prints_the_programs_that_were_compiled():
    write("import feedforward as ff\nprint(ff.sum(ff.Tensor([1.25, 2.0, 4.0, 5.0, 7.0]) * 3.7e-3 + 0.123))\n")
    running = process("--explain", "program.py")
    printed, said = running.communicate(timeout=120)
    assert (running.returncode, said) == (0, "")
    assert printed.startswith("0.686")  # 19.25 * 0.0037 + 5 * 0.123 = 0.071225 + 0.615
    assert "\n\nCompiled programs\n-----------------\n" in printed
    assert " = reduce_sum(" in printed or " = sum(" in printed


MODELS = """
import numpy as np
import tensorflow as tf

class Own(tf.keras.Model):
    def __init__(self):
        super(Own, self).__init__(name="own")
        self.dense = tf.keras.layers.Dense(3)

    def call(self, x):
        return self.dense(x)

x, y = np.ones((4, 2), "float32"), np.ones((4, 3), "float32")
for model in Own(), tf.keras.Sequential([tf.keras.layers.Dense(3, input_shape=(2,), name="only")], name="plain"):
    model.compile("sgd", "mse")
    model.fit(x, y, epochs=1, verbose=0)
"""


def test_explain_prints_the_layers_of_models():
    write(MODELS)
    code, printed, said = run("--explain", "program.py")
    assert code == 0, said
    text = printed.partition("\nModels\n------\n")[2].partition("\n\n")[0]
    assert text.startswith("Model 'own' of dense\nModel 'plain'\n")
    assert "only (Dense)" in text
    assert "(None, 3)" in text


def test_a_module_that_scikit_learn_gave_up_is_told_of():
    write("from sklearn.grid_search import GridSearchCV\n", "p.py")
    code, _, said = run("p.py")
    assert code == 1
    assert said.endswith("what it had is in sklearn.model_selection. Change a copy.\n")
