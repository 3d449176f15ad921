"""Oracles: absl's and argparse's documented command lines, Python's logging and files, TensorFlow's error codes."""

import logging
import sys

import pytest

import feedforward.compat
from feedforward.compat.names import NotProvidedError
from feedforward.compat.tensorflow.application import FLAGS, FlagError
from feedforward.compat.version import write_for, written_for


@pytest.fixture(autouse=True)
def tf(monkeypatch):
    """TensorFlow 1.15 with no flags, and everything as it was afterwards."""
    version, level = written_for().name, logging.getLogger("tensorflow").level
    monkeypatch.setattr(sys, "argv", ["train.py"])
    feedforward.compat.install(version="tf1.15")
    import tensorflow

    yield tensorflow
    feedforward.compat.uninstall()
    logging.getLogger("tensorflow").setLevel(level)
    write_for(version)


def define(tf):
    flags = tf.app.flags
    flags.DEFINE_string("data_dir", "/tmp/data", "Where the data are.")
    flags.DEFINE_integer("max_steps", 2000, "Steps.")
    flags.DEFINE_float("learning_rate", 1, "Rate.")
    flags.DEFINE_boolean("fake_data", False, "Whether to make data up.")
    flags.DEFINE_enum("mode", "train", ["train", "test"], "What to do.")
    flags.DEFINE_list("hidden", "128,64", "Units.")
    return flags.FLAGS


def test_flags_have_their_defaults_as_their_kind_reads_them(tf):
    flags = define(tf)
    values = flags.data_dir, flags.max_steps, flags.learning_rate, flags.fake_data, flags.mode, flags.hidden
    assert values == ("/tmp/data", 2000, 1.0, False, "train", ["128", "64"])
    assert isinstance(flags.learning_rate, float)


def test_the_command_line_is_read_when_the_first_flag_is_asked_for(tf, monkeypatch):
    flags = define(tf)
    line = "train.py --max_steps=5 --learning_rate 0.5 -fake_data --mode test --hidden=1,2 --data_dir="
    monkeypatch.setattr(sys, "argv", line.split())
    assert flags.max_steps == 5 and flags.learning_rate == 0.5 and flags.fake_data is True
    assert flags.mode == "test" and flags.hidden == ["1", "2"] and flags.data_dir == ""


def test_a_switch_is_put_off_by_no(tf):
    tf.flags.DEFINE_bool("use_cache", True, help="A switch.")
    assert tf.flags.FLAGS(["train.py", "--nouse_cache", "-1", "word"]) == ["train.py", "-1", "word"]
    assert tf.flags.FLAGS.use_cache is False
    tf.flags.FLAGS(["train.py", "--use_cache=true"])
    assert tf.flags.FLAGS.use_cache is True


def test_a_word_behind_a_switch_is_its_value_for_argparse_alone(tf):
    flags = define(tf)
    assert flags(["train.py", "--fake_data", "False"]) == ["train.py", "False"] and flags.fake_data is True
    write_for("tf1.4")
    assert flags(["train.py", "--fake_data", "False"]) == ["train.py"] and flags.fake_data is False


def test_flags_that_are_set_keep_their_value(tf):
    flags = define(tf)
    flags.max_steps = 7
    tf.app.flags.DEFINE_integer("later", 3, "Defined after the command line was read.")
    assert flags.later == 3 and flags.max_steps == 7 and flags["max_steps"].default == 2000
    assert flags.flag_values_dict()["later"] == 3 and "later" in flags and len(flags) == 7


def test_what_programs_printed_of_all_flags_follows_the_version(tf):
    flags = define(tf)
    flags._parse_flags(["--max_steps=9"])
    assert getattr(flags, "__flags")["max_steps"].value == 9
    write_for("tf1.4")
    assert sorted(getattr(flags, "__flags").items())[-1] == ("mode", "train")
    assert getattr(flags, "__flags")["max_steps"] == 9


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--max_step=5"], r"Unknown command line flag 'max_step'\. Did you mean 'max_steps'\?"),
        (["--max_steps=many"], r"flag --max_steps=many: invalid literal for int"),
        (["--max_steps"], r"flag --max_steps has no value\. Write --max_steps=VALUE\."),
        (["--mode=fly"], r"flag --mode=fly: it must be one of train, test\."),
        (["--fake_data=maybe"], r"flag --fake_data=maybe: it must be true or false\."),
    ],
)
def test_a_wrong_command_line_is_one_clear_error(tf, words, message):
    with pytest.raises(FlagError, match=message):
        define(tf)(["train.py", *words])


