"""Oracle (e): best epochs trained again alone have the same weights; members of an ensemble are those trained alone."""

import re
import time
from dataclasses import replace

import numpy as np
import pytest

import feedforward as ff
from feedforward import random
from feedforward.errors import NotFiniteError
from feedforward.tabular import members as module
from feedforward.tabular.aims import Classes, Numbers
from feedforward.tabular.members import Rows, fitted, trained
from feedforward.tabular.realmlp import Member, RealMLP, Shape

SETTINGS = RealMLP(hidden=(8, 8), epochs=6, batch_size=32)
SHAPE = Shape(3, (0, 1, 2), (), 2)


def problem(rows=100, seed=0):
    draws = np.random.default_rng(seed)
    x = draws.normal(size=(rows, 3)).astype(np.float32)
    return x, (x[:, 0] * x[:, 1] + 0.5 * draws.normal(size=rows) > 0).astype(np.int32)


def split(rows=100, weights=None):
    x, y = problem(rows)
    own = [None, None] if weights is None else [weights[: rows // 2], weights[rows // 2 :]]
    half = rows // 2
    return Rows([x[:half]], y[:half], own[0]), Rows([x[half:]], y[half:], own[1])


def values(model):
    return [weight.numpy().copy() for weight in model.weights]


def test_the_last_of_the_best_epochs_is_kept():
    training, validation = split()
    errors = iter([0.3, 0.2, 0.4, 0.2, 0.5, 0.3])
    seen = []

    class Watched(Classes):
        def error(self, outputs, fed, weights):
            seen.append(outputs.copy())
            return next(errors)

    member = Member(SETTINGS, SHAPE, 3, 6)
    (course,) = trained([member], Watched(2), training, validation)
    assert course.best_epoch == 4
    assert course.errors == [0.3, 0.2, 0.4, 0.2, 0.5, 0.3]
    assert len(course.losses) == 6
    np.testing.assert_array_equal(member.model.predict(validation.fed), seen[3])
    # The same six epochs by hand: an order for each, of which the batch that is not whole is left out.
    other = Member(SETTINGS, SHAPE, 3, 6)
    other.initialise(training.inputs)
    other.model.compile(other.optimizer(), Classes(2).loss(SETTINGS))
    for epoch in range(4):
        order = random.order(50, 3, epoch)[:32]
        logs = other.model.train_on_batches(training.fed, training.targets, order=order, batch_size=32)
        assert logs["loss"] == course.losses[epoch]
    for mine, theirs in zip(values(member.model), values(other.model), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_without_validation_the_last_epoch_is_kept():
    training, _ = split()
    outcome = fitted(SETTINGS, Classes(2), SHAPE, training, None)
    (course,) = outcome.courses
    assert course.best_epoch == len(course.losses) == 6
    assert np.isnan(course.errors).all()
    assert outcome.residuals == []


def test_an_ensemble_is_the_mean_of_members_trained_alone():
    training, validation = split()
    outcome = fitted(SETTINGS, Classes(2), SHAPE, training, validation, members=3, seed=5)
    seeds = np.random.SeedSequence(5).generate_state(3, np.uint32)
    alone = [Member(SETTINGS, SHAPE, int(seed), 6) for seed in seeds]
    courses = [trained([member], Classes(2), training, validation)[0] for member in alone]
    assert [course.errors for course in courses] == [course.errors for course in outcome.courses]
    outputs = [member.model.predict(validation.fed) for member in alone]
    p = np.mean([np.exp(x) / np.exp(x).sum(axis=1, keepdims=True) for x in np.float64(outputs)], axis=0)
    p **= Classes(2).sharpness(outputs, validation.targets, None)
    p /= p.sum(axis=1, keepdims=True)
    # Some ten float32 roundings of a probability, whose logarithm is multiplied by at most 64.
    np.testing.assert_allclose(outcome.model.predict(validation.fed), p, atol=64 * 10 * 6e-8)


def test_the_model_comes_back_from_its_file_with_the_same_bits(tmp_path):
    training, validation = split()
    model = fitted(SETTINGS, Classes(2), SHAPE, training, validation, members=2).model
    model.save(tmp_path / "m.ff")
    again = ff.load(tmp_path / "m.ff").predict(validation.fed)
    np.testing.assert_array_equal(again, model.predict(validation.fed))


def test_the_same_seed_gives_the_same_bits_and_another_does_not():
    training, validation = split()
    first, second, other = (
        fitted(SETTINGS, Classes(2), SHAPE, training, validation, seed=seed).model.predict(validation.fed)
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, second)
    assert (first != other).any()


def test_a_row_of_weight_two_counts_as_two_in_the_loss():
    x, y = problem(32)
    aim, settings = Classes(2), replace(SETTINGS, epochs=1, batch_size=None, dropout=0.0)
    weights = np.array([2.0] * 8 + [0.0] * 8 + [1.0] * 16, np.float32)
    twice = np.r_[0:8, 0:8, 16:32]  # the same rows, in the same number
    losses = []
    for rows in (Rows([x], y, weights), Rows([x[twice]], y[twice])):
        member = Member(settings, SHAPE, 0, 4)
        member.initialise([x])
        member.model.compile(member.optimizer(), aim.loss(settings))
        logs = member.model.train_on_batches(rows.fed, rows.targets, rows.weights, order=np.arange(32), batch_size=32)
        losses.append(logs["loss"])
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)


def test_a_loss_that_is_not_finite_ends_a_member_with_what_was_best():
    x, _ = problem()
    targets = np.full((50, 1), 0.5, np.float32)
    settings = replace(SETTINGS, batch_size=10, learning_rate=1e-3, activation="relu")
    aim = Numbers.of(np.array([[-1.0], [1.0]]), settings)
    shape = replace(SHAPE, outputs=1)
    plain = Member(settings, shape, 0, 30)
    (course,) = trained([plain], aim, Rows([x[:50]], targets), None)
    assert len(course.losses) == 6
    late = Member(replace(settings, learning_rate=1e30), shape, 0, 30)  # the first step has the rate 0
    with pytest.raises(NotFiniteError, match=re.escape("smaller learning_rate than 1e+30")):
        trained([late], aim, Rows([x[:50]], targets), None)
    both = [Member(settings, shape, 0, 30), Member(settings, shape, 1, 30)]
    heard = []

    def spoil(number, epoch, loss, error):
        heard.append((number, epoch))
        if (number, epoch) == (2, 3):
            both[1].model.get_layer("output").bias.assign(np.full(1, np.nan, np.float32))

    one, two = trained(both, aim, Rows([x[:50]], targets), None, tell=spoil)
    assert (len(one.losses), len(two.losses), two.best_epoch) == (6, 3, 3)
    assert heard == [(1, 1), (2, 1), (1, 2), (2, 2), (1, 3), (2, 3), (1, 4), (1, 5), (1, 6)]
    assert all(np.isfinite(weight.numpy()).all() for member in both for weight in member.model.weights)
    for mine, theirs in zip(values(plain.model), values(both[0].model), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_who_watches_hears_of_each_epoch_of_each_member():
    training, validation = split()
    heard = []
    outcome = fitted(
        SETTINGS, Classes(2), SHAPE, training, validation, members=2, tell=lambda *each: heard.append(each)
    )
    assert [each[:2] for each in heard] == [(member, epoch) for epoch in range(1, 7) for member in (1, 2)]
    assert [each[2] for each in heard[1::2]] == outcome.courses[1].losses
    assert [each[3] for each in heard[1::2]] == outcome.courses[1].errors


def test_a_budget_gives_fewer_epochs_whose_schedules_run_to_their_end(monkeypatch):
    training, validation = split()
    monkeypatch.setattr(module, "_seconds_of_epoch", lambda *_: 100.0)
    outcome = fitted(replace(SETTINGS, epochs=50), Classes(2), SHAPE, training, validation, members=2, budget_s=900)
    assert outcome.epochs == 4  # by hand: 900 s over 2 members of 100 s an epoch, less what building took
    assert [len(course.losses) for course in outcome.courses] == [4, 4]


def test_how_long_an_epoch_takes_is_found_by_some_of_the_rows(monkeypatch):
    tried, train = [], module.trained

    def noted(members, aim, training, validation, *rest):
        tried.append((len(training), len(validation), members[0].settings.rows_of_batch(len(training))))
        return train(members, aim, training, validation, *rest)

    monkeypatch.setattr(module, "trained", noted)
    training, validation = split(16_000)
    fitted(replace(SETTINGS, epochs=1), Classes(2), SHAPE, training, validation, budget_s=100)
    assert tried == [(32 * 32, 32 * 32, 32), (8000, 8000, 32)]  # 32 batches of 32, and as many of as many rows held out


def test_a_budget_that_is_used_up_ends_training_after_an_epoch(monkeypatch):
    training, validation = split()
    monkeypatch.setattr(module, "_seconds_of_epoch", lambda *_: 0.0001)
    started = time.perf_counter()
    slow = replace(SETTINGS, epochs=2000)
    outcome = fitted(slow, Classes(2), SHAPE, training, validation, members=2, budget_s=0.5)
    assert all(1 <= len(course.losses) < 2000 for course in outcome.courses)
    assert time.perf_counter() - started < 30  # it would take minutes; compiling takes a second


def test_numbers_are_learnt_and_come_back_in_their_units():
    x, _ = problem(300)
    y = (100 + 50 * x[:, :1] + 20 * x[:, 1:2]).astype(np.float64)
    settings = replace(RealMLP.for_numbers(), hidden=(16, 16), epochs=30, batch_size=32, dropout=0.0)
    aim = Numbers.of(y[:200], settings)
    rows = [Rows([part], aim.fed(own)) for part, own in ((x[:200], y[:200]), (x[200:], y[200:]))]
    outcome = fitted(settings, aim, replace(SHAPE, outputs=1), *rows, members=2)
    off = outcome.model.predict(x[200:]) - y[200:]
    assert np.sqrt(np.mean(off**2)) < 0.3 * y.std()
    np.testing.assert_allclose(outcome.residuals[0], np.sort(-off[:, 0]), atol=1e-4)  # float32 of some hundred units
    assert outcome.model.predict(x[:200] * 100).max() <= y[:200].max() * (1 + 1e-6)
