"""Oracles: gradients worked by hand, and the influence balancing of Vicol et al. (2021), whose loss is quadratic.

Also: resumed = uninterrupted, interrupted = stopped, the same seed = the same bits.
"""

import re
import tracemalloc
from dataclasses import dataclass

import numpy as np
import pytest

import feedforward as ff
from feedforward import learned
from feedforward.errors import FormatError, NotFiniteError
from feedforward.learned import runs
from feedforward.learned.evolution import EvolvedTraining
from feedforward.learned.resuming import digest_of_step
from feedforward.nn.update_rules.update_rule import UpdateRule
from feedforward.tensor import Tensor

SIDE, POSITIVE = 23, 10


@dataclass(eq=False)
class Balance(UpdateRule):
    """s := A s + t (1, ..., 1, -1, ..., -1), with t its only weight; gradients are not looked at."""

    def shapes(self):
        return {"t": ()}

    def change(self, parameter, gradient, state, weights):
        matrix = (0.5 * np.eye(SIDE) + 0.5 * np.eye(SIDE, k=1)).astype(np.float32)
        signs = np.where(np.arange(SIDE) < POSITIVE, 1, -1).astype(np.float32)
        moved = ff.matmul(Tensor(matrix), ff.reshape(parameter, (-1, 1)))
        return ff.reshape(moved, (-1,)) + weights["t"] * Tensor(signs) - parameter, {}


class Influence(learned.Task):
    """The loss (s_0 - 1)^2 / 2 of a state that begins as ones."""

    def shapes(self):
        return {"s": (SIDE,)}

    def drawn(self):
        return {"s": Tensor(np.ones(SIDE, np.float32))}, {}

    def loss(self, parameters, instance, batch):
        return 0.5 * ff.square(parameters["s"][0] - 1.0)


@dataclass(eq=False)
class Descent(UpdateRule):
    """w := w - a g, with a its only weight."""

    def shapes(self):
        return {"a": (1,)}

    def change(self, parameter, gradient, state, weights):
        return gradient * weights["a"] * -1.0, {}


def influence(t, steps, start=None):
    """Return the mean loss of so many steps, and the state after them, in float64."""
    matrix = 0.5 * np.eye(SIDE) + 0.5 * np.eye(SIDE, k=1)
    state, losses = np.ones(SIDE) if start is None else start, []
    for _ in range(steps):
        losses.append(0.5 * (state[0] - 1) ** 2)
        state = matrix @ state + t * np.where(np.arange(SIDE) < POSITIVE, 1, -1)
    return np.mean(losses), state


def slope(of, at):
    """Return a central difference: exact for a quadratic, but for roundings."""
    return (of(at + 1e-3) - of(at - 1e-3)) / 2e-3


def balanced(t, **settings):
    rule = Balance()
    rule.set_weights({"t": np.float32(t)})
    given = {"unroll": 5, "steps": (40, 40), "pairs": 128, "deviation": 0.1, "is_relative": False, "largest": 1e6}
    return EvolvedTraining(rule, [Influence()], **{**given, **settings})


def mean_and_error(training, name, length, count):
    """Return the mean of many estimates, after the first runs, which are shorter; and its standard error.

    Those of a run depend on each other: the error is that of means over as many estimates as a run has parts.
    """
    for _ in range(length):
        training.estimate()
    blocks = [np.mean([training.estimate()[name].item() for _ in range(length)]) for _ in range(count)]
    return np.mean(blocks), np.std(blocks, ddof=1) / np.sqrt(count)


