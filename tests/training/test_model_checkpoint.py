"""Oracle (a): which epochs are saved, worked by hand; (e) what a file holds is the model of that moment."""

import os
import re

import numpy as np
import pytest

import feedforward as ff
from feedforward.training.callbacks import BackupAndRestore, Callback, LambdaCallback, ModelCheckpoint, TerminateOnNaN

X, Y = np.array([[-1.0], [1.0]], np.float32), np.array([[-2.0], [2.0]], np.float32)
# From w = 0 each step of gradient descent on (w - 2)^2 with rate 1/4 halves the distance to 2: losses 4, 1, 1/4, ...


def made():
    ff.set_seed(1)
    model = ff.Sequential([ff.Input((1,)), ff.layers.Dense(1, use_bias=False, kernel_initializer="zeros")])
    model.compile(ff.optimizers.SGD(0.25), "mean_squared_error", ["mean_absolute_error"])
    return model


def fit(*callbacks, epochs=3, **options):
    return made().fit(X, Y, epochs=epochs, verbose=0, callbacks=callbacks, **options)


def weight(path):
    return ff.load(path).get_weights()[0].item()


def test_each_epoch_is_saved_under_its_own_name(tmp_path):
    fit(ModelCheckpoint(tmp_path / "{epoch:02d}-{val_loss:.4f}.ff"), validation_data=(X, Y))
    assert {path.name: weight(path) for path in tmp_path.iterdir()} == {
        "01-1.0000.ff": 1.0,
        "02-0.2500.ff": 1.5,
        "03-0.0625.ff": 1.75,
    }


def test_a_name_without_numbers_holds_the_last_one(tmp_path):
    fit(ModelCheckpoint(str(tmp_path / "model.ff")))
    assert os.listdir(tmp_path) == ["model.ff"] and weight(tmp_path / "model.ff") == 1.75
    model = ff.load(tmp_path / "model.ff")
    model.fit(X, Y, verbose=0)  # with the optimizer's state
    assert model.optimizer.iterations.item() == 4


@pytest.mark.parametrize(
    ("options", "epochs"),
    [
        ({"monitor": "loss"}, [1, 3, 5]),
        ({"monitor": "loss", "mode": "max"}, [1, 2, 4]),
        ({"monitor": "loss", "initial_value_threshold": 2.5}, [3, 5]),
        ({"monitor": "mean_absolute_error", "initial_value_threshold": 0.5}, []),
    ],
)
def test_only_what_is_better_than_all_before_is_saved(options, epochs, tmp_path):
    class Scripted(ModelCheckpoint):
        def on_epoch_end(self, epoch, logs):
            super().on_epoch_end(epoch, {self.monitor: [3.0, 4.0, 2.0, 5.0, 1.0, 1.0, float("nan")][epoch]})

    keep = Scripted(tmp_path / "{epoch}.ff", save_best_only=True, **options)
    fit(keep, epochs=7)
    assert sorted(os.listdir(tmp_path)) == [f"{epoch}.ff" for epoch in epochs]
    assert keep.best == {5: 1.0, 4: 5.0}.get((epochs or [0])[-1], 0.5)


def test_a_model_is_saved_within_an_epoch(tmp_path):
    fit(ModelCheckpoint(tmp_path / "{epoch}-{batch}.ff", save_freq=2), batch_size=1, epochs=2)
    assert sorted(os.listdir(tmp_path)) == ["1-2.ff", "2-2.ff"]
    x, y = np.repeat(X[1:], 5, 0), np.repeat(Y[1:], 5, 0)
    (tmp_path / "b").mkdir()
    made().fit(
        x,
        y,
        batch_size=1,
        verbose=0,
        callbacks=[ModelCheckpoint(tmp_path / "b" / "{batch}-{loss:.3f}.ff", save_freq=2)],
    )
    # Losses 4, 1, 1/4, 1/16, 1/64: the means over 2, 4 and all 5.
    assert {path.name: weight(path) for path in (tmp_path / "b").iterdir()} == {
        "2-2.500.ff": 1.5,
        "4-1.328.ff": 1.875,
        "5-1.066.ff": 1.9375,
    }


def test_it_says_what_it_saves(tmp_path, capsys):
    fit(ModelCheckpoint(tmp_path / "m.ff", verbose=1), epochs=1)
    assert capsys.readouterr().out == f"epoch 1: the model was saved to {tmp_path / 'm.ff'}\n"


def test_the_best_is_known_when_training_goes_on(tmp_path):
    class Die(Callback):
        def __init__(self, epoch):
            self.epoch = epoch

        def on_epoch_begin(self, epoch, logs=None):
            if epoch == self.epoch:
                raise KeyboardInterrupt

    (tmp_path / "files").mkdir()
    backup = BackupAndRestore(tmp_path / "backup")
    keep = [ModelCheckpoint(tmp_path / "files" / "{epoch}.ff", "loss", mode="max", save_best_only=True) for _ in "ab"]
    with pytest.raises(KeyboardInterrupt):
        fit(keep[0], Die(1), backup)
    fit(keep[1], Die(-1), backup)
    assert os.listdir(tmp_path / "files") == ["1.ff"] and keep[1].best == 4.0


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("{val_los}.ff", r"nothing is called 'val_los' there\. Did you mean 'val_loss'\?$"),
        ("{accuracy}.ff", r"nothing is called 'accuracy' there\. Known: "),
        ("{batch}.ff", r"nothing is called 'batch' there\. "),
        ("{}.ff", r"nothing is called '' there\. "),
        ("{epoch.real}.ff", r"nothing is called 'epoch\.real' there\. Did you mean 'epoch'\?$"),
        ("{epoch[0]}.ff", r"nothing is called 'epoch\[0\]' there\."),
    ],
)
def test_a_name_that_no_number_has_is_refused_before_training(name, message, tmp_path):
    model = made()
    with pytest.raises(ValueError, match=rf"^ModelCheckpoint\(filepath='.*{re.escape(name)}'\): {message}"):
        model.fit(X, Y, verbose=0, callbacks=[ModelCheckpoint(tmp_path / name)])
    assert model.optimizer.iterations.item() == 0 and not os.listdir(tmp_path)


