"""Oracle (e): whatever brings the batches, the same batches give the bits that arrays give; (a) small feeds by hand."""

import itertools

import numpy as np
import pytest

import feedforward as ff
from feedforward.errors import DataError, NotFiniteError, ShapeError
from feedforward.training.feed import ArrayFeed, BatchFeed, yields_batches

L = ff.layers
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(20, 3)).astype(np.float32), RNG.normal(size=(20, 1)).astype(np.float32)
WEIGHTS = RNG.uniform(0.5, 2, 20).astype(np.float32)
PARTS = [slice(start, start + 4) for start in range(0, 20, 4)]


def ready():
    ff.set_seed(1)
    model = ff.Sequential([ff.Input((3,)), L.Dense(4, activation="tanh"), L.Dense(1)])
    model.compile(ff.optimizers.Adam(0.01), "mean_squared_error", ["mean_absolute_error"])
    return model


def yielded(*arrays):
    """Return a generator of batches of four."""
    return (tuple(array[part] for array in arrays) for part in PARTS)


class Batches:
    """A sequence of batches, as Keras and PyTorch have it: it knows its length and its places."""

    def __init__(self, *arrays):
        self.arrays, self.asked, self.epochs = arrays, [], 0

    def __len__(self):
        return len(PARTS)

    def __getitem__(self, place):
        self.asked.append(place)
        return tuple(array[PARTS[place]] for array in self.arrays)

    def on_epoch_end(self):
        self.epochs += 1


class Places:
    """Something with places alone, gone through until an IndexError: Python's oldest iteration."""

    def __init__(self, *arrays):
        self.arrays = arrays

    def __getitem__(self, place):
        return tuple(array[PARTS[place]] for array in self.arrays)


class Loader:
    """An iterable of batches, each a list, that are arrays only to those who ask: as a DataLoader's tensors."""

    class Held:
        def __init__(self, array):
            self.array = array

        def __array__(self, dtype=None, copy=None):
            return np.asarray(self.array, dtype)

    def __init__(self, *arrays):
        self.arrays = arrays

    def __iter__(self):
        return ([self.Held(array[part]) for array in self.arrays] for part in PARTS)


def assert_same(one, other):
    for mine, theirs in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


SOURCES = {
    "a generator": lambda *arrays: itertools.chain(yielded(*arrays), yielded(*arrays)),
    "a function": lambda *arrays: lambda: yielded(*arrays),
    "an iterable": Loader,
    "a sequence": Batches,
    "places": Places,
    "zip": lambda *arrays: zip(*([array[part] for part in PARTS * 2] for array in arrays), strict=True),
}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("arrays", [(X, Y), (X, Y, WEIGHTS)])
def test_batches_train_and_measure_and_predict_as_arrays_do(source, arrays):
    make = SOURCES[source]
    model, other = ready(), ready()
    x, y, weights = (*arrays, None)[:3]
    steps = 5 if source in ("a generator", "zip") else None
    history = model.fit(make(*arrays), epochs=2, verbose=0, shuffle=False, steps_per_epoch=steps)
    expected = other.fit(x, y, 4, 2, 0, shuffle=False, sample_weight=weights)
    assert history.history == expected.history
    assert_same(model, other)
    assert model.evaluate(make(*arrays), verbose=0, steps=steps) == other.evaluate(x, y, 4, 0, weights)
    np.testing.assert_array_equal(model.predict(make(*arrays), steps=steps), other.predict(x, 4))
    np.testing.assert_array_equal(model.predict(x[part] for part in PARTS), other.predict(x, 4))
    expected = other.fit(x, y, 4, 2, 0, shuffle=False, sample_weight=weights, validation_data=arrays)
    history = model.fit(
        make(*arrays),
        epochs=2,
        verbose=0,
        shuffle=False,
        steps_per_epoch=steps,
        validation_data=make(*arrays),
        validation_steps=steps,
    )
    assert [*history.history] == [*expected.history]
    assert history.history["loss"] == expected.history["loss"]
    # Measured in batches of four here, and of 32 there: sums in float32 of 20 terms.
    np.testing.assert_allclose(history.history["val_loss"], expected.history["val_loss"], rtol=20 * 2**-23)


