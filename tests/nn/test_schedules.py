"""Oracle: values recorded from Keras, and its formulas written down again in plain Python floats.

KERAS was recorded with keras 3.15.1 on torch 2.13.0: ``float(schedule(torch.tensor(t, dtype=torch.float64)))``; what
Keras has not, from `OneCycle` on: torch 2.13.0, ``torch.optim.lr_scheduler.OneCycleLR(SGD([w], 1.0),
cycle_momentum=False, ...)``, and optax 0.2.8 in float64, ``join_schedules([linear_schedule(0.01, 0.1, 50), after],
[50])``; pytabkit 1.7.2 for `LogCosine` and `FlatCosine`, ``s = scheduling.get_schedule("coslog4")`` and ``"flat_cos"``,
``s.t = min(t, 252) / 252; 0.1 * s.get_value()``. `ConstantSchedule` and `InverseSquareRootDecay` are their formulas.
"""

import json
import math
from dataclasses import dataclass

import numpy as np
import pytest

import feedforward as ff
from feedforward import execution
from feedforward.backends.interpreter import Interpreter
from feedforward.backends.llvm import Native
from feedforward.errors import ShapeError
from feedforward.nn.config import from_config, registered, to_config
from feedforward.nn.optimizers import OPTIMIZERS
from feedforward.nn.schedules import (
    SCHEDULES,
    ConstantSchedule,
    CosineDecay,
    CosineDecayRestarts,
    ExponentialDecay,
    FlatCosine,
    InverseSquareRootDecay,
    InverseTimeDecay,
    LearningRateSchedule,
    LogCosine,
    OneCycle,
    PiecewiseConstantDecay,
    PolynomialDecay,
    Warmup,
)