def test_wrong_definitions_and_names_are_told(tf):
    flags = define(tf)
    with pytest.raises(FlagError, match="flag --mode is defined twice"):
        tf.flags.DEFINE_string("mode", "", "Again.")
    with pytest.raises(FlagError, match=r"flag --n=1\.5: it must be a whole number\."):
        tf.flags.DEFINE_integer("n", 1.5, "A half.")
    with pytest.raises(AttributeError, match=r"flag --max_step is not defined\. Did you mean 'max_steps'\?"):
        _ = flags.max_step
    with pytest.raises(AttributeError, match=r"flag --rate is not defined\."):
        flags.rate = 3
    tf.flags.DEFINE_string("needed", None, "Must be given.")
    tf.flags.mark_flag_as_required("needed")
    with pytest.raises(FlagError, match=r"flag --needed must be given\. Write --needed=VALUE\."):
        flags(["train.py"])


def test_run_calls_main_with_what_is_no_flag_and_exits_with_what_it_returns(tf, monkeypatch):
    flags = define(tf)
    monkeypatch.setattr(sys, "argv", ["train.py", "--max_steps=3", "file", "--", "--other"])
    seen = []
    with pytest.raises(SystemExit) as stop:
        tf.app.run(main=lambda argv: seen.append((argv, flags.max_steps)))
    assert seen == [(["train.py", "file", "--other"], 3)] and stop.value.code is None


def test_run_with_an_unknown_flag_ends_with_a_line_on_stderr(tf, monkeypatch, capsys):
    define(tf)
    monkeypatch.setattr(sys, "argv", ["train.py", "--max_step=3"])
    with pytest.raises(SystemExit) as stop:
        tf.app.run(main=print)
    assert stop.value.code == 1
    assert "FATAL Flags parsing error: Unknown command line flag 'max_step'. Did you mean" in capsys.readouterr().err


def test_run_without_flags_hands_everything_on(tf, monkeypatch):
    monkeypatch.setattr(sys.modules["__main__"], "main", lambda argv: len(argv), raising=False)
    with pytest.raises(SystemExit) as stop:
        tf.app.run(argv=["train.py", "--own=1"])
    assert stop.value.code == 2


def test_a_program_starts_without_the_flags_of_another(tf):
    define(tf)
    tf.logging.set_verbosity(tf.logging.DEBUG)
    feedforward.compat.uninstall()
    feedforward.compat.install(version="tf1.15")
    assert len(FLAGS) == 0 and tf.logging.get_verbosity() == tf.logging.WARN


def test_help_names_the_flags(tf, capsys):
    with pytest.raises(SystemExit) as stop:
        define(tf)(["train.py", "--help"])
    assert (
        stop.value.code == 0 and "--[no]fake_data: Whether to make data up. (default: False)" in capsys.readouterr().out
    )


def test_messages_are_shown_from_the_level_that_is_set(tf, capsys):
    tf.logging.info("not shown")
    tf.logging.warn("shown %d", 1)
    tf.compat.v1.logging.set_verbosity(tf.compat.v1.logging.INFO)
    assert tf.logging.get_verbosity() == tf.logging.INFO == 20
    tf.logging.info("shown too")
    tf.logging.log_if(tf.logging.ERROR, "never", False)
    for _ in range(3):
        tf.logging.log_every_n(tf.logging.INFO, "each second", 2)
        tf.logging.log_first_n(tf.logging.INFO, "the first", 1)
    tf.logging.set_verbosity(tf.logging.ERROR)
    tf.logging.warning("not shown")
    lines = ["WARNING:tensorflow:shown 1", "INFO:tensorflow:shown too", "INFO:tensorflow:each second"]
    assert capsys.readouterr().err.splitlines() == [*lines, "INFO:tensorflow:the first", "INFO:tensorflow:each second"]
    assert tf.get_logger() is logging.getLogger("tensorflow")