def test_the_order_of_the_batches_of_a_sequence_is_that_of_the_seed():
    model, source = ready(), Batches(X, Y)
    model.fit(source, epochs=3, verbose=0)
    orders = [ff.random.order(5, model.seed, epoch).tolist() for epoch in range(3)]
    assert source.asked == [*itertools.chain(*orders)]
    assert source.epochs == 3
    again = Batches(X, Y)
    model.fit(again, verbose=0)
    assert again.asked == ff.random.order(5, model.seed, 3).tolist()


def test_epochs_of_so_many_batches_begin_where_the_last_ended():
    # By hand: of the batches 0 to 4, three an epoch.
    for make in (lambda *arrays: lambda: yielded(*arrays), Loader, Batches):
        seen = []

        def noted(batch, seen=seen):
            seen.append(int(np.asarray(batch[0])[0, 0]))
            return [np.asarray(one) for one in batch]

        numbered = np.repeat(np.arange(5, dtype=np.float32), 4)[:, None]
        feed = BatchFeed(make(numbered, Y), noted, "fit", steps=3)
        counts = [len(list(feed.pieces(epoch))) for epoch in range(4)]
        assert counts == [3] * 4
        assert seen == [0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1]
    feed = ArrayFeed([np.arange(20)], 4, lambda turn: np.arange(20) if turn % 2 == 0 else np.arange(20)[::-1], 3)
    found = [[piece.order.tolist() for piece in feed.pieces(epoch)] for epoch in range(3)]
    assert found == [
        [[*range(12)]],
        [[*range(12, 20)], [19, 18, 17, 16]],
        [[*range(15, 3, -1)]],
    ]


def test_fit_on_arrays_takes_steps_as_well():
    model, other = ready(), ready()
    model.fit(X, Y, batch_size=4, steps_per_epoch=3, epochs=5, shuffle=False, verbose=0)  # 15 batches: three times all
    other.fit(X, Y, batch_size=4, epochs=3, shuffle=False, verbose=0)
    assert_same(model, other)
    assert model.evaluate(X, Y, 4, 0, steps=2) == model.evaluate(X[:8], Y[:8], 4, 0)
    np.testing.assert_array_equal(model.predict(X, 4, steps=2), model.predict(X[:8], 4))
    measured = model.fit(X, Y, verbose=0, validation_data=(X, Y), validation_steps=1).history["val_loss"]
    assert measured == [model.evaluate(X, Y, verbose=0)[0]]


@pytest.mark.parametrize("kind", ["arrays", *SOURCES])
def test_an_epoch_goes_on_from_a_position_or_says_that_it_cannot(kind):
    def read(batch):
        return [np.asarray(one) for one in batch]

    if kind == "arrays":
        feeds = [ArrayFeed([X, Y], 4, lambda turn: np.arange(20)) for _ in range(2)]
    else:
        feeds = [BatchFeed(SOURCES[kind](X, Y), read, "fit") for _ in range(2)]
    whole = np.concatenate([piece.arrays[0][piece.order] for piece in feeds[0].pieces(0)])
    if kind in ("a generator", "zip"):
        with pytest.raises(
            DataError, match=r"fit: a generator cannot go on from batch 3\. Give a function that returns"
        ):
            next(feeds[1].pieces(0, 3))
    else:
        rest = np.concatenate([piece.arrays[0][piece.order] for piece in feeds[1].pieces(0, 3)])
        np.testing.assert_array_equal(rest, whole[12:])


def fail_after(count, error):
    yield from itertools.islice(yielded(X, Y), count)
    raise error


@pytest.mark.parametrize("count", [1, 3, 4])
@pytest.mark.parametrize("error", [KeyError("mine"), KeyboardInterrupt(), OSError("disk"), ValueError("loop: totals")])
def test_what_a_generator_raises_comes_through_and_leaves_the_batches_before(error, count):
    model, other = ready(), ready()
    with pytest.raises(type(error)) as caught:
        model.fit(fail_after(count, error), verbose=0)
    assert caught.value is error
    other.fit(X[: 4 * count], Y[: 4 * count], 4, shuffle=False, verbose=0)
    assert_same(model, other)
    assert model.optimizer.iterations.item() == count
    assert model._epochs_done == 0