def test_persistent_strategies_find_the_gradient_and_truncated_ones_do_not():
    t, unroll, length = 0.5, 5, 40
    whole = slope(lambda at: influence(at, length)[0], t)

    def truncated():
        state, slopes = None, []
        for _ in range(length // unroll):
            slopes.append(slope(lambda at, state=state: influence(at, unroll, state)[0], t))
            state = influence(t, unroll, state)[1]
        return np.mean(slopes)

    mean, error = mean_and_error(balanced(t), "t", length // unroll, 40)
    # The state moves by a few steps of noise, which a quadratic's slope does not notice in the mean.
    plain, plain_error = mean_and_error(balanced(t, is_persistent=False), "t", length // unroll, 40)
    assert abs(mean - whole) < 4 * error
    assert error < whole / 20
    assert abs(plain - truncated()) < 4 * plain_error
    assert abs(plain - whole) > 20 * plain_error
    assert (round(whole, 1), round(truncated(), 1)) == (58.5, 9.5)  # as worked out apart from this file


def test_the_gradient_of_a_learning_rate_is_that_of_the_known_losses():
    # |x - a|^2 / d goes by (1 - 2 r / d)^2 in a step: with d = 4 and r = 0.4 the loss of step t is 0.8^(2 t) of the
    # first. The mean over 12 steps has the slope of mean(q^(2 t)) by q, times -2 / d.
    rule = Descent()
    rule.set_weights({"a": np.array([0.4], np.float32)})
    training = EvolvedTraining(rule, [learned.Squares(4)] * 2, unroll=3, steps=(12, 12), pairs=32, deviation=0.01)
    times = np.arange(12)
    expected = np.mean(2 * times * 0.8 ** (2.0 * times - 1)) * (-2 / 4)
    mean, error = mean_and_error(training, "a", 4, 30)
    assert abs(mean - expected) < 4 * error + 1e-3  # of the third derivative times deviation^2
    assert error < abs(expected) / 20


def test_a_learning_rate_is_found():
    rule = Descent()
    rule.set_weights({"a": np.array([0.1], np.float32)})
    training = EvolvedTraining(
        rule, [learned.Squares(4)], unroll=5, steps=(5, 20), optimizer=ff.optimizers.Adam(0.1), deviation=0.05
    )
    first = training.train()
    training.train(100)
    # 1 - 2 r / d = 0 at r = 2: the minimum in one step. From 1.2 to 2.8 each leaves at most 0.16 of the loss.
    assert rule.weights["a"].numpy() == pytest.approx(2.0, abs=0.8)
    assert first > 0.5
    assert training.train() < 0.5
    assert training.updates_done == 102
    assert len(training.history) == 3


def test_runs_go_by_the_learning_rate_that_is_given():
    # With the rate 0 nothing moves, with a schedule that falls to 0 after 4 steps little: 0.8^2 = 0.64 a step.
    def first_loss(learning_rate):
        rule = Descent()
        rule.set_weights({"a": np.array([0.4], np.float32)})
        training = EvolvedTraining(
            rule, [learned.Squares(4)], unroll=8, steps=(8, 8), deviation=1e-4, learning_rate=learning_rate
        )
        return training.train()

    assert first_loss(0.0) == pytest.approx(1.0)
    assert first_loss(1.0) == pytest.approx(np.mean(0.64 ** np.arange(8)), rel=1e-3)  # of the changes of the weight
    rates = np.array([1.0, 0.75, 0.5, 0.25, 0, 0, 0])
    falling = np.concatenate([[1.0], np.cumprod((1 - 0.2 * rates) ** 2)])
    schedule = ff.optimizers.schedules.PolynomialDecay(1.0, 4, 0.0)
    assert first_loss(schedule) == pytest.approx(falling.mean(), rel=1e-3)


def test_the_first_runs_are_shorter_so_that_ends_are_staggered():
    training = balanced(0.1, steps=(10, 40))
    training.estimate()
    first = training._held()["0/lengths"]
    for _ in range(8):
        training.estimate()
    later = training._held()["0/lengths"]
    assert set(first % 5) == set(later % 5) == {0}
    assert first.min() == 5
    assert (later.min(), later.max()) == (10, 40)
    assert later.mean() > first.mean()
    assert (training._held()["0/done"] <= later).all()


def test_a_run_that_diverges_counts_as_the_largest_loss():
    rule = Descent()
    rule.set_weights({"a": np.array([1e30], np.float32)})
    training = EvolvedTraining(rule, [learned.Squares(4)], unroll=20, steps=(20, 40), largest=7.0)
    assert not training.estimate()["a"].any()  # the losses of a pair are equal
    assert training.train(3) == 7.0


def test_each_pair_has_the_dropout_of_its_seed():
    # The first loss of a run is at its start, which no weight of the rule has had a say in.
    ff.set_seed(0)
    x = np.random.default_rng(0).standard_normal((20, 3)).astype(np.float32)
    model = ff.Sequential([ff.Input((3,)), ff.layers.Dense(8), ff.layers.Dropout(0.5), ff.layers.Dense(1)])
    task = learned.Network(model, "mean_squared_error", x, x[:, :1], batch_size=4)
    rule = Descent()
    training = EvolvedTraining(rule, [task], unroll=2, steps=(2, 2), pairs=3)
    for _ in range(2):  # first runs, and those that begin anew
        training.estimate()
        (made,), seeds = training._runs, training._held()["0/seeds"].tolist()
        expected = learned.losses_of(task, ff.optimizers.Learned(rule), seeds, 1)
        np.testing.assert_array_equal(made.values[made.losses], [*expected, *expected])


def small(seed=0, **settings):
    ff.set_seed(seed)
    given = {"unroll": 4, "steps": (8, 12), "pairs": 2, "optimizer": ff.optimizers.Adam(0.01), "seed": 5}
    tasks = [learned.Squares(3), learned.Scaled(learned.Quadratics(2, 3), 1.0, "all")]
    return EvolvedTraining(learned.PerceptronRule(units=2, scale=0.1), tasks, **{**given, **settings})


def unrolled(**settings):
    ff.set_seed(0)
    rule = learned.RNNprop(units=3, layers=1)
    return learned.UnrolledTraining(rule, learned.Quadratics(2, 3), **{"steps": 8, "unroll": 4, **settings})


def weights(training):
    return {name: weight.numpy().tolist() for name, weight in training.rule.weights.items()}


@pytest.mark.parametrize("make", [small, unrolled])
def test_a_training_from_a_file_goes_on_to_the_same_bits(make, tmp_path):
    whole, stopped = make(), make()
    for training in (whole, stopped):
        training.train(3)
    stopped.save(tmp_path / "a.training")
    again = make()
    again.train(1)  # what it did before does not matter
    again.resume(tmp_path / "a.training")
    assert again.history == stopped.history
    for training in (whole, again):
        training.train(4)
    assert weights(again) == weights(whole)
    assert again.history == whole.history


def test_a_training_that_has_not_begun_is_saved_and_resumed(tmp_path):
    small().save(tmp_path / "a.training")
    again = small()
    again.resume(tmp_path / "a.training")
    assert (again.updates_done, again.history) == (0, [])


@pytest.mark.parametrize(
    ("other", "named"),
    [
        (lambda: small(unroll=2), "the setting unroll is not the same, 4 there, 2 here"),
        (lambda: small(steps=(8, 16)), "the setting steps is not the same"),
        (lambda: small(pairs=3), "the setting pairs is not the same, 2 there, 3 here"),
        (lambda: small(optimizer="sgd"), "the optimizer is not the same"),
        (lambda: small(learning_rate=0.5), "the setting learning_rate is not the same, 1.0 there, 0.5 here"),
        (lambda: small(seed=5, deviation=0.5), "the setting deviation is not the same"),
        (lambda: EvolvedTraining(learned.RNNprop(2), [learned.Squares(3)]), "the rule is not the same"),
        (
            lambda: EvolvedTraining(
                learned.PerceptronRule(units=2, scale=0.1),
                [learned.Squares(3)],
                unroll=4,
                steps=(8, 12),
                pairs=2,
                optimizer=ff.optimizers.Adam(0.01),
                seed=5,
            ),
            "the number of tasks is not the same, 2 there, 1 here",
        ),
        (
            lambda: EvolvedTraining(
                learned.PerceptronRule(units=2, scale=0.1),
                [learned.Squares(3), learned.Scaled(learned.Quadratics(2, 4), 1.0, "all")],
                unroll=4,
                steps=(8, 12),
                pairs=2,
                optimizer=ff.optimizers.Adam(0.01),
                seed=5,
            ),
            "the task 1 is not the same. Make",
        ),
    ],
)
def test_a_file_of_another_training_is_refused_by_name(other, named, tmp_path):
    small().save(tmp_path / "a.training")
    with pytest.raises(ValueError, match=re.escape(named)) as caught:
        other().resume(tmp_path / "a.training")
    assert not isinstance(caught.value, FormatError)


def test_a_file_of_the_other_kind_of_training_is_refused(tmp_path):
    unrolled().save(tmp_path / "a.training")
    with pytest.raises(FormatError, match=r"holds no EvolvedTraining, but 'UnrolledTraining'. Give a file that it wro"):
        small().resume(tmp_path / "a.training")


def test_samples_that_differ_are_another_task(tmp_path):
    def of(samples):
        model = ff.Sequential([ff.Input((2,)), ff.layers.Dense(1, name="line")])
        task = learned.Network(model, "mean_squared_error", samples, samples[:, :1], batch_size=4)
        return small().__class__(Descent(), [task], pairs=1, unroll=4, steps=(4, 8))

    x = np.ones((8, 2), np.float32)
    of(x).save(tmp_path / "a.training")
    of(x).resume(tmp_path / "a.training")
    with pytest.raises(ValueError, match="the task 0 is not the same"):
        of(2 * x).resume(tmp_path / "a.training")


@pytest.mark.parametrize("make", [small, unrolled])
def test_samples_are_read_once_however_often_a_training_is_saved(make, tmp_path, monkeypatch):
    training, read = make(), []

    def noticed(program, task):
        read.append(task)
        return digest_of_step(program, task)

    monkeypatch.setattr(f"{type(training).__module__}.digest_of_step", noticed)
    for _ in range(3):
        training.save(tmp_path / "a.training")
    training.resume(tmp_path / "a.training")
    assert read == ([training.task] if make is unrolled else [*training.tasks])


def test_samples_are_read_where_they_lie():
    task = learned.Squares(2)
    program = runs.Runs(task, "sgd", [0], 1).program
    samples = np.random.default_rng(0).standard_normal((500, 2000))
    object.__setattr__(task, "samples", (samples,))
    digest_of_step(program, task)  # what is made once is made
    tracemalloc.start()
    whole = digest_of_step(program, task)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < samples.nbytes / 8
    object.__setattr__(task, "samples", (np.asfortranarray(samples),))
    assert digest_of_step(program, task) == whole
    samples[-1, -1] += 1
    object.__setattr__(task, "samples", (samples,))
    assert digest_of_step(program, task) != whole


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda held: held.pop("0/done"), "0/done is missing, too much, or of another shape or dtype"),
        (lambda held: held.update(more=np.zeros(1)), "more is missing, too much"),
        (lambda held: held.update({"rule/bias_1": np.zeros(3, np.float32)}), "rule/bias_1 is missing, too much"),
        (lambda held: held.update({"rule/bias_1": np.zeros(2)}), "rule/bias_1 is missing, too much"),
        (lambda held: held.update({"rule/bias_1": np.full(2, np.nan, np.float32)}), "rule/bias_1 is not finite"),
        (lambda held: held.update({"0/done": np.array([-1, 4])}), "0/done is negative, and counts"),
        (lambda held: held.update({"0/done": np.array([99, 4])}), "the runs on task 0 stand where none can"),
        (lambda held: held.update({"1/seeds": np.array([2**62, 4])}), "the runs on task 1 stand where none can"),
        (lambda held: held.update(history=np.zeros((2, 2))), "history is missing, too much"),
    ],
)
def test_what_a_training_does_not_hold_is_not_taken_from_a_file(change, message, tmp_path, monkeypatch):
    written = small()
    written.train(1)
    held, own = written._held(), written._own()

    def hostile():
        arrays = {**own, **held}
        change(arrays)
        return arrays

    monkeypatch.setattr(written, "_held", hostile)
    monkeypatch.setattr(written, "_own", dict)
    if "history" in message:
        monkeypatch.setattr(written, "history", np.zeros((2, 2)))
    written.save(tmp_path / "a.training")
    training = small()
    before = weights(training), training.updates_done
    with pytest.raises(FormatError, match=re.escape(message)):
        training.resume(tmp_path / "a.training")
    assert (weights(training), training.updates_done) == before
    training.train(1)


