"""Oracle (e): frames, tables, files and loaders train to the bits of the same numbers in NumPy; (a) messages by eye."""

import re
import tracemalloc

import numpy as np
import pytest

import feedforward as ff
from feedforward.errors import DataError

L = ff.layers
X = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
Y = np.arange(20) % 3
W = np.random.default_rng(1).uniform(0.5, 2, 20)
NAMES = ["a", "b", "c"]


def ready(dtype="float32"):
    ff.set_seed(1)
    model = ff.Sequential([ff.Input((3,), dtype=dtype), L.Dense(4, "tanh"), L.Dense(3)])
    model.compile(ff.optimizers.Adam(0.01), ff.losses.SparseCategoricalCrossentropy(from_logits=True), ["accuracy"])
    return model


def pandas():
    return pytest.importorskip("pandas")


def polars():
    return pytest.importorskip("polars")


def arrow():
    return pytest.importorskip("pyarrow")


def torch():
    return pytest.importorskip("torch")


def in_parts(array):
    """Return an Arrow column of two parts."""
    return arrow().chunked_array([array[:7], array[7:]])


def mapped(tmp_path, name, array):
    np.save(tmp_path / name, array)
    return np.load(tmp_path / name, mmap_mode="r")


def frame(x):
    return pandas().DataFrame(x, columns=NAMES)


def table(x):
    return arrow().table({name: in_parts(x[:, place]) for place, name in enumerate(NAMES)})