STEPS = (0, 1, 49, 50, 99, 100, 101, 150, 250, 251, 1000)
WARM = CosineDecay(0.01, 100, alpha=0.2, warmup_target=0.1, warmup_steps=50)
KERAS = [
    (
        ExponentialDecay(0.1, 100, 0.96),
        [
            0.1,
            0.09995918633652226,
            0.09801959509901309,
            0.09797958971132713,
            0.09603919711471713,
            0.096,
            0.09596081888306136,
            0.09406040612287403,
            0.09029798987795908,
            0.09026113596024311,
            0.06648326359915008,
        ],
    ),
    (
        ExponentialDecay(0.1, 100, 0.96, staircase=True),
        [0.1, 0.1, 0.1, 0.1, 0.1, 0.096, 0.096, 0.096, 0.09216, 0.09216, 0.06648326359915008],
    ),
    (
        InverseTimeDecay(0.1, 100, 0.5),
        [
            0.1,
            0.09950248756218907,
            0.08032128514056225,
            0.08,
            0.06688963210702341,
            0.06666666666666667,
            0.0664451827242525,
            0.05714285714285715,
            0.044444444444444446,
            0.04434589800443459,
            0.016666666666666666,
        ],
    ),
    (
        InverseTimeDecay(0.1, 100, 0.5, staircase=True),
        [
            0.1,
            0.1,
            0.1,
            0.1,
            0.1,
            0.06666666666666667,
            0.06666666666666667,
            0.06666666666666667,
            0.05,
            0.05,
            0.016666666666666666,
        ],
    ),
    (
        PolynomialDecay(0.1, 100),
        [0.1, 0.099001, 0.051049000000000004, 0.050050000000000004, 0.001099000000000001, *[0.0001] * 6],
    ),
    (
        PolynomialDecay(0.1, 100, 0.01, power=0.5),
        [0.1, 0.09954886933959581, 0.07427285585688564, 0.07363961030678928, 0.019000000000000003, *[0.01] * 6],
    ),
    (
        PolynomialDecay(0.1, 100, 0.01, power=2.0, cycle=True),
        [
            0.1,
            0.098209,
            0.033409,
            0.0325,
            0.010009,
            0.01,
            0.032052250000000004,
            0.015625,
            0.012499999999999999,
            0.012401,
            0.01,
        ],
    ),
    (
        CosineDecay(0.1, 100),
        [0.1, 0.09997532801828658, 0.05157053795390642, 0.05, 2.467198171342e-05, *[0.0] * 6],
    ),
    (
        CosineDecay(0.1, 100, alpha=0.2),
        [0.1, 0.09998026241462928, 0.06125643036312514, 0.06, 0.020019737585370737, *[0.02] * 6],
    ),
    (WARM, [0.01, 0.0118, 0.0982, 0.1, 0.06125643036312514, 0.06, 0.058743569636874875, *[0.02] * 4]),
    (
        PiecewiseConstantDecay([100, 250], [0.1, 0.05, 0.01]),
        [0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.01, 0.01],
    ),
    (
        CosineDecayRestarts(0.1, 50),
        [
            0.1,
            0.09990133642141358,
            9.866357858642206e-05,
            0.1,
            0.05157053795390642,
            0.05,
            0.04842946204609359,
            0.1,
            0.05,
            0.04921463413440899,
            0.07777851165098011,
        ],
    ),
    (
        CosineDecayRestarts(0.1, 50, t_mul=1.0, m_mul=0.8, alpha=0.1),
        [
            0.1,
            0.09991120277927223,
            0.01008879722072778,
            0.08200000000000002,
            0.010071037776582225,
            0.06760000000000002,
            0.06754316977873423,
            0.05608000000000001,
            0.039491200000000004,
            0.03946210292671193,
            0.011037629354146164,
        ],
    ),
    (
        CosineDecayRestarts(0.1, 7, t_mul=1.5, m_mul=0.9),
        [
            0.1,
            0.09504844339512096,
            0.018225000000000012,
            0.014200609378401167,
            0.05677280069537358,
            0.05605376955541516,
            0.05524210024916543,
            0.052721737080310485,
            0.04293360650310282,
            0.04254625519848615,
            0.016774400053434845,
        ],
    ),
    (
        OneCycle(0.1, 252),
        [
            *[
                0.0040000000000000036,
                0.004042556817942786,
                0.07470499873279993,
                0.07646529920544232,
                0.09535296911698239,
                0.09497090546095568,
                0.09457457847903737,
                0.061299760166282365,
                8.329200071528905e-06,
                4e-07,
            ],
            4e-7,
        ],
    ),
    (
        OneCycle(0.1, 252, rise=0.5, initial_divisor=4, final_divisor=10),
        [
            *[
                0.024999999999999994,
                0.025011842901876247,
                0.050019267080388,
                0.05091186271093947,
                0.09227463994929383,
                0.09283813728906053,
                0.09338247241106604,
                0.09083197777864802,
                0.002515152377460208,
                0.0025,
            ],
            0.0025,
        ],
    ),
    (
        Warmup(ExponentialDecay(0.1, 100, 0.5), 50, 0.01),
        [
            0.009999999999999995,
            0.011799999999999991,
            0.09820000000000001,
            0.1,
            0.07120250977985358,
            0.07071067811865477,
            0.07022224378689987,
            0.05,
            0.025,
            0.024827312385925903,
            0.0001381067932004976,
        ],
    ),
    (Warmup(0.1, 50), [0.0, 0.0020000000000000018, 0.098, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]),
    (
        LogCosine(0.1, 252),
        [
            0.0,
            0.006711722188151021,
            0.0009077686092266446,
            7.320079251474932e-05,
            0.03906153233870863,
            0.03529584098725239,
            0.03165033581522276,
            0.06886861716900039,
            0.00011453173377168335,
            2.8534296621202106e-05,
            0.0,
        ],
    ),
    (
        FlatCosine(0.1, 252),
        [0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.09131193871579975, 6.215393905388833e-05, 1.5540899959187725e-05, 0.0],
    ),
    (ConstantSchedule(0.1), [0.1] * 11),
    (InverseSquareRootDecay(0.1), [0.1 / math.sqrt(1 + t) for t in STEPS]),
    (
        InverseSquareRootDecay(0.1, 100, 0.5, staircase=True),
        [0.1 / math.sqrt(1 + 0.5 * (t // 100)) for t in STEPS],
    ),
]
ROUNDINGS = 16 * 2**-53
"""Some ten operations on numbers up to 1; ours or Keras' may round each another way."""


def formula(schedule, t):
    """Return the rate by the formula in Keras' documentation."""
    if isinstance(schedule, PiecewiseConstantDecay):
        return next(
            (v for b, v in zip(schedule.boundaries, schedule.values, strict=False) if t <= b), schedule.values[-1]
        )
    if isinstance(schedule, ConstantSchedule):
        return schedule.learning_rate
    if isinstance(schedule, Warmup):
        begin, n, after = schedule.initial_learning_rate, schedule.warmup_steps, schedule.schedule
        rate = after if isinstance(after, float) else formula(after, max(t - n, 0))
        return begin + (rate - begin) * min(t / n, 1)
    if isinstance(schedule, LogCosine):
        place = math.log2(1 + 15 * min(t / schedule.total_steps, 1))
        return schedule.learning_rate * (1 - math.cos(2 * math.pi * place)) / 2
    if isinstance(schedule, FlatCosine):
        part = min(max(2 * t / schedule.total_steps - 1, 0), 1)
        return schedule.learning_rate * (1 + math.cos(math.pi * part)) / 2
    if isinstance(schedule, OneCycle):
        top, peak, last = schedule.max_learning_rate, schedule.rise * schedule.total_steps - 1, schedule.total_steps - 1
        low = top / schedule.initial_divisor
        if t <= peak:
            return top + (low - top) * (1 + math.cos(math.pi * t / peak)) / 2
        end = low / schedule.final_divisor
        return end + (top - end) * (1 + math.cos(math.pi * min((t - peak) / (last - peak), 1))) / 2
    if isinstance(schedule, CosineDecayRestarts):
        start, length, share = 0, schedule.first_decay_steps, 1.0
        while t >= start + length:
            start, length, share = start + length, length * schedule.t_mul, share * schedule.m_mul
        cosine = share * (1 + math.cos(math.pi * (t - start) / length)) / 2
        return schedule.initial_learning_rate * ((1 - schedule.alpha) * cosine + schedule.alpha)
    r, n = schedule.initial_learning_rate, schedule.decay_steps
    if isinstance(schedule, InverseSquareRootDecay):
        return r / math.sqrt(1 + schedule.decay_rate * (t // n if schedule.staircase else t / n))
    if isinstance(schedule, ExponentialDecay | InverseTimeDecay):
        part = t // n if schedule.staircase else t / n
        if isinstance(schedule, ExponentialDecay):
            return r * schedule.decay_rate**part
        return r / (1 + schedule.decay_rate * part)
    if isinstance(schedule, PolynomialDecay):
        n, t = (n * max(1, math.ceil(t / n)), t) if schedule.cycle else (n, min(t, n))
        return (r - schedule.end_learning_rate) * (1 - t / n) ** schedule.power + schedule.end_learning_rate
    if t < schedule.warmup_steps:
        return r + (schedule.warmup_target - r) * t / schedule.warmup_steps
    part = min(t - schedule.warmup_steps, n) / n
    top = r if schedule.warmup_target is None else schedule.warmup_target
    return top * ((1 - schedule.alpha) * 0.5 * (1 + math.cos(math.pi * part)) + schedule.alpha)


def test_every_schedule_is_registered_and_has_an_oracle():
    kinds = {type(schedule) for schedule, _ in KERAS}
    missing = [f"no oracle for schedules.{name}" for name in SCHEDULES if SCHEDULES[name] not in kinds]
    assert not [each for each in missing if "test_" not in SCHEDULES[each.rpartition(".")[2]].__module__], missing


@pytest.mark.parametrize(("schedule", "expected"), KERAS, ids=lambda x: repr(x)[:70])
def test_rates_are_those_of_keras_and_of_the_formula(schedule, expected):
    got = [float(schedule(t)) for t in STEPS]
    np.testing.assert_allclose(got, expected, rtol=0, atol=ROUNDINGS)
    np.testing.assert_allclose(got, [formula(schedule, t) for t in STEPS], rtol=0, atol=ROUNDINGS)
    assert {schedule(t).dtype for t in (0, ff.Tensor(0), ff.Variable(np.int64(0)))} == {np.dtype("float64")}


@pytest.mark.parametrize(("schedule", "expected"), KERAS, ids=lambda x: repr(x)[:70])
@pytest.mark.parametrize("backend", [Native, Interpreter])
def test_a_training_takes_steps_of_these_sizes(schedule, expected, backend, monkeypatch):
    """With the loss w the gradient is 1, and each step is the rate, in float32."""
    rates = []

    class Note(ff.callbacks.Callback):
        def on_epoch_end(self, epoch, logs):
            rates.append(before[0] - float(model.weights[0]))
            before[0] = float(model.weights[0])

    monkeypatch.setattr(execution, "_backend", backend())
    model = ff.Sequential([ff.Input((1,)), ff.layers.Dense(1, use_bias=False, kernel_initializer="zeros")])
    model.compile(ff.optimizers.SGD(schedule), lambda y, p: p)
    before = [0.0]
    model.fit([[1.0]], [[0.0]], epochs=4, verbose=0, callbacks=[Note()])
    # Weights of up to 0.4 in float32, whose differences these are.
    np.testing.assert_allclose(rates, [formula(schedule, t) for t in range(4)], rtol=0, atol=4 * 2**-25)


def test_a_step_beyond_2_to_24_is_not_rounded():
    schedule, late = PiecewiseConstantDecay([2**24], [1.0, 0.0]), 2**24 + 1
    assert np.float32(late) == np.float32(2**24)
    assert [float(schedule(t)) for t in (2**24, late)] == [1.0, 0.0]
    assert float(PolynomialDecay(1.0, 2**25, 0.0)(late)) == 1 - late / 2**25


@pytest.mark.parametrize(("schedule", "expected"), KERAS, ids=lambda x: repr(x)[:70])
def test_many_steps_at_once_have_the_rates_of_each_and_their_shape(schedule, expected):
    rates = schedule(np.array([STEPS, STEPS]))
    assert rates.shape == (2, len(STEPS))
    np.testing.assert_array_equal(rates.numpy(), [[float(schedule(t)) for t in STEPS]] * 2)
    assert schedule(range(3)).shape == (3,) and schedule(np.zeros(0)).shape == (0,)


def test_a_decay_to_a_rate_above_zero_is_that_of_the_formula():
    """The schedule 0.0001 + 0.003 exp(-t / 2000), at 0, 2000 and far beyond."""
    schedule = ExponentialDecay(0.0031, 2000, math.exp(-1), end_learning_rate=0.0001)
    got = [float(schedule(t)) for t in (0, 2000, 10**6)]
    np.testing.assert_allclose(got, [0.0031, 0.0001 + 0.003 / math.e, 0.0001], rtol=0, atol=ROUNDINGS)


@pytest.mark.parametrize("q", [1.0, 1.1, 1.5, 2.0, 3.0])
def test_a_restart_is_in_the_first_step_of_its_period(q):
    """By hand: periods of 10, 10 q, 10 q^2 ... steps; the rate jumps to the full one where the next begins."""
    schedule = CosineDecayRestarts(1.0, 10, t_mul=q)
    starts = np.cumsum([0.0] + [10 * q**i for i in range(12)])
    # A sum that is no whole number may round to a hair before the start: a thousandth of a step later it has begun.
    assert (schedule(starts + 1e-3).numpy() > 0.999999).all()
    assert (schedule(starts[1:] - 1e-3).numpy() < 1e-6).all()
    if q in (1.0, 2.0, 3.0):
        assert (schedule(starts).numpy() == 1).all()


def test_a_warmup_of_your_own_schedule_asks_it_and_does_not_replay_it():
    asked = []

    class Mine(LearningRateSchedule):
        def __call__(self, step):
            asked.append(1)
            return 0.5 * (step + 1.0)

    w, optimizer = ff.Variable(8.0), ff.optimizers.SGD(Warmup(Mine(), 2))
    for expected in (8.0, 7.75, 7.25, 6.25):  # rates 0, 0.25, 0.5, 1
        optimizer.apply_gradients([(ff.Tensor(1.0), w)])
        assert float(w) == expected
    assert len(asked) == 4


def test_edges():
    assert float(ExponentialDecay(0.5, 10, 0.0)(0)) == 0.5
    assert float(ExponentialDecay(0.5, 10, 0.0)(10)) == 0.0
    assert float(PolynomialDecay(0.5, 10, 0.0, power=0.0)(10)) == 0.5  # 0^0 = 1
    assert float(CosineDecay(0.5, 10, warmup_target=0.25)(0)) == 0.25  # no steps to rise in
    assert float(CosineDecay(0.5, 10, alpha=2.0)(10)) == 1.0
    assert float(PolynomialDecay(0.1, 0.5, 0.0, cycle=True)(0)) == 0.1


# in an optimizer


def test_the_rate_of_a_step_is_that_of_the_steps_before():
    """By hand: rates 1, 1/2, 1/4 and gradients of 1: 8 - 1 - 1/2 - 1/4."""
    w, optimizer = ff.Variable(8.0), ff.optimizers.SGD(ExponentialDecay(1.0, 1, 0.5))
    for expected in (7.0, 6.5, 6.25):
        optimizer.apply_gradients([(ff.Tensor(1.0), w)])
        assert float(w) == expected
    assert [variable.name for variable in optimizer.variables] == ["iterations"]
    assert float(optimizer.learning_rate(optimizer.iterations)) == 0.125


def test_a_schedule_can_be_asked_before_the_first_step():
    optimizer = ff.optimizers.Adam(ExponentialDecay(0.5, 1, 0.5))
    assert float(optimizer.learning_rate(optimizer.iterations)) == 0.5


def test_a_rate_that_is_a_schedule_cannot_be_set_and_is_no_number():
    schedule = ExponentialDecay(1.0, 1, 0.5)
    optimizer = ff.optimizers.SGD(schedule)
    with pytest.raises(
        TypeError, match=r"SGD.learning_rate is ExponentialDecay\(.*\), a schedule, and cannot be set to 0"
    ):
        optimizer.learning_rate = 0.1
    no_number = r"is a schedule, not a number. Call it: optimizer.learning_rate\(optimizer.iterations\); to change the"
    with pytest.raises(TypeError, match=no_number):
        optimizer.learning_rate *= 0.5
    with pytest.raises(TypeError, match=no_number):
        optimizer.learning_rate /= 2
    with pytest.raises(TypeError, match=no_number):
        float(optimizer.learning_rate)
    assert optimizer.learning_rate is schedule


def test_a_schedule_cannot_take_the_place_of_a_number_after_the_first_step():
    optimizer = ff.optimizers.SGD(0.5)
    optimizer.learning_rate = ExponentialDecay(1.0, 1, 0.5)
    built = ff.optimizers.SGD(0.5)
    built.build([ff.Variable(1.0)])
    with pytest.raises(
        AttributeError, match=r"can be set to numbers after the first step. Got ExponentialDecay\(.*Make"
    ):
        built.learning_rate = ExponentialDecay(1.0, 1, 0.5)
    assert built.learning_rate == 0.5


@pytest.mark.parametrize(("schedule", "expected"), KERAS, ids=lambda x: repr(x)[:70])
def test_a_schedule_comes_back_from_json_by_itself_and_in_an_optimizer(schedule, expected):
    config = json.loads(json.dumps(to_config(schedule)))
    assert from_config(SCHEDULES, config) == schedule
    optimizer = from_config(OPTIMIZERS, json.loads(json.dumps(to_config(ff.optimizers.Adam(schedule)))))
    assert optimizer.learning_rate == schedule


def test_training_with_a_schedule_that_was_saved_goes_on_with_the_same_bits(tmp_path):
    x = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)

    def trained():
        ff.set_seed(1)
        model = ff.Sequential([ff.Input((3,)), ff.layers.Dense(2, name="dense")])
        model.compile(ff.optimizers.Adam(WARM, weight_decay=CosineDecay(0.1, 50)), "mean_squared_error")
        model.fit(x, x[:, :2], epochs=2, batch_size=4, verbose=0)
        return model

    whole, stopped = trained(), trained()
    stopped.save(tmp_path / "m.ff")
    resumed = ff.load(tmp_path / "m.ff")
    assert (resumed.optimizer.learning_rate, resumed.optimizer.weight_decay) == (WARM, CosineDecay(0.1, 50))
    for model in (whole, resumed):
        model.fit(x, x[:, :2], epochs=4, initial_epoch=2, batch_size=4, verbose=0)
    assert int(resumed.optimizer.iterations) == 20
    for one, other in zip(
        resumed.optimizer.variables + resumed.weights, whole.optimizer.variables + whole.weights, strict=True
    ):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


def test_one_of_your_own_is_used_and_when_registered_kept(tmp_path):
    class Halves(LearningRateSchedule):
        def __call__(self, step):
            return 1.0 / (step + 1)

    w, optimizer = ff.Variable(8.0), ff.optimizers.SGD(Halves())
    for _ in range(2):
        optimizer.apply_gradients([(ff.Tensor(1.0), w)])
    assert float(w) == 6.5  # 8 - 1 - 1/2
    model = ff.Sequential([ff.Input((1,)), ff.layers.Dense(1)])
    model.compile(ff.optimizers.SGD(Halves()), "mean_squared_error")
    with pytest.warns(UserWarning, match=r"save: the file lacks the optimizer SGD\(learning_rate=.*Halves\(\)"):
        model.save(tmp_path / "m.ff")

    @registered(SCHEDULES)
    @dataclass(frozen=True)
    class TestedOwn(LearningRateSchedule):
        rate: float = 0.5

        def __call__(self, step):
            return self.rate

    model.compile(ff.optimizers.SGD(TestedOwn(0.25)), "mean_squared_error")
    model.save(tmp_path / "m.ff")
    assert ff.load(tmp_path / "m.ff").optimizer.learning_rate == TestedOwn(0.25)


def test_a_schedule_of_several_numbers_is_refused():
    class Pair(LearningRateSchedule):
        def __call__(self, step):
            return ff.stack([step, step])

    with pytest.raises(ShapeError, match=r"Pair\(\): its value has shape \(2,\). Return one number."):
        ff.optimizers.SGD(Pair()).apply_gradients([(ff.Tensor(1.0), ff.Variable(1.0))])


def test_the_base_class_says_what_to_define():
    with pytest.raises(NotImplementedError, match=r"LearningRateSchedule has no __call__\(\). Define"):
        LearningRateSchedule()(0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: ExponentialDecay(-0.1, 1, 0.5),
            "ExponentialDecay(initial_learning_rate=-0.1): initial_learning_rate must",
        ),
        (lambda: ExponentialDecay(0.1, 0, 0.5), "decay_steps must be a number > 0. Got 0."),
        (lambda: ExponentialDecay(0.1, 1, math.nan), "decay_rate must be a number >= 0. Got nan."),
        (
            lambda: ExponentialDecay(0.1, 1, 0.5, 1),
            "ExponentialDecay(staircase=1): staircase must be True or False. Got 1.",
        ),
        (lambda: ExponentialDecay(0.1, 1), "decay_rate"),
        (lambda: InverseTimeDecay("0.1", 1, 1), "initial_learning_rate must be a number >= 0. Got '0.1'."),
        (lambda: PolynomialDecay(0.1, 10, power=-1), "PolynomialDecay(power=-1): power must be a number >= 0. Got -1."),
        (lambda: PolynomialDecay(0.1, None), "decay_steps must be a number > 0. Got None."),
        (lambda: CosineDecay(0.1, 10, name="x"), "CosineDecay(name='x'): there is no argument 'name'."),
        (lambda: CosineDecay(0.1, 10, warmup_steps=5), "there is nothing to rise to. Give warmup_target."),
        (lambda: CosineDecay(0.1, 10, warmup_target=True), "warmup_target must be a number >= 0. Got True."),
        (
            lambda: ConstantSchedule(-1),
            "ConstantSchedule(learning_rate=-1): learning_rate must be a number >= 0. Got -1.",
        ),
        (lambda: InverseSquareRootDecay(0.1, 0), "decay_steps must be a number > 0. Got 0."),
        (lambda: CosineDecayRestarts(0.1, 10, t_mul=0.5), "t_mul must be a number >= 1. Got 0.5."),
        (lambda: OneCycle(0.1, 1), "OneCycle(total_steps=1): total_steps must be a number > 1. Got 1."),
        (lambda: OneCycle(0.1, 10, rise=1), "rise must be a number above 0 up to, but not, 1. Got 1."),
        (lambda: OneCycle(0.1, 10, rise=0.1), "the rise takes 1 steps. Make it more than 1."),
        (lambda: LogCosine(0.1, 0), "LogCosine(total_steps=0): total_steps must be a number > 0. Got 0."),
        (lambda: LogCosine(0.1, 10, waves=1.5), "LogCosine(waves=1.5): waves must be an int >= 1. Got 1.5."),
        (lambda: FlatCosine(-1, 10), "FlatCosine(learning_rate=-1): learning_rate must be a number >= 0. Got -1."),
        (lambda: FlatCosine(0.1, 10, flat=1), "flat must be a number from 0 up to, but not, 1. Got 1."),
        (lambda: Warmup(0.1), "warmup_steps"),
        (lambda: Warmup(0.1, 0), "Warmup(warmup_steps=0): warmup_steps must be a number > 0. Got 0."),
        (
            lambda: Warmup(-0.1, 10),
            "Warmup(schedule=-0.1): expected a number >= 0 or another schedule than Warmup. Give",
        ),
        (lambda: Warmup("0.1", 10), "Warmup(schedule='0.1'): expected a number"),
        (lambda: Warmup(Warmup(0.1, 5), 10), "expected a number >= 0 or another schedule than Warmup."),
        (lambda: Warmup({"class": "warmup"}, 10), "expected a number >= 0 or another schedule than Warmup."),
        (lambda: Warmup({"class": "os"}, 10), "unknown schedule 'os'."),
        (lambda: PiecewiseConstantDecay(5, [1.0, 2.0]), "boundaries must be a list of numbers. Got 5."),
        (lambda: PiecewiseConstantDecay([], [1.0]), "boundaries must be a list of numbers. Got []."),
        (lambda: PiecewiseConstantDecay([1], [1.0]), "1 boundaries and 1 values. Give one value more than boundaries."),
        (
            lambda: PiecewiseConstantDecay([2, 2], [1, 2, 3]),
            "(boundaries=(2, 2)): they do not rise. Sort them, each once.",
        ),
        (
            lambda: PiecewiseConstantDecay([1], [1.0, -1.0]),
            "PiecewiseConstantDecay(values=-1.0): values must be a number >=",
        ),
    ],
)
def test_a_wrong_setting_is_refused_with_what_was_expected(make, message):
    with pytest.raises((TypeError, ValueError)) as caught:
        make()
    assert message in str(caught.value)


def test_numbers_of_numpy_are_kept_as_pythons():
    schedule = PiecewiseConstantDecay([np.int64(3)], [np.float32(0.5), np.float64(0.25)])
    assert json.dumps(to_config(schedule)) == (
        '{"class": "piecewise_constant_decay", "boundaries": [3], "values": [0.5, 0.25]}'
    )
    assert json.dumps(to_config(ExponentialDecay(np.float32(0.5), np.int64(3), 0.5))["decay_steps"]) == "3"