def test_files_that_are_none_are_told(tmp_path):
    (tmp_path / "a.training").write_bytes(b"no training")
    with pytest.raises(FormatError, match="is no file of a rule's training, or is damaged"):
        small().resume(tmp_path / "a.training")
    with pytest.raises(FileNotFoundError, match="resume: there is no file"):
        small().resume(tmp_path / "b.training")
    with pytest.raises(FileNotFoundError, match="save: there is no folder"):
        small().save(tmp_path / "no" / "a.training")


def test_what_is_done_when_ctrl_c_comes_stays_and_training_goes_on(monkeypatch):
    whole, stopped = small(), small()
    whole.train(2)
    go_on, calls = runs.Runs.go_on, []

    def interrupted(self, steps, done):
        calls.append(done)
        if len(calls) == 6:  # the second task of the third step
            raise KeyboardInterrupt
        return go_on(self, steps, done)

    monkeypatch.setattr(runs.Runs, "go_on", interrupted)
    with pytest.raises(KeyboardInterrupt):
        stopped.train(5)
    monkeypatch.undo()
    assert (stopped.updates_done, weights(stopped)) == (2, weights(whole))
    for training in (whole, stopped):
        training.train(3)
    assert weights(stopped) == weights(whole)


def test_whoever_looks_may_stop_it():
    training = small()
    asked = iter([False, True])
    training.train(9, lambda: next(asked))
    assert training.updates_done == 2