def test_what_a_first_batch_raises_leaves_a_model_that_was_not_built():
    model = ff.Sequential([L.Dense(2), L.Dense(1)])
    model.compile("sgd", "mean_squared_error")
    with pytest.raises(KeyError, match="mine"):
        model.fit(fail_after(0, KeyError("mine")), verbose=0)
    model.fit(yielded(X, Y), verbose=0)
    assert model.weights[0].shape == (3, 2)


def changed(place, batch):
    """Return batches, with another one at a place."""
    return iter([batch if number == place else one for number, one in enumerate(yielded(X, Y))])


@pytest.mark.parametrize(
    ("source", "error", "message"),
    [
        (
            lambda: iter([]),
            DataError,
            r"fit: the data yield no batch\. A generator can be gone through once: give a func",
        ),
        (lambda: list, TypeError, r"fit: x is a type\. Give an array"),
        (lambda: lambda: iter([]), DataError, r"fit: the data yield no batch"),
        (
            lambda: lambda: None,
            TypeError,
            r"fit: the function given as x returned None\. Expected what yields batches\. Use",
        ),
        (lambda: lambda: (X, Y), TypeError, r"fit: a batch is a ndarray\."),
        (
            lambda: changed(2, (X[:4, :2], Y[:4])),
            ShapeError,
            r"fit: x has shape \(4, 2\), the network expects \(n, 3\)",
        ),
        (
            lambda: changed(2, (X[:4], Y[:4].astype(np.int64))),
            DataError,
            r"fit: batch 2 holds float32 \(n, 3\), int64 \(n, 1\), the first one float32 \(n, 3\), float32 \(n, 1\)\.",
        ),
        (lambda: changed(2, (X[:4], Y[:4], WEIGHTS[:4])), DataError, r"fit: batch 2 holds .*float32 \(n,\), the first"),
        (lambda: changed(2, (X[:4], Y[:3])), DataError, r"fit: the numbers of samples differ: x has 4, y has 3\."),
        (lambda: changed(2, (X[:0], Y[:0])), DataError, r"fit: there are no samples"),
        (
            lambda: changed(0, X[:4]),
            TypeError,
            r"fit: a batch is a ndarray\. Expected \(x, y\) or \(x, y, sample_weight\)\.",
        ),
        (lambda: changed(2, X[:4]), TypeError, r"fit: a batch is a ndarray\."),
        (lambda: changed(2, (X[:4], Y[:4], WEIGHTS[:4], 1)), TypeError, r"fit: a batch is 4 parts\."),
        (lambda: changed(2, (X[:4],)), TypeError, r"fit: y is missing"),
        (lambda: changed(2, None), TypeError, r"fit: a batch is a NoneType\."),
        (lambda: changed(2, (X[:4], [["a"]] * 4)), TypeError, r"fit: y"),
    ],
)
def test_batches_that_do_not_fit_are_named(source, error, message):
    with pytest.raises(error, match=message):
        ready().fit(source(), verbose=0)