@pytest.mark.parametrize(
    ("name", "arguments"), [("{val_loss:.2f}.ff", {}), ("m.ff", {"monitor": "val_loss", "save_best_only": True})]
)
def test_numbers_of_the_validation_are_refused_within_epochs(name, arguments, tmp_path):
    message = r"^ModelCheckpoint\(save_freq=1\): val_loss is measured after epochs, .* Give save_freq='epoch', or a"
    with pytest.raises(ValueError, match=message):
        fit(ModelCheckpoint(tmp_path / name, save_freq=1, **arguments), validation_data=(X, Y))
    assert not os.listdir(tmp_path)


def test_what_cannot_be_saved_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"training has no number called 'val_loss'\. Give fit\(\) validation_data"):
        fit(ModelCheckpoint(tmp_path / "{val_loss}.ff"))
    with pytest.raises(ValueError, match=r"training has no such number\. .* Give fit\(\) validation_data"):
        fit(ModelCheckpoint(tmp_path / "m.ff", save_best_only=True))
    with pytest.raises(ValueError, match=r"Unknown format code 'd'.*\. Write \{epoch:02d\}\.$"):
        fit(ModelCheckpoint(tmp_path / "{loss:d}.ff"))
    with pytest.raises(FileNotFoundError, match=r"^ModelCheckpoint: there is no folder .*no\. Make it first\.$"):
        fit(ModelCheckpoint(tmp_path / "no" / "m.ff"))
    with pytest.raises(IsADirectoryError, match=r"is a folder"):
        fit(ModelCheckpoint(tmp_path))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"filepath": 3}, TypeError, r"filepath=3\): expected the name of a file"),
        ({"save_freq": "batch"}, ValueError, r"save_freq='batch'\): save_freq must be 'epoch' or an int >= 1"),
        ({"save_best_only": 1}, ValueError, r"save_best_only=1\): save_best_only must be True or False"),
        ({"verbose": True + 1}, ValueError, r"verbose=2\): verbose must be 0 or 1"),
        ({"initial_value_threshold": 1.0}, ValueError, r"initial_value_threshold=1\.0\): all are saved, whatever"),
        ({"monitor": None}, TypeError, r"monitor=None\): expected the name of a number"),
    ],
)
def test_wrong_arguments_are_named(arguments, error, message):
    with pytest.raises(error, match=rf"^ModelCheckpoint\({message}"):
        ModelCheckpoint(**{"filepath": "m.ff"} | arguments)


# Functions as callbacks


def test_functions_are_called_as_methods_are():
    seen = []
    fit(
        LambdaCallback(
            on_train_begin=lambda: seen.append("begin"),
            on_chunk_end=lambda step, logs: seen.append((step, logs["loss"])),
            on_epoch_end=lambda epoch, logs: seen.append(epoch),
            every=1,
        ),
        epochs=2,
    )
    assert seen == ["begin", (1, 4.0), 0, (1, 1.0), 1]


@pytest.mark.parametrize(
    ("hooks", "error", "message"),
    [
        (
            {"on_epoch_ends": print},
            TypeError,
            r"LambdaCallback\(on_epoch_ends=\.\.\.\): nobody calls on_epoch_ends\. Did",
        ),
        ({"on_batch_end": print}, TypeError, r"nobody calls on_batch_end\. Did you mean"),
        ({"on_epoch_end": None}, TypeError, r"LambdaCallback\(on_epoch_end=None\): expected a function"),
        (
            {"on_epoch_end": lambda epoch: 1},
            TypeError,
            r"fit: LambdaCallback\.on_epoch_end cannot be called with \(epoch,.* Write lambda epoch, logs: \.\.\.\.$",
        ),
        ({"every": 3}, ValueError, r"fit: LambdaCallback\.every=3 is for on_chunk_end, which it does not define"),
    ],
)
def test_functions_that_nobody_would_call_are_refused(hooks, error, message):
    with pytest.raises(error, match=message):
        fit(LambdaCallback(**hooks))


def test_nan_ends_training_with_or_without_the_callback_for_it():
    for callbacks in ([], [TerminateOnNaN()]):
        model = made()
        model.optimizer.learning_rate = 3e38
        with pytest.raises(ff.errors.NotFiniteError, match=r"became NaN or infinite in batch \d of epoch"):
            model.fit(X, Y, epochs=9, verbose=0, callbacks=callbacks)
        assert np.isfinite(model.get_weights()[0]).all()


@pytest.mark.parametrize("name", ["a{", "a}", "a{epoch"])
def test_a_name_that_is_no_format_is_refused_before_training(name, tmp_path):
    with pytest.raises(ValueError, match=r"^ModelCheckpoint\(filepath='.*'\): .*\. Write \{epoch:02d\}\.$"):
        fit(ModelCheckpoint(tmp_path / name), LambdaCallback(on_epoch_begin=lambda epoch: pytest.fail()))


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    message = r"^ModelCheckpoint: .*xx\.ff cannot be written: File name too long\. Make room, or give another file\.$"
    with pytest.raises(OSError, match=message):
        fit(ModelCheckpoint(tmp_path / f"{'x' * 300}.ff"))