def test_equal_seeds_give_equal_bits():
    first, second, other = small(), small(), small(seed=5)
    for training in (first, second, other):
        training.train(3)
    assert weights(first) == weights(second) != weights(other)


def test_a_weight_that_is_not_finite_is_told():
    training = small()
    for weight in training.rule.weights.values():
        weight.assign(np.full(weight.shape, np.inf, np.float32))
    with pytest.raises(NotFiniteError, match=r"the weight kernel_1 is not finite after 0 updates. Give an optimizer w"):
        training.train(2)
    assert training.history == []


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: EvolvedTraining("rnnprop", [learned.Squares()]), "EvolvedTraining: got 'rnnprop' and [Squares"),
        (lambda: EvolvedTraining(Descent(), []), "Give an update rule and some tasks."),
        (lambda: EvolvedTraining(Descent(), learned.Squares()), "Give an update rule and some tasks."),
        (lambda: small(steps=(2, 8)), "EvolvedTraining(steps=(2, 8)): expected two ints, from and to, not less than "),
        (lambda: small(steps=(8, 4)), "EvolvedTraining(steps=(8, 4)): expected two ints"),
        (lambda: small(steps=8), "EvolvedTraining(steps=8): expected two ints"),
        (lambda: small(unroll=0), "EvolvedTraining(unroll=0): unroll must be an int >= 1. Got 0."),
        (lambda: small(pairs=0), "EvolvedTraining(pairs=0): pairs must be an int >= 1. Got 0."),
        (lambda: small(deviation=0), "EvolvedTraining(deviation=0): deviation must be a number > 0. Got 0."),
        (lambda: small(largest=-1), "EvolvedTraining(largest=-1): largest must be a number > 0. Got -1."),
        (
            lambda: small(learning_rate=-1.0),
            "Learned(learning_rate=-1.0): learning_rate must be a number >= 0. Got -1.0.",
        ),
        (lambda: small(optimizer=ff.optimizers.SVRG()), "EvolvedTraining: SVRG needs gradients at its snapshot"),
        (lambda: small(is_relative=1), "EvolvedTraining(is_relative=1): is_relative must be True or False. Got 1."),
        (lambda: small(is_persistent=1), "EvolvedTraining(is_persistent=1): is_persistent must be True or False."),
        (lambda: small().train(0), "EvolvedTraining.train(updates=0): updates must be an int >= 1. Got 0."),
    ],
)
def test_settings_that_make_no_training_are_told(make, message):
    with pytest.raises((TypeError, ValueError), match=re.escape(message)):
        make()


@pytest.mark.parametrize("name", ["_described", "_held", "_take"])
def test_a_kind_of_training_without_a_part_is_told(name):
    from feedforward.learned.resuming import Resumable

    method = getattr(Resumable(), name)
    with pytest.raises(NotImplementedError, match=rf"Resumable has no {name}\(\). Define {name}\(self"):
        method({}) if name == "_take" else method()