def test_a_generator_that_ends_early_says_so_and_keeps_what_was_learnt():
    model, other = ready(), ready()
    with pytest.raises(DataError, match=r"fit: the data ended after 2 of 3 batches\. Give more, or ask for fewer\."):
        model.fit(yielded(X, Y), steps_per_epoch=3, epochs=4, verbose=0)
    other.fit(X, Y, 4, shuffle=False, verbose=0)
    assert_same(model, other)
    assert model._epochs_done == 1
    with pytest.raises(DataError, match=r"fit: the data yield no batch\. A generator can be gone through once"):
        model.fit(yielded(X, Y), epochs=2, verbose=0)
    with pytest.raises(DataError, match=r"evaluate: the data ended after 5 of 6 batches"):
        model.evaluate(yielded(X, Y), steps=6, verbose=0)
    with pytest.raises(DataError, match=r"predict: the data ended after 5 of 6 batches"):
        model.predict(yielded(X, Y), steps=6)
    with pytest.raises(DataError, match=r"evaluate: 6 batches of 4 were asked for, the data have 5\. Ask for fewer"):
        model.evaluate(X, Y, 4, steps=6, verbose=0)
    with pytest.raises(DataError, match=r"predict: 3 batches of 10 were asked for, the data have 2\."):
        model.predict(X, 10, steps=3)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"y": Y}, "y"),
        ({"sample_weight": WEIGHTS}, "sample_weight"),
        ({"batch_size": 4}, "batch_size"),
        ({"validation_split": 0.5}, "validation_split"),
    ],
)
def test_what_means_nothing_beside_batches_is_refused(given, name):
    with pytest.raises(ValueError, match=rf"fit: {name} was given, and x yields batches\..*Drop {name};"):
        ready().fit(yielded(X, Y), verbose=0, **given)


@pytest.mark.parametrize("steps", [0, -1, 1.5, "3", True])
def test_a_number_of_steps_that_is_none_is_refused(steps):
    for caller, name in (("fit", "steps_per_epoch"), ("fit", "validation_steps"), ("evaluate", "steps")):
        with pytest.raises(ValueError, match=rf"{caller}\({name}={steps!r}\): {name} must be an int >= 1"):
            getattr(ready(), caller)(X, Y, verbose=0, **{name: steps})
    with pytest.raises(ValueError, match=rf"predict\(steps={steps!r}\): steps must be"):
        ready().predict(X, steps=steps)


def test_a_class_that_a_batch_lacks_still_has_its_weight_in_the_others():
    labels = np.repeat([0, 1, 2, 1, 0], 4)
    models = [ready(), ready()]
    for model in models:
        model.compile("sgd", "mean_squared_error")
    weight = {0: 1.0, 2: 3.0}
    models[0].fit(yielded(X, labels), class_weight=weight, verbose=0)
    models[1].fit(X, labels, 4, shuffle=False, class_weight=weight, verbose=0)
    assert_same(*models)


@pytest.mark.parametrize("held_out", [(X[:, :2], Y), iter([(X[:, :2], Y)])])
def test_what_is_measured_after_epochs_is_checked_before_them(held_out):
    model = ready()
    with pytest.raises(ShapeError, match=r"fit: validation: x has shape \(20, 2\), the network expects \(n, 3\)"):
        model.fit(X, Y, verbose=0, validation_data=held_out)
    assert model._epochs_done == 0


def test_a_number_that_is_not_finite_is_found_in_its_batch_far_from_a_cut():
    def batches(bad):
        for number in range(40):
            x = X[PARTS[number % 5]].copy()
            if number == bad:
                x[1, 2] = np.nan
            yield x, Y[PARTS[number % 5]]

    for bad in (0, 15, 16, 17, 39):
        model, other = ready(), ready()
        with pytest.raises(NotFiniteError, match=rf"in batch {bad} of epoch 1: the data .* hold NaN"):
            model.fit(batches(bad), verbose=0)
        if bad:
            other.fit(itertools.islice(batches(99), bad), verbose=0)
            assert_same(model, other)


def test_batches_differ_in_their_number_of_samples():
    model, other = ready(), ready()
    cuts = [0, 3, 4, 11, 20]
    history = model.fit(((X[a:b], Y[a:b]) for a, b in itertools.pairwise(cuts)), verbose=0)
    for a, b in itertools.pairwise(cuts):
        other.fit(X[a:b], Y[a:b], 20, shuffle=False, verbose=0)
    assert_same(model, other)
    losses = other_losses()
    np.testing.assert_allclose(history.history["loss"], losses, rtol=1e-6)  # float32 sums of 20 terms


def other_losses():
    """Return the mean over the samples of their losses, each taken when its batch was trained on."""
    model, total = ready(), 0.0
    for a, b in itertools.pairwise([0, 3, 4, 11, 20]):
        total += (b - a) * model.fit(X[a:b], Y[a:b], 20, shuffle=False, verbose=0).history["loss"][0]
    return [total / 20]


