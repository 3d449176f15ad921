"""Oracle (a): counts and neighbours worked by hand; (e) the same order each time, and where a saved model goes on."""

import re

import numpy as np
import pytest

import feedforward as ff
from feedforward.errors import DataError, ShapeError
from feedforward.training.data import Samples
from feedforward.training.feed import ArrayFeed
from feedforward.training.sampling import SAMPLERS, HardestFirst, Interleaved, Sampler, Shuffled, Turn, Weighted

L = ff.layers
LOSS = ff.losses.SparseCategoricalCrossentropy(from_logits=True)
EVERY = {
    "shuffled": Shuffled,
    "interleaved": Interleaved,
    "hardest_first": lambda: HardestFirst(0.1),
    "weighted": lambda: Weighted(np.arange(40.0)),
}


class Recorder(Sampler):
    """A sampler that keeps the orders of another."""

    def __init__(self, sampler):
        object.__setattr__(self, "sampler", sampler)
        object.__setattr__(self, "orders", [])

    def check(self, samples, rows):
        self.sampler.check(samples, rows)

    def order(self, turn):
        self.orders.append(self.sampler.order(turn))
        return self.orders[-1]


def ready(seed=1, classes=3, loss=LOSS):
    ff.set_seed(seed)
    model = ff.Sequential([ff.Input((2,)), L.Dense(4, "tanh"), L.Dense(classes)])
    model.compile(ff.optimizers.Adam(0.01), loss)
    return model


def orders(sampler, y, epochs=3, x=None, model=None, **settings):
    """Return the orders of some epochs."""
    recorder = Recorder(sampler)
    x = np.random.default_rng(0).normal(size=(len(y), 2)) if x is None else x
    model = ready(classes=int(np.max(y)) + 2) if model is None else model
    model.fit(x, y, epochs=epochs, verbose=0, sampler=recorder, **settings)
    return recorder.orders


def test_every_sampler_is_tested():
    assert {*EVERY} == {*SAMPLERS}


@pytest.mark.parametrize("name", EVERY)
def test_orders_are_the_same_each_time_and_new_in_each_epoch(name):
    y = np.arange(40) % 4
    first, again = orders(EVERY[name](), y), orders(EVERY[name](), y)
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)
    assert (first[0] != first[1]).any()
    assert (first[1] != first[2]).any()


@pytest.mark.parametrize("name", EVERY)
def test_a_saved_model_goes_on_with_the_order_that_would_have_followed(name, tmp_path):
    y, x = np.arange(40) % 4, np.random.default_rng(0).normal(size=(40, 2))
    model = ready(classes=4)
    model.fit(x, y, epochs=2, verbose=0, sampler=EVERY[name]())
    model.save(tmp_path / "m.ff")
    loaded = ff.load(tmp_path / "m.ff")
    found = [orders(EVERY[name](), y, epochs=2, x=x, model=one) for one in (model, loaded)]
    np.testing.assert_array_equal(*found)
    for a, b in zip(model.get_weights(), loaded.get_weights(), strict=True):
        assert a.tobytes() == b.tobytes()


def test_shuffled_is_what_fit_does_by_itself():
    x, y = np.random.default_rng(0).normal(size=(40, 2)), np.arange(40) % 3
    found = []
    for settings in ({}, {"sampler": "shuffled"}, {"sampler": Shuffled()}):
        model = ready()
        model.fit(x, y, epochs=3, verbose=0, **settings)
        found.append(b"".join(weight.tobytes() for weight in model.get_weights()))
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize(
    ("counts", "equal"),
    [
        ((5, 5), 0),
        ((5, 3, 2), 0),
        ((5, 4), 0),
        ((6, 4), 1),
        ((9, 1), 7),
        ((7,), 6),
        ((1, 1, 1), 0),
        ((100, 3, 50, 47, 1), 0),
        ((100, 3, 50, 46), 0),
        ((100, 3, 50, 45), 1),
        ((30, 29, 30, 30), 0),
        ((1,), 0),
    ],
)
def test_interleaved_puts_equal_classes_side_by_side_only_where_it_must(counts, equal):
    """Of m samples and r others, r part the m: m - 1 - r pairs are left, if that is above 0."""
    y = np.repeat(np.arange(len(counts)), counts)
    for order in orders(Interleaved(), y, epochs=5):
        np.testing.assert_array_equal(np.sort(order), np.arange(len(y)))
        assert np.count_nonzero(np.diff(y[order]) == 0) == equal


