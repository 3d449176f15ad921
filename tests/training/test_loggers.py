"""Oracle (a): files by hand; (d) TensorBoard 2.21's own reader, Python's csv and json; (e) resumed = never stopped."""

import csv
import json
import math
import os
import struct

import numpy as np
import pytest

import feedforward as ff
from feedforward.errors import DataError, FormatError
from feedforward.training.callbacks import BackupAndRestore, Callback, CSVLogger, JSONLogger, TensorBoard
from feedforward.training.callbacks.event_file import _crc, event, histogram, record, scalar

X, Y = np.array([[-1.0], [1.0]], np.float32), np.array([[-2.0], [2.0]], np.float32)
# From w = 0 each step of gradient descent on (w - 2)^2 with rate 1/4 halves the distance to 2: losses 4, 1, 1/4, ...


def made():
    ff.set_seed(1)
    model = ff.Sequential([ff.Input((1,)), ff.layers.Dense(1, use_bias=False, kernel_initializer="zeros")])
    model.compile(ff.optimizers.SGD(0.25), "mean_squared_error")
    return model


def fit(*callbacks, epochs=3, **options):
    return made().fit(X, Y, epochs=epochs, verbose=0, callbacks=callbacks, **options)


def test_a_table_has_a_line_for_each_epoch_with_all_bits(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("old\n")
    history = fit(CSVLogger(path), validation_data=(X / 3, Y)).history
    lines = path.read_text().splitlines()
    assert lines[0] == "epoch,loss,val_loss"
    assert [line.split(",")[:2] for line in lines[1:]] == [["0", "4.0"], ["1", "1.0"], ["2", "0.25"]]
    with open(path, newline="") as file:
        rows = [*csv.DictReader(file)]
    assert [float(row["val_loss"]) for row in rows] == history["val_loss"]


def test_a_table_goes_on_behind_what_it_holds_if_that_is_wanted(tmp_path):
    path = tmp_path / "log.csv"
    fit(CSVLogger(path, separator=";"), epochs=1)
    fit(CSVLogger(path, separator=";", append=True), epochs=3, initial_epoch=1)
    assert path.read_text() == "epoch;loss\n0;4.0\n1;4.0\n2;1.0\n"
    message = (
        r"^CSVLogger\(filename='.*log\.csv'\): the file has the columns 'epoch;loss', this training 'epoch,loss'\."
    )
    with pytest.raises(ValueError, match=message):
        fit(CSVLogger(path, append=True))
    fit(CSVLogger(tmp_path / "new.csv", append=True), epochs=1)
    assert (tmp_path / "new.csv").read_text() == "epoch,loss\n0,4.0\n"


def test_a_logger_is_used_for_several_trainings(tmp_path):
    logger = CSVLogger(tmp_path / "log.csv")
    fit(logger)
    fit(logger, epochs=1)
    assert (tmp_path / "log.csv").read_text() == "epoch,loss\n0,4.0\n"


def test_lines_of_json_are_written_for_epochs_and_within_them(tmp_path):
    path = tmp_path / "log.jsonl"
    fit(JSONLogger(path), epochs=2)
    assert path.read_text() == '{"epoch": 0, "loss": 4.0}\n{"epoch": 1, "loss": 1.0}\n'
    fit(JSONLogger(path, append=True, update_freq=1), epochs=1, batch_size=1, shuffle=False)
    # Sample by sample: loss 4 at w = 0; then w = 1, loss 1; their mean is 2.5.
    lines = [json.loads(line) for line in path.read_text().splitlines()[2:]]
    assert lines == [
        {"epoch": 0, "step": 1, "loss": 4.0},
        {"epoch": 0, "step": 2, "loss": 2.5},
        {"epoch": 0, "loss": 2.5},
    ]


def test_json_has_null_for_what_is_no_number(tmp_path):
    path = tmp_path / "log.jsonl"
    logger = JSONLogger(path)
    logger.on_train_begin()
    logger.on_epoch_end(0, {"a": math.nan, "b": math.inf, "c": 0.1})
    assert path.read_text() == '{"epoch": 0, "a": null, "b": null, "c": 0.1}\n'


class Die(Callback):
    """Ends training like a kill, after lines were written that no backup knows of."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_epoch_end(self, epoch, logs):
        if epoch == self.epoch:
            raise KeyboardInterrupt


@pytest.mark.parametrize("append", [True, False])
@pytest.mark.parametrize("logger", [CSVLogger, JSONLogger])
def test_training_that_goes_on_writes_no_line_twice(logger, append, tmp_path):
    for name in ("whole", "resumed"):
        (tmp_path / name).write_text("epoch,loss\n")
    fit(logger(tmp_path / "whole", append=append), Die(-1), epochs=4)
    backup = BackupAndRestore(tmp_path / "backup")
    with pytest.raises(KeyboardInterrupt):
        fit(logger(tmp_path / "resumed", append=append), Die(2), backup, epochs=4)
    assert (tmp_path / "resumed").read_text().count("\n") == (tmp_path / "whole").read_text().count("\n") - 1
    with open(tmp_path / "resumed", "a") as file:
        file.write("half a li")
    fit(logger(tmp_path / "resumed", append=append), Die(-1), backup, epochs=4)
    assert (tmp_path / "resumed").read_bytes() == (tmp_path / "whole").read_bytes()


def test_a_log_that_lost_lines_since_the_backup_is_an_error(tmp_path):
    backup, path = BackupAndRestore(tmp_path / "backup"), tmp_path / "log.csv"
    with pytest.raises(KeyboardInterrupt):
        fit(CSVLogger(path), Die(2), backup)
    path.write_text("epoch\n")
    message = r"^CSVLogger: .*log\.csv has 6 bytes, and had 23 when the backup was written\. Put the file back, or"
    with pytest.raises(DataError, match=message):
        fit(CSVLogger(path), Die(-1), backup)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: CSVLogger(3), TypeError, r"CSVLogger\(filename=3\): expected the name of a file"),
        (lambda: JSONLogger(""), TypeError, r"JSONLogger\(filename=''\): expected the name of a file"),
        (lambda: CSVLogger("a", separator=""), ValueError, r"CSVLogger\(separator=''\): separator must be one letter"),
        (lambda: CSVLogger("a", separator='"'), ValueError, r"CSVLogger\(separator='\"'\): separator must be one"),
        (lambda: CSVLogger("a", append=1), ValueError, r"CSVLogger\(append=1\): append must be True or False"),
        (
            lambda: JSONLogger("a", update_freq=0),
            ValueError,
            r"JSONLogger\(update_freq=0\): update_freq must be 'epoch'",
        ),
        (lambda: TensorBoard(3), TypeError, r"TensorBoard\(log_dir=3\): expected the name of a folder"),
        (
            lambda: TensorBoard(histogram_freq=-1),
            ValueError,
            r"histogram_freq=-1\): histogram_freq must be an int >= 0",
        ),
        (
            lambda: TensorBoard(update_freq="batch"),
            ValueError,
            r"update_freq='batch'\): update_freq must be 'epoch' or",
        ),
    ],
)
def test_wrong_arguments_are_named(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_places_that_cannot_be_written_are_known_before_training(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"^CSVLogger: there is no folder .*no\. Make it first\.$"):
        fit(CSVLogger(tmp_path / "no" / "log.csv"))
    with pytest.raises(IsADirectoryError, match=r"^JSONLogger: .* cannot be written: Is a directory\."):
        fit(JSONLogger(tmp_path))
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"^TensorBoard\(log_dir='.*file'\): (Not a directory|File exists)\.$"):
        fit(TensorBoard(tmp_path / "file"))


def test_a_folder_that_cannot_be_made_after_an_epoch_is_named(tmp_path):
    (tmp_path / "validation").write_text("")
    with pytest.raises(OSError, match=r"^TensorBoard\(log_dir='.*'\): (Not a directory|File exists)\.$"):
        fit(TensorBoard(tmp_path), validation_data=(X, Y))


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no disk that is always full")
def test_a_full_disk_is_an_error_that_names_the_file(tmp_path):
    (tmp_path / "log.csv").symlink_to("/dev/full")
    with pytest.raises(OSError, match=r"^CSVLogger: .*log\.csv cannot be written: No space left on device\. Make room"):
        fit(CSVLogger(tmp_path / "log.csv", append=True))


# TensorBoard


def records(path):
    """Return the events of a file: read by hand, CRCs compared."""
    content, found = path.read_bytes(), []
    while content:
        (length,) = struct.unpack_from("<Q", content)
        event = content[12 : 12 + length]
        assert record(event) == content[: 16 + length]
        found.append(event)
        content = content[16 + length :]
    return found


@pytest.mark.parametrize(
    ("content", "crc"),
    [
        (b"", 0),
        (b"123456789", 0xE3069283),  # the check value of the catalogue of parametrised CRCs
        (bytes(32), 0x8A9136AA),  # the four of RFC 3720, B.4
        (bytes([255] * 32), 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(range(31, -1, -1)), 0x113FDB5C),
    ],
)
def test_the_checksum_is_that_of_its_catalogue(content, crc):
    assert _crc(content) == crc


def test_an_event_is_this():
    # wall_time: field 1, 8 bytes; step 300: field 2, varint 0xac 0x02; summary: field 5; value: 1; tag: 1; float: 2.
    value = b"\x0a\x01a" + b"\x15" + struct.pack("<f", 0.5)
    assert scalar(0.5) == value[3:]
    wanted = b"\x09" + struct.pack("<d", 7.5) + b"\x10\xac\x02" + b"\x2a\x0a" + b"\x0a\x08" + value
    assert event(7.5, 300, {"a": scalar(0.5)}) == wanted
    assert scalar(math.nan)[1:] == struct.pack("<f", math.nan) and scalar(1e300)[1:] == struct.pack("<f", math.inf)


def board(folder):
    """Return what TensorBoard reads from a folder."""
    accumulators = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    found = accumulators.EventAccumulator(str(folder), size_guidance={"scalars": 0, "histograms": 0, "tensors": 0})
    found.Reload()
    return found


def scalars(folder):
    found = board(folder)
    return {tag: [(one.step, one.value) for one in found.Scalars(tag)] for tag in found.Tags()["scalars"]}


def test_tensorboard_reads_the_numbers_of_epochs_and_batches(tmp_path):
    fit(TensorBoard(tmp_path, update_freq=1), validation_data=(X, Y), batch_size=1, shuffle=False, epochs=2)
    # w is 0, 1 | 1.5, 1.75 before the steps, 1.5 and 1.875 after the epochs: each loss is (2 - w)^2.
    assert scalars(tmp_path / "train") == {
        "batch_loss": [(1, 4.0), (2, 2.5), (3, 0.25), (4, (0.25 + 0.0625) / 2)],
        "epoch_loss": [(0, 2.5), (1, (0.25 + 0.0625) / 2)],
        "epoch_learning_rate": [(0, 0.25), (1, 0.25)],
    }
    assert scalars(tmp_path / "validation") == {"epoch_loss": [(0, 0.25), (1, 0.125**2)]}


def test_tensorboard_reads_the_learning_rate_of_a_schedule(tmp_path):
    model = made()
    rate = ff.optimizers.schedules.ExponentialDecay(0.25, 1, 0.5)
    model.compile(ff.optimizers.SGD(rate), "mean_squared_error")
    model.fit(X, Y, epochs=2, verbose=0, callbacks=[TensorBoard(tmp_path)])
    assert scalars(tmp_path / "train")["epoch_learning_rate"] == [(0, 0.125), (1, 0.0625)]


def test_tensorboard_reads_histograms_of_the_weights(tmp_path):
    model = ff.Sequential([ff.Input((1,)), ff.layers.Dense(300)])
    model.compile(ff.optimizers.SGD(0.0), "mean_squared_error")
    model.fit(X, np.zeros((2, 300)), epochs=4, verbose=0, callbacks=[TensorBoard(tmp_path, histogram_freq=2)])
    found = board(tmp_path / "train")
    kernel, bias = (path for path, _ in model.weights_by_path())
    assert {*found.Tags()["histograms"]} == {kernel, bias}
    weights = model.get_weights()[0].astype(np.float64)
    for one, epoch in zip(found.Histograms(kernel), (1, 3), strict=True):
        value = one.histogram_value
        assert one.step == epoch and value.num == 300 and value.min == weights.min() and value.max == weights.max()
        # Sums of 300 numbers in another order: 300 roundings of what their sizes add up to.
        eps = 300 * np.finfo(np.float64).eps
        np.testing.assert_allclose(value.sum, weights.sum(), rtol=0, atol=eps * np.abs(weights).sum())
        np.testing.assert_allclose(value.sum_squares, (weights**2).sum(), rtol=eps)
        counts, edges = np.histogram(weights, 30)
        assert value.bucket == counts.tolist() and value.bucket_limit == edges[1:].tolist()


@pytest.mark.parametrize(
    "values", [[], [math.nan, math.inf], [3.0, 3.0], [1e308, -1e308], np.zeros((2, 0)), np.float32(2.0)]
)
def test_a_histogram_of_anything_is_one(values):
    assert histogram(np.asarray(values, np.float64))[0] == 5 << 3 | 2


@pytest.mark.parametrize("epoch", [0, 2])
def test_tensorboard_goes_on_in_the_files_of_before(epoch, tmp_path):
    backup = BackupAndRestore(tmp_path / "backup")
    fit(TensorBoard(tmp_path / "whole"), Die(-1), epochs=4, validation_data=(X, Y))
    with pytest.raises(KeyboardInterrupt):
        fit(TensorBoard(tmp_path / "resumed"), Die(epoch), backup, epochs=4, validation_data=(X, Y))
    fit(TensorBoard(tmp_path / "resumed"), Die(-1), backup, epochs=4, validation_data=(X, Y))
    for part in ("train", "validation"):
        (whole,), (resumed,) = ([*(tmp_path / kind / part).iterdir()] for kind in ("whole", "resumed"))
        # All but the time, which is the first nine bytes.
        assert [one[9:] for one in records(whole)] == [one[9:] for one in records(resumed)]
        assert records(whole)[0][9:] == b"\x1a\x0dbrain.Event:2"


@pytest.mark.parametrize(
    "state",
    [
        {"train": ["../events.out.tfevents.1.v2", 0]},
        {"train": ["/etc/passwd", 0]},
        {"train": ["events.out.tfevents.a/../b.v2", 0]},
        {"train": ["events.out.tfevents.1.v2\n", 0]},
        {"train": [3, 0]},
        {"train": []},
        {"../train": ["events.out.tfevents.1.v2", 0]},
        {},
        {"train": ["events.out.tfevents.1.v2", -1]},
        {"train": ["events.out.tfevents.1.v2", "0"]},
    ],
)
def test_a_state_from_a_file_leads_nowhere_else(state, tmp_path):
    with pytest.raises(FormatError):
        TensorBoard(tmp_path).set_state({"validation": ["events.out.tfevents.1.v2", 0]} | state)
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize("logger", [CSVLogger, JSONLogger])
def test_nothing_is_written_behind_a_line_that_was_cut(logger, tmp_path):
    path = tmp_path / "log"
    fit(logger(path))
    whole = path.read_text()
    path.write_text(whole[:-3])  # "0.25\n" or "0.25}\n", of which some is lost
    fit(logger(path, append=True), epochs=1)
    added = whole.splitlines()[1 if logger is CSVLogger else 0]
    assert path.read_text() == f"{whole[:-3]}\n{added}\n"