def test_callbacks_see_batches_of_a_number_that_is_not_known():
    class Look(ff.callbacks.Callback):
        every = 2

        def __init__(self):
            self.steps, self.weights = [], []

        def on_chunk_end(self, step, logs):
            self.steps.append((step, self.plan.steps, self.plan.samples))
            self.weights.append(self.model.optimizer.iterations.item())

    look = Look()
    ready().fit(lambda: yielded(X, Y), epochs=2, verbose=0, callbacks=[look])
    assert look.steps == 2 * [(2, None, None), (4, None, None), (5, None, None)]
    assert look.weights == [2, 4, 5, 7, 9, 10]


@pytest.mark.parametrize("dtype", ["float32", "float64", "uint8", "int32"])
def test_a_mapped_file_is_read_row_by_row(tmp_path, dtype, monkeypatch):
    data = (RNG.random((400, 3)) * 100).astype(dtype)
    targets = RNG.normal(size=(400, 1)).astype(np.float32)
    np.save(tmp_path / "x.npy", data)
    np.save(tmp_path / "y.npy", targets)
    mapped, mapped_y = (np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in "xy")
    seen = []
    real = ff.training.loop.Loop.run
    monkeypatch.setattr(
        ff.training.loop.Loop,
        "run",
        lambda loop, pieces, *rest, **more: real(loop, seen.extend(found := [*pieces]) or found, *rest, **more),
    )
    models = [ready(), ready()]
    models[0].fit(mapped, mapped_y, epochs=2, verbose=0, validation_data=(mapped, mapped_y))
    assert all(np.shares_memory(piece.arrays[0], mapped) for piece in seen)
    assert all(np.shares_memory(piece.arrays[1], mapped_y) for piece in seen)
    models[1].fit(data, targets, epochs=2, verbose=0)
    assert_same(*models)
    np.testing.assert_array_equal(models[0].predict(mapped), models[1].predict(data))
    assert models[0].evaluate(mapped, mapped_y, verbose=0) == models[1].evaluate(data, targets, verbose=0)


@pytest.mark.parametrize(
    "x",
    [
        [1, 2],
        (1, 2),
        X,
        ff.Tensor(X),
        range(3),
        "text",
        b"bytes",
        bytearray(b"1"),
        {"a": X},
        {1, 2},
        {"a": X}.values,
        np.float32(1),
        None,
        3.0,
        memoryview(X),
        Loader.Held(X),
        np.ma.masked_array(X),
        list,
    ],
)
def test_data_are_not_mistaken_for_what_yields_batches(x):
    assert yields_batches(x) is (type(x).__name__ == "builtin_function_or_method")


@pytest.mark.parametrize("source", [*SOURCES.values(), lambda *_: map(str, []), lambda *_: (yielded(X, Y) for _ in ())])
def test_what_yields_batches_is_known(source):
    assert yields_batches(source(X, Y))


@pytest.mark.parametrize("count", [1, 15, 16, 17, 32])
@pytest.mark.parametrize("kind", ["function", "generator", "sequence", "turns"])
def test_every_batch_counts_however_many_pieces_an_epoch_has(count, kind):
    batch = X[:4], Y[:4]

    class Alike:
        def __len__(self):
            return count

        def __getitem__(self, place):
            return batch

    given, more = {
        "function": ((lambda: iter([batch] * count),), {}),
        "generator": ((iter([batch] * (2 * count)),), {"steps_per_epoch": count}),
        "sequence": ((Alike(),), {}),
        "turns": (batch, {"batch_size": 4, "steps_per_epoch": count}),  # each turn through one batch is a piece
    }[kind]
    model, told = ready(), []

    class Note(ff.callbacks.Callback):
        def on_chunk_end(self, step, logs):
            told.append(step)

    model.fit(*given, epochs=2, verbose=0, shuffle=False, callbacks=[Note()], **more)
    assert model.optimizer.iterations.numpy() == 2 * count
    assert told[-1] == count
    other = ready()
    for _ in range(2 * count):
        other.fit(*batch, verbose=0, shuffle=False)
    for one, another in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(one, another)