def test_interleaved_spreads_a_small_class_over_the_epoch():
    y = np.repeat([0, 1, 2], [1000, 1000, 40])
    (order,) = orders(Interleaved(), y, epochs=1)
    places = np.flatnonzero(y[order] == 2)
    # The mean of 40 uniform places has a deviation of 2040 / sqrt(12 * 40) = 93: it is within 5 of them.
    assert abs(places.mean() - 1020) < 465


@pytest.mark.parametrize(
    "targets", [lambda y: y, lambda y: y[:, None], lambda y: np.eye(3)[y], lambda y: y.astype(np.float64)]
)
def test_interleaved_takes_classes_as_losses_do(targets):
    y = np.arange(12) // 4
    loss = ff.losses.CategoricalCrossentropy(from_logits=True) if targets(y).shape == (12, 3) else LOSS
    (order,) = orders(Interleaved(), targets(y), epochs=1, model=ready(loss=loss))
    assert (np.diff(y[order]) != 0).all()


def test_interleaved_refuses_targets_that_are_no_classes():
    model = ready(classes=1, loss="mean_squared_error")
    x = np.zeros((3, 2))
    message = "fit: the sampler goes by classes, y holds 0.5 in row 1. Give the numbers of classes, or another sampler."
    with pytest.raises(DataError, match=re.escape(message)):
        model.fit(x, [[0.0], [0.5], [1.0]], sampler="interleaved", verbose=0)
    first = ff.Input((2,))
    many = ff.Model(first, [L.Dense(1)(first), L.Dense(1)(first)])
    many.compile("sgd", "mean_squared_error")
    with pytest.raises(
        ValueError, match=r"fit: the sampler goes by classes, the network has 2 outputs with targets\. "
    ):
        many.fit(x, [np.zeros(3), np.zeros(3)], sampler="interleaved", verbose=0)
    pictures = ff.Sequential([ff.Input((2, 2))])
    pictures.add(L.Dense(2))
    pictures.compile("sgd", "mean_squared_error")
    with pytest.raises(ShapeError, match=r"fit: the sampler needs one class a sample, y has shape \(3, 2, 2\)"):
        pictures.fit(np.zeros((3, 2, 2)), np.zeros((3, 2, 2)), sampler="interleaved", verbose=0)


def linear():
    """Return a model that says 0 of everything and does not learn, so that the errors are the squares of y."""
    model = ff.Sequential([ff.Input((2,)), L.Dense(1, kernel_initializer="zeros")])
    model.compile(ff.optimizers.SGD(1e-30), "mean_squared_error")
    return model


def test_hardest_first_goes_by_the_error_and_puts_outliers_last():
    y = np.array([3.0, -1.0, 0.5, 100.0, -2.0, 0.0, 7.0, -6.0, 4.0, 5.0])
    (order,) = orders(HardestFirst(), y, epochs=1, model=linear())
    assert y[order].tolist() == [100, 7, -6, 5, 4, 3, -2, -1, 0.5, 0]
    (order,) = orders(HardestFirst(outliers=0.1), y, epochs=1, model=linear())
    assert y[order].tolist() == [7, -6, 5, 4, 3, -2, -1, 0.5, 0, 100]
    (order,) = orders(HardestFirst(outliers=1.0), y, epochs=1, model=linear())
    assert y[order].tolist() == [100, 7, -6, 5, 4, 3, -2, -1, 0.5, 0]


def test_hardest_first_measures_before_each_epoch_as_the_loss_does():
    x, y, weights = np.random.default_rng(0).normal(size=(40, 2)), np.arange(40) % 3, np.linspace(0.1, 2, 40)
    model, seen = ready(), []

    class Errors(Sampler):
        def order(self, turn):
            seen.append((turn.errors(), model.evaluate(x, y, sample_weight=weights, verbose=0)))
            return turn.shuffled()

    model.fit(x, y, epochs=3, sample_weight=weights, verbose=0, sampler=Errors())
    for errors, loss in seen:
        np.testing.assert_allclose(errors.mean(), loss, rtol=1e-5)  # float32's sums of 40 numbers
    assert seen[0][1] != seen[1][1]