def test_files_and_folders_are_made_read_and_deleted(tf, tmp_path):
    folder = str(tmp_path / "a" / "b")
    assert not tf.gfile.Exists(folder)
    tf.gfile.MakeDirs(folder), tf.gfile.MakeDirs(folder)
    assert tf.gfile.IsDirectory(folder)
    with tf.gfile.Open(f"{folder}/one.txt", "w") as file:
        file.write("first\nsecönd\n"), file.write(b"third")
    with tf.gfile.GFile(f"{folder}/one.txt") as file:
        assert file.readline() == "first\n" and list(file) == ["secönd\n", "third"] and file.read() == ""
        assert file.size() == 19
    file = tf.gfile.FastGFile(f"{folder}/one.txt", "rb")
    assert file.read(3) == b"fir" and file.tell() == 3
    file.seek(0)
    assert file.readlines()[0] == b"first\n"
    file.close()
    tf.gfile.Copy(f"{folder}/one.txt", f"{folder}/two.txt")
    tf.gfile.Rename(f"{folder}/two.txt", f"{folder}/three.txt")
    assert tf.gfile.ListDirectory(folder) == ["one.txt", "three.txt"]
    assert tf.gfile.Glob(f"{folder}/th*") == [f"{folder}/three.txt"] == tf.io.gfile.glob([f"{folder}/three*"])
    assert [(top, sorted(files)) for top, _, files in tf.gfile.Walk(folder)] == [(folder, tf.io.gfile.listdir(folder))]
    tf.gfile.Remove(f"{folder}/three.txt")
    tf.gfile.DeleteRecursively(str(tmp_path / "a"))
    assert not tf.io.gfile.exists(folder)


def test_what_fails_with_a_file_is_an_error_of_tensorflow(tf, tmp_path):
    path = str(tmp_path / "none")
    for act in (
        tf.gfile.DeleteRecursively,
        tf.gfile.Remove,
        tf.gfile.ListDirectory,
        lambda p: tf.gfile.GFile(p).read(),
    ):
        with pytest.raises(tf.errors.NotFoundError, match="none; No such file or directory") as failed:
            act(path)
        assert failed.value.error_code == tf.errors.NOT_FOUND == 5 and isinstance(failed.value, tf.errors.OpError)
    (tmp_path / "one").write_text("1"), (tmp_path / "two").write_text("2")
    with pytest.raises(tf.errors.AlreadyExistsError, match=r"file already exists\. Give overwrite=True"):
        tf.gfile.Copy(str(tmp_path / "one"), str(tmp_path / "two"))
    tf.gfile.Copy(str(tmp_path / "one"), str(tmp_path / "two"), overwrite=True)
    assert (tmp_path / "two").read_text() == "1"
    with pytest.raises(tf.errors.AlreadyExistsError, match="MkDir"):
        tf.gfile.MkDir(str(tmp_path))
    with pytest.raises(tf.errors.FailedPreconditionError, match="Not a directory"):
        tf.gfile.ListDirectory(str(tmp_path / "one"))
    with pytest.raises(ValueError, match=r"GFile: mode 'x' is not known\."):
        tf.gfile.GFile(path, "x")


def test_errors_have_the_numbers_of_tensorflow(tf):
    error = tf.errors.OutOfRangeError(None, None, "End of sequence")
    assert error.error_code == 11 and str(error) == error.message == "End of sequence" and error.op is None
    assert tf.errors.INVALID_ARGUMENT == 3 and tf.errors.UNAUTHENTICATED == 16


def test_the_version_is_that_which_the_program_was_written_for(tf):
    assert tf.__version__ == tf.VERSION == "1.15.0"
    write_for("tf1.4")
    assert tf.__version__ == tf.version.VERSION == "1.4.0"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("estimator", r"tf\.estimator is not provided: estimators are out of scope\. Write the model as"),
        ("python_io", r"tf\.python_io is not provided: record files are out of scope\. Keep arrays"),
        ("distribute", r"tf\.distribute is not provided: all cores of one machine"),
        ("resource_loader", r"tf\.resource_loader is not provided: open a file beside the program"),
    ],
)
def test_what_is_out_of_scope_says_what_to_use_instead(tf, name, message):
    with pytest.raises(NotProvidedError, match=message):
        getattr(tf, name)


def test_estimators_beside_the_data_sets_are_refused(tf):
    with pytest.raises(NotProvidedError, match="estimators are out of scope"):
        _ = tf.contrib.learn.DNNClassifier
    with pytest.raises(ImportError, match="slim is out of scope"):
        import tensorflow.contrib.slim  # noqa: F401