KINDS = {
    "lists": lambda folder: (X.tolist(), Y.tolist(), W.tolist()),
    "not contiguous": lambda folder: (np.repeat(X, 2, 1)[:, ::2], np.repeat(Y, 2)[::2], W[::-1][::-1]),
    "big-endian": lambda folder: (X.astype(">f4"), Y.astype(">i2"), W.astype(">f8")),
    "mapped": lambda folder: tuple(mapped(folder, f"{place}.npy", one) for place, one in enumerate((X, Y, W))),
    "pandas": lambda folder: (frame(X), pandas().Series(Y), pandas().Series(W)),
    "pandas columns": lambda folder: (frame(X), pandas().DataFrame({"y": Y}), pandas().DataFrame({"w": W})),
    "pandas nullable": lambda folder: (
        frame(X).convert_dtypes(),
        pandas().Series(Y).convert_dtypes(),
        pandas().Series(W).convert_dtypes(),
    ),
    "pandas on arrow": lambda folder: (
        arrow() and frame(X).convert_dtypes(dtype_backend="pyarrow"),
        pandas().Series(Y).convert_dtypes(dtype_backend="pyarrow"),
        W,
    ),
    "pandas categories": lambda folder: (frame(X), pandas().Series(Y).astype("category"), W),
    "polars": lambda folder: (polars().DataFrame(X, schema=NAMES), polars().Series(Y), polars().Series(W)),
    "polars columns": lambda folder: (
        polars().DataFrame(X, schema=NAMES),
        polars().DataFrame({"y": Y}),
        polars().DataFrame({"w": W}),
    ),
    "arrow": lambda folder: (table(X), in_parts(Y), in_parts(W)),
    "arrow columns": lambda folder: (table(X), arrow().table({"y": Y}), arrow().table({"w": W})),
    "arrow batch": lambda folder: (
        arrow().record_batch({name: X[:, place] for place, name in enumerate(NAMES)}),
        arrow().array(Y),
        arrow().array(W),
    ),
    "torch": lambda folder: (torch().tensor(X), torch().tensor(Y), torch().tensor(W)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_data_trains_measures_and_predicts_as_arrays_do(kind, tmp_path):
    x, y, weights = KINDS[kind](tmp_path)
    found = []
    for given, targets, weighed in ((X, Y, W), (x, y, weights)):
        model = ready()
        first = model.fit(
            given, targets, batch_size=8, epochs=2, validation_split=0.2, sample_weight=weighed, verbose=0
        )
        second = model.fit(given, targets, validation_data=(given, targets, weighed), verbose=0)
        measured = model.evaluate(given, targets, sample_weight=weighed, verbose=0)
        outputs = model.predict(given, verbose=0)
        bits = [weight.tobytes() for weight in model.get_weights()]
        found.append((first.history, second.history, measured, outputs.tobytes(), bits))
    assert found[0] == found[1]


BAD = X.copy()
BAD[[4, 9], 1] = np.nan
NUMBERED = (
    r"fit: x must hold finite numbers\. Got nan in row 4, column 1; row 9, column 1 \(2 of 20 rows\)\. Fill or drop"
)
NAMED = (
    r"fit: x must hold finite numbers\. Got nan in row 4, column 'b'; row 9, column 'b' \(2 of 20 rows\)\. Fill or drop"
)
MISSING = {
    "array": (lambda folder: BAD, NUMBERED),
    "lists": (lambda folder: BAD.tolist(), NUMBERED),
    "mapped": (lambda folder: mapped(folder, "x.npy", BAD), NUMBERED),
    "pandas": (lambda folder: frame(BAD), NAMED),
    "pandas nullable": (lambda folder: frame(BAD).convert_dtypes(), r"fit: x: row 4, column 'b' is missing \(<NA>\)"),
    "polars": (lambda folder: polars().DataFrame(BAD, schema=NAMES), NAMED),
    "polars null": (lambda folder: polars().DataFrame(BAD, schema=NAMES).fill_nan(None), NAMED),
    "arrow": (lambda folder: table(BAD), NAMED),
    "arrow null": (
        lambda folder: arrow().table({n: arrow().array(BAD[:, i], from_pandas=True) for i, n in enumerate(NAMES)}),
        NAMED,
    ),
    "torch": (lambda folder: torch().tensor(BAD), NUMBERED),
}


@pytest.mark.parametrize("kind", MISSING)
def test_nan_is_found_before_training_and_named_by_row_and_column(kind, tmp_path):
    make, message = MISSING[kind]
    model, x = ready(), make(tmp_path)
    for given, validation, words in ((x, None, message), (X, x, message.replace("fit", "fit: validation"))):
        with pytest.raises(DataError, match=words):
            model.fit(given, Y, validation_data=None if validation is None else (validation, Y), verbose=0)
        assert model.optimizer.iterations.numpy() == 0
    with pytest.raises(DataError, match=message.replace("fit", "evaluate")):
        model.evaluate(x, Y, verbose=0)


TARGETS = {
    "array": lambda: np.where(Y == 1, np.nan, Y),
    "pandas": lambda: pandas().Series(np.where(Y == 1, np.nan, Y)),
    "polars": lambda: polars().Series([None if one == 1 else int(one) for one in Y]),
    "arrow": lambda: arrow().array([None if one == 1 else int(one) for one in Y]),
}


@pytest.mark.parametrize("kind", TARGETS)
def test_a_missing_target_is_named_by_its_row(kind):
    with pytest.raises(
        DataError, match=r"fit: y must hold finite numbers\. Got nan in row 1; row 4; row 7 \(7 of 20 rows"
    ):
        ready().fit(X, TARGETS[kind](), verbose=0)


def test_a_row_that_is_not_finite_is_found_in_any_block(monkeypatch):
    monkeypatch.setattr("feedforward.arrays._BLOCK", 3 * 7)
    for row in range(20):
        x = X.copy()
        x[row, 2] = np.nan
        with pytest.raises(
            DataError, match=rf"fit: x must hold finite numbers\. Got nan in row {row}, column 2\. Fill"
        ):
            ready().fit(x, Y, verbose=0)


def test_text_in_a_table_is_named_by_its_column():
    x = arrow().table({"a": ["red"] * 20, "b": X[:, 1], "c": X[:, 2]})
    with pytest.raises(TypeError, match=r"fit: x: row 0, column 'a' holds 'red', a str\. Expected real numbers\."):
        ready().fit(x, Y, verbose=0)


def test_a_lazy_frame_is_to_be_collected():
    x = polars().DataFrame(X, schema=NAMES).lazy()
    for use in (lambda: ready().fit(x, Y), lambda: ready().evaluate(x, Y), lambda: ready().predict(x)):
        with pytest.raises(TypeError, match=r"x is a LazyFrame, which has no numbers yet\. .* Give x\.collect\(\)\."):
            use()


class Samples:
    """A dataset of single samples, as PyTorch has it."""

    def __init__(self, y):
        self.y = y

    def __len__(self):
        return 20

    def __getitem__(self, place):
        return X[place], self.y[place]


@pytest.mark.parametrize("y", [Y, Y.tolist(), Y.astype(np.float32)])
@pytest.mark.parametrize("use", ["fit", "evaluate", "predict"])
def test_a_dataset_of_single_samples_is_to_be_put_into_batches(use, y):
    message = f"{use}: x yields single samples: a target is the single number"
    with pytest.raises(DataError, match=re.escape(message)) as caught:
        getattr(ready(), use)(Samples(y), verbose=0)
    assert "Give torch.utils.data.DataLoader(x, batch_size=32), or np.stack the samples." in str(caught.value)


def test_a_loader_of_pytorch_trains_as_arrays_do():
    loader = torch().utils.data.DataLoader(torch().utils.data.TensorDataset(torch().tensor(X), torch().tensor(Y)), 8)
    one, other = ready(), ready()
    one.fit(loader, epochs=2, verbose=0)
    other.fit(X, Y, batch_size=8, epochs=2, shuffle=False, verbose=0)
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        assert a.tobytes() == b.tobytes()
    assert one.evaluate(loader, verbose=0) == one.evaluate(X, Y, batch_size=8, verbose=0)
    np.testing.assert_array_equal(one.predict(loader, verbose=0), one.predict(X, verbose=0))


@pytest.mark.parametrize(("dtype", "taken"), [("float32", "float32"), ("uint8", "float32"), ("int64", "uint8")])
def test_a_mapped_file_is_never_held_in_memory(dtype, taken, tmp_path):
    rows, width = 8192, 8192 // np.dtype(dtype).itemsize
    x = np.lib.format.open_memmap(tmp_path / "x.npy", "w+", dtype, (rows, width))  # 64 MiB, a hole on the disk
    y = np.zeros(rows, np.int64)
    model = ff.Sequential([ff.Input((width,), dtype=taken), L.Dense(2)])
    model.compile("sgd", ff.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(x[:64], y[:64], verbose=0)  # what is compiled is not counted
    tracemalloc.start()
    try:
        model.fit(x, y, steps_per_epoch=2, validation_split=0.1, validation_steps=2, verbose=0)
        model.evaluate(x, y, steps=2, verbose=0)
        model.predict(x, batch_size=64, steps=2, verbose=0)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 48 * 2**20  # of the file's 64; code that has run for a while is made anew, which takes up to 30