def test_errors_of_several_outputs_add_up_with_their_weights():
    x = ff.Input((2,))
    model = ff.Model(x, [L.Dense(1, kernel_initializer="zeros", name="a")(x), L.Dense(1, "relu", name="b")(x)])
    model.compile(ff.optimizers.SGD(0.1), {"a": "mean_squared_error"}, loss_weights={"a": 2.0})
    seen = []

    class Errors(Sampler):
        def order(self, turn):
            seen.append(turn.errors())
            return turn.shuffled()

    model.fit(np.zeros((3, 2)), {"a": np.array([1.0, 2.0, 3.0])}, verbose=0, sampler=Errors())
    assert seen[0].tolist() == [2, 8, 18]


def test_an_error_that_is_infinite_comes_last():
    y, model = np.array([[1.0], [1e30], [2.0]], np.float32), linear()  # whose square float32 does not hold
    samples = Samples([np.zeros((3, 2), np.float32)], {model.output_names[0]: y}, None, [])
    assert HardestFirst().order(Turn(0, samples, model)).tolist() == [2, 0, 1]


def test_weighted_draws_each_sample_as_often_as_its_weight_says():
    weights = np.array([0.0, 1.0, 2.0, 0.0, 5.0, 0.0])
    y = np.zeros(6000, int)
    found = np.bincount(np.concatenate(orders(Weighted(np.tile(weights, 1000)), y, epochs=3)) % 6, minlength=6)
    assert (found[[0, 3, 5]] == 0).all()
    share = weights / weights.sum()
    # Binomial counts of 18,000 draws are within 5 standard deviations of their means.
    assert (np.abs(found - 18000 * share) <= 5 * np.sqrt(18000 * share * (1 - share))).all()


def test_weighted_takes_the_first_weights_where_a_part_is_held_out():
    found = orders(Weighted([0, 1, 1, 0, 9]), np.zeros(5, int), epochs=4, validation_split=0.2)
    assert {*np.concatenate(found).tolist()} == {1, 2}
    with pytest.raises(DataError, match=r"Weighted: the weights of all samples to train on are 0\. Give one"):
        orders(Weighted([0, 0, 0, 0, 9]), np.zeros(5, int), validation_split=0.2)


@pytest.mark.parametrize("name", ["interleaved", "weighted", "shuffled"])
def test_an_epoch_can_be_gone_on_with_at_any_batch(name):
    y = np.arange(40) % 4
    (order,) = orders(EVERY[name](), y, epochs=1)
    feed = ArrayFeed([y], 6, lambda turn: order)
    for start in range(7):
        rest = np.concatenate([piece.order for piece in feed.pieces(0, start)])
        np.testing.assert_array_equal(rest, order[start * 6 :])


def test_a_measured_order_is_not_known_in_the_middle_of_an_epoch():
    feed = ArrayFeed([np.arange(20)], 4, lambda turn: np.arange(20), is_measured=True)
    assert len(list(feed.pieces(0))) == 1
    with pytest.raises(
        DataError, match=r"fit: the order of the samples goes by the weights before the epoch, which are"
    ):
        next(feed.pieces(0, 2))


class Backwards(Sampler):
    """The last sample first."""

    def order(self, turn):
        return np.arange(turn.rows)[::-1]


def test_a_sampler_of_ones_own_gives_the_order():
    x, y = np.random.default_rng(0).normal(size=(40, 2)), np.arange(40) % 3
    one, other = ready(), ready()
    one.fit(x, y, epochs=2, verbose=0, sampler=Backwards())
    other.fit(x[::-1], y[::-1], epochs=2, verbose=0, shuffle=False)
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        assert a.tobytes() == b.tobytes()


@pytest.mark.parametrize(
    ("order", "got"),
    [
        (lambda n: np.arange(n - 1), r"int64 \(4,\)"),
        (lambda n: np.arange(n) + 1, r"int64 \(5,\)"),
        (lambda n: np.arange(n) - 1, r"int64 \(5,\)"),
        (lambda n: np.arange(n) * 1.0, r"float64 \(5,\)"),
        (lambda n: np.arange(n)[:, None], r"int64 \(5, 1\)"),
        (lambda n: None, r"object \(\)"),
    ],
)
def test_an_order_that_names_no_samples_is_refused_before_anything_is_read(order, got):
    class Wrong(Sampler):
        def order(self, turn):
            return order(turn.rows)

    message = (
        rf"fit: Wrong\.order returned {got}\. Expected as many numbers as there are samples, 5, each an int from 0 to"
    )
    with pytest.raises(DataError, match=message):
        ready().fit(np.zeros((5, 2)), np.zeros(5), sampler=Wrong(), verbose=0)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"sampler": "interleavd"}, "Unknown sampler 'interleavd'. Did you mean 'interleaved'?"),
        ({"sampler": Shuffled}, "sampler: got the class Shuffled; make an instance of it."),
        ({"sampler": 3}, "sampler: got 3. Give a name or an instance; known: hardest_first, interleaved, shuffled, w"),
        ({"sampler": "interleaved", "shuffle": False}, "fit: shuffle=False and sampler=Interleaved() contradict each"),
        (
            {"sampler": "hardest_first", "steps_per_epoch": 2},
            "fit: HardestFirst measures before each epoch, and with steps_per_epoch=2 one begins anywhere. Leave st",
        ),
        ({"sampler": Weighted([1, 2])}, "fit: Weighted has 2 weights, x has 3 samples. Give one for each."),
        ({"sampler": Sampler()}, "Sampler has no order(). Define order(self, turn)."),
    ],
)
def test_a_sampler_that_does_not_fit_is_refused(settings, message):
    with pytest.raises((ValueError, TypeError, NotImplementedError), match=re.escape(message)):
        ready().fit(np.zeros((3, 2)), [0, 1, 2], verbose=0, **settings)


def test_a_sampler_for_what_yields_batches_is_refused():
    with pytest.raises(ValueError, match=r"fit: sampler was given, and x yields batches\."):
        ready().fit(lambda: iter([(np.zeros((3, 2)), [0, 1, 2])]), sampler="interleaved", verbose=0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: Weighted([1.0, -1.0]),
            "Weighted: weights must be finite numbers >= 0. Got -1.0 in row 1. Replace it.",
        ),
        (lambda: Weighted([1.0, np.nan]), "Weighted: weights must be finite numbers >= 0. Got nan in row 1."),
        (lambda: Weighted([0, 0]), "Weighted: the weights of all samples to train on are 0. Give one that is above 0."),
        (lambda: Weighted([]), "Weighted: weights have shape (0,). Give one number for each sample, shape (n,)."),
        (lambda: Weighted([[1.0]]), "Weighted: weights have shape (1, 1). Give one number for each sample"),
        (lambda: Weighted(3), "Weighted: weights have shape (). Give one number for each sample"),
        (lambda: Weighted("ab"), "Weighted(weights='ab'): got no array of numbers. Give one a sample."),
        (lambda: Weighted([1, None]), "Weighted: weights: row 1 is missing (None)."),
        (lambda: HardestFirst(1.5), "HardestFirst(outliers=1.5): outliers must be a number from 0 to 1. Got 1.5."),
        (lambda: HardestFirst(True), "HardestFirst(outliers=True): outliers must be a number from 0 to 1. Got True."),
        (lambda: HardestFirst(outlier=1), "there is no argument 'outlier'. Did you mean 'outliers'?"),
    ],
)
def test_a_wrong_setting_is_refused(make, message):
    with pytest.raises((ValueError, TypeError), match=re.escape(message)):
        make()


def test_weights_may_be_so_large_that_their_sum_is_infinite():
    (order,) = orders(Weighted([1e308, 0, 1e308]), np.zeros(3, int), epochs=1)
    assert {*order.tolist()} <= {0, 2}
