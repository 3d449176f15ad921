"""Oracles: the cited papers' formulas in float64 NumPy, values recorded from Keras and PyTorch, and steps by hand.

KERAS was recorded with keras 3.15.1 on TensorFlow 2.21.0 in float32: ``v = keras.Variable([1, -2, .5])``, then
``optimizer.apply([tf.constant(g)], [v])`` for each row g of GRADIENTS, then ``v.numpy()``. TORCH with torch 2.13.0 in
float64: ``torch.optim.SGD([v], 0.1, momentum=0.9, nesterov=...)`` and ``step()`` for each row as ``v.grad``. All from
Adagrad on: keras 3.15.1 on torch 2.13.0 in float64. What the base class does is in ``test_optimizer.py``; fifty steps
on a network beside three peers are in ``test_optimizer_peers.py``.
"""

import math

import numpy as np
import pytest

import feedforward as ff
from feedforward import execution
from feedforward.backends.interpreter import Interpreter
from feedforward.compiler.lift import lift
from feedforward.errors import DtypeError, ShapeError
from feedforward.nn.config import from_config, resolve, to_config
from feedforward.nn.optimizers import (
    OPTIMIZERS,
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    Ftrl,
    Nadam,
    Optimizer,
    RMSprop,
)
from feedforward.ops import placeholder
from feedforward.tape import GradientTape
from feedforward.tensor import Tensor, Variable, eager, flush, symbolic
from feedforward.tracing import trace

START = np.array([1, -2, 0.5])
GRADIENTS = np.float32([[0.1, -2, 3e-4], [0.5, -1, 0], [-0.3, 4, -2e-4], [0.2, 0.1, 1e-4], [1, -1, 5e-4]])

KERAS = [
    (SGD(0.1), [0.8500000238418579, -2.009999990463257, 0.4999299645423889]),
    (SGD(0.1, momentum=0.9), [0.730398952960968, -1.8400800228118896, 0.49986234307289124]),
    (SGD(0.1, momentum=0.9, nesterov=True), [0.6073590517044067, -1.8660720586776733, 0.49980610609054565]),
    (RMSprop(0.1), [0.1524430215358734, -1.7496343851089478, 0.30303093791007996]),
    (
        RMSprop(0.1, rho=0.8, momentum=0.5, epsilon=1e-3),
        [0.12313827872276306, -1.6657086610794067, 0.49721330404281616],
    ),
    (RMSprop(0.1, centered=True), [0.08816543221473694, -1.7196592092514038, 0.30062201619148254]),
    (RMSprop(0.1, momentum=0.5, centered=True), [-0.4467087984085083, -1.4817999601364136, 0.24503786861896515]),
    (Adam(0.1), [0.6876857876777649, -1.8489493131637573, 0.25146234035491943]),
    (Adam(0.1, amsgrad=True), [0.6876857876777649, -1.8489446640014648, 0.2514951527118683]),
    (Adam(0.1, beta_1=0.8, beta_2=0.99, epsilon=1e-3), [0.6966238617897034, -1.8675016164779663, 0.49114400148391724]),
    (Adagrad(0.1), [0.8207422982069065, -1.9249358819267548, 0.4997786409936908]),
    (
        Adagrad(0.1, initial_accumulator_value=0.0, epsilon=1e-3),
        [0.7406476243077706, -1.923447551495789, 0.4977867374575788],
    ),
    (Nadam(0.1), [0.6919438750544854, -1.9130757138742134, 0.3092463470801131]),
    (Nadam(0.1, beta_1=0.8, beta_2=0.99, epsilon=1e-3), [0.657447490341021, -1.912575964182024, 0.4518055618018495]),
    (AdamW(0.1), [0.6859832110987093, -1.845199197445726, 0.2507134350717761]),
    (
        AdamW(0.1, weight_decay=0.3, amsgrad=True),
        [0.5680211882512033, -1.58425800710572, 0.19908683979645656],
    ),
    (Adamax(0.1), [0.7636762546070561, -1.8520822136023205, 0.3033458045059299]),
    (
        Adamax(0.1, beta_1=0.8, beta_2=0.5, epsilon=1e-3),
        [0.7209337752400031, -1.8122901490590506, 0.45131869198809976],
    ),
    (Adadelta(0.1), [0.9994272774510632, -1.9999018994837385, 0.4999331731069782]),
    (Adadelta(1.0, rho=0.8, epsilon=1e-2), [0.42593025786488453, -1.8303586102143252, 0.49930000133067004]),
    (Ftrl(0.1), [-0.13272031572171283, -1.6125883566742816, -0.00022113411711889764]),
    (
        Ftrl(
            0.1,
            learning_rate_power=-0.3,
            initial_accumulator_value=0.2,
            l1_regularization_strength=0.05,
            l2_regularization_strength=0.1,
            l2_shrinkage_regularization_strength=0.2,
            beta=0.5,
        ),
        [-0.11612283884420829, -0.7685846069117362, -0.011490447388087648],
    ),
]
NAMES = {
    "sgd": SGD,
    "rmsprop": RMSprop,
    "adam": Adam,
    "adamw": AdamW,
    "adamax": Adamax,
    "adadelta": Adadelta,
    "adagrad": Adagrad,
    "ftrl": Ftrl,
    "nadam": Nadam,
}


def fresh(optimizer):
    """Return an optimizer with the same settings and no state."""
    return from_config(OPTIMIZERS, to_config(optimizer))


EVERY = [row[0] for row in KERAS] + [SGD(0.1, momentum=1), Adam(0.1, beta_1=0.0), Adam(0.1, beta_2=0.0), Adam(0.0)]
EVERY += [Nadam(0.1, beta_1=0.0), Nadam(0.1, beta_2=0.0), Adamax(0.1, beta_1=0.0), Adamax(0.1, beta_2=0.0)]
EVERY += [Ftrl(0.1, learning_rate_power=0)]


def reference(o, w, gradients):
    """Return the weights after each step, by the papers' formulas as Keras writes them, in float64."""
    w, m, v, a, top = (np.array(x, np.float64) for x in (w, 0 * w, 0 * w, 0 * w, 0 * w))
    r, path = o.learning_rate, []
    for t, g in enumerate(np.asarray(gradients, np.float64), 1):
        if isinstance(o, SGD):
            m = o.momentum * m - r * g
            w = w + (o.momentum * m - r * g if o.nesterov and o.momentum else m)
        elif isinstance(o, RMSprop):
            v = o.rho * v + (1 - o.rho) * g**2
            a = o.rho * a + (1 - o.rho) * g
            m = o.momentum * m + r * g / np.sqrt(v - (a**2 if o.centered else 0) + o.epsilon)
            w = w - m
        elif isinstance(o, Adagrad):
            a = g**2 + (a if t > 1 else o.initial_accumulator_value)
            w = w - r * g / np.sqrt(a + o.epsilon)
        elif isinstance(o, Nadam):
            m = o.beta_1 * m + (1 - o.beta_1) * g
            v = o.beta_2 * v + (1 - o.beta_2) * g**2
            u = [o.beta_1 * (1 - 0.96**k / 2) for k in range(1, t + 2)]
            mean = u[t] * m / (1 - math.prod(u)) + (1 - u[t - 1]) * g / (1 - math.prod(u[:t]))
            w = w - r * mean / (np.sqrt(v / (1 - o.beta_2**t)) + o.epsilon)
        elif isinstance(o, Adamax):
            m = o.beta_1 * m + (1 - o.beta_1) * g
            v = np.maximum(o.beta_2 * v, abs(g))
            w = w - r / (1 - o.beta_1**t) * m / (v + o.epsilon)
        elif isinstance(o, Adadelta):
            v = o.rho * v + (1 - o.rho) * g**2
            d = np.sqrt(a + o.epsilon) / np.sqrt(v + o.epsilon) * g
            a = o.rho * a + (1 - o.rho) * d**2
            w = w - r * d
        elif isinstance(o, Ftrl):
            before = v if t > 1 else v + o.initial_accumulator_value
            v = before + g**2
            sigma = (v**-o.learning_rate_power - before**-o.learning_rate_power) / r
            m = m + g + 2 * o.l2_shrinkage_regularization_strength * w - sigma * w
            l1, quadratic = o.l1_regularization_strength, (o.beta + v**-o.learning_rate_power) / r
            quadratic = quadratic + 2 * o.l2_regularization_strength
            w = np.where(abs(m) > l1, (np.sign(m) * l1 - m) / quadratic, 0)
        else:
            w = w * (1 - r * (o.weight_decay or 0))
            m = o.beta_1 * m + (1 - o.beta_1) * g
            v = o.beta_2 * v + (1 - o.beta_2) * g**2
            top = np.maximum(top, v)
            size = r * math.sqrt(1 - o.beta_2**t) / (1 - o.beta_1**t)
            w = w - size * m / (np.sqrt(top if o.amsgrad else v) + o.epsilon)
        path.append(w)
    return np.array(path)


def walk(optimizer, start, gradients):
    """Return the weights after each step of ours."""
    w = Variable(start)
    path = []
    for g in gradients:
        optimizer.apply_gradients([(Tensor(g), w)])
        path.append(w.numpy())
    return np.array(path)


ELSEWHERE = {
    "svrg": ff.optimizers.SVRG,
    "full_matrix_adagrad": ff.optimizers.FullMatrixAdagrad,
    "dual_averaging": ff.optimizers.DualAveraging,
    "learned": ff.optimizers.Learned,
}
"""Those that Keras has not, by their names: their oracles are in ``test_svrg.py``, ``test_online.py`` and
``test_learned_optimizer.py``."""


def test_every_optimizer_is_registered_under_its_snake_case_name_and_has_an_oracle():
    known = {*(type(optimizer) for optimizer, _ in KERAS), *ELSEWHERE.values()}
    missing = [f"no oracle for optimizers.{name}" for name in OPTIMIZERS if OPTIMIZERS[name] not in known]
    assert not missing, missing
    assert {name: OPTIMIZERS[name] for name in OPTIMIZERS} == NAMES | ELSEWHERE
    assert known == {*NAMES.values(), *ELSEWHERE.values()}


@pytest.mark.parametrize("optimizer", EVERY, ids=repr)
def test_five_steps_are_those_of_the_formula(optimizer):
    expected = reference(optimizer, START, GRADIENTS)
    got = walk(fresh(optimizer), START, GRADIENTS.astype(np.float64))
    # Some twenty roundings a step; v - a^2 of RMSprop cancels a digit.
    np.testing.assert_allclose(got, expected, rtol=0, atol=500 * 2**-53)
    single = walk(fresh(optimizer), START.astype(np.float32), GRADIENTS)
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, expected, rtol=0, atol=500 * 2**-24)


@pytest.mark.parametrize(("optimizer", "expected"), KERAS, ids=lambda x: repr(x)[:70])
def test_weights_after_five_steps_are_those_of_keras(optimizer, expected):
    # Keras computes 1 - 0.999**t in float32: 6e-6 of a step of up to 0.1 at first.
    np.testing.assert_allclose(walk(fresh(optimizer), np.float32(START), GRADIENTS)[-1], expected, atol=3e-6)


@pytest.mark.parametrize(
    ("nesterov", "expected"),
    [
        (False, [0.7303990020541101, -1.8400800002831221, 0.4998623469909007]),
        (True, [0.6073591025937571, -1.8660720004038216, 0.49980611228775823]),
    ],
)
def test_momentum_is_that_of_torch(nesterov, expected):
    got = walk(SGD(0.1, momentum=0.9, nesterov=nesterov), START, GRADIENTS.astype(np.float64))[-1]
    np.testing.assert_allclose(got, expected, atol=50 * 2**-53)


def test_one_step_by_hand():
    # SGD: 1 - 0.1 * 2 = 0.8. Adam's first step is r g / (|g| + e sqrt(1 / (1 - b2))), all but r: 1 - 0.1 = 0.9.
    assert walk(SGD(0.1), np.array([1.0]), [np.array([2.0])])[0] == 0.8
    assert walk(Adam(0.1, epsilon=1e-12), np.array([1.0]), [np.array([2.0])])[0] == pytest.approx(0.9, abs=1e-11)
    # RMSprop: v = 0.1 * 4; 1 - 0.1 * 2 / sqrt(0.4) = 0.683772234.
    step = walk(RMSprop(0.1, epsilon=1e-12), np.array([1.0]), [np.array([2.0])])[0]
    assert step == pytest.approx(0.683772233983, abs=1e-11)


def test_the_first_steps_of_adam_keep_their_digits_in_float32():
    # With g constant m / sqrt(v) is sqrt-free of rounding: each step is r. 1 - 0.999**t in float32 would miss by 6e-6.
    path = walk(Adam(1.0, epsilon=1e-30), np.float32([0]), [np.float32([1])] * 3)
    np.testing.assert_allclose(path[:, 0], [-1, -2, -3], rtol=16 * 2**-24)


def test_centered_rmsprop_of_a_constant_gradient_stays_finite():
    # v - a^2 tends to 0 and in float32 rounds to -0.05: sqrt(v - a^2 + e) would be NaN.
    optimizer, w, g = RMSprop(0.001, rho=0.99, centered=True), Variable(np.float32([0.0])), np.float32([333.3])
    v = a = np.float32([0.0])
    while (v - a * a)[0] > -0.04:
        v = v * np.float32(0.99) + g * g * np.float32(0.01)
        a = a * np.float32(0.99) + g * np.float32(0.01)
    optimizer.build([w])
    state = {variable.name: variable for variable in optimizer.variables}
    state["velocity/variable"].assign(v)
    state["average_gradient/variable"].assign(a)
    optimizer.apply_gradients([(Tensor(g), w)])
    assert np.isfinite(w.numpy()).all()


def test_a_gradient_of_zero_does_not_move_a_weight():
    for optimizer in EVERY:
        if not isinstance(optimizer, AdamW | Ftrl):  # the one decays weights, the other forgets what they began with
            assert (walk(fresh(optimizer), START, np.zeros((3, 3))) == START).all()
    assert (walk(Ftrl(), START, np.zeros((3, 3))) == 0).all()


def test_a_step_of_size_zero_changes_nothing():
    assert (walk(Adam(0.0), START, GRADIENTS.astype(np.float64)) == START).all()


# state


def two_parameters(dtype=np.float32):
    return [Variable(START.astype(dtype), name="kernel"), Variable(np.ones((2, 2), dtype), name="bias")]


@pytest.mark.parametrize(
    ("optimizer", "slots"),
    [
        (SGD(), []),
        (SGD(momentum=0.9), ["momentum"]),
        (RMSprop(), ["velocity"]),
        (RMSprop(momentum=0.9, centered=True), ["velocity", "momentum", "average_gradient"]),
        (Adam(), ["momentum", "velocity"]),
        (Adam(amsgrad=True), ["momentum", "velocity", "velocity_hat"]),
        (Adagrad(initial_accumulator_value=0.0), ["accumulator"]),
    ],
    ids=lambda x: repr(x)[:60],
)
def test_state_stands_in_a_fixed_order_and_has_the_parameters_shape(optimizer, slots):
    parameters = two_parameters()
    assert optimizer.variables == []
    optimizer.build(parameters)
    names = [f"{slot}/{parameter.name}" for parameter in parameters for slot in slots]
    assert [variable.name for variable in optimizer.variables] == ["iterations", "learning_rate", *names]
    assert not any(variable.trainable for variable in optimizer.variables)
    iterations, rate, *state = optimizer.variables
    assert (iterations.dtype, iterations.shape, int(iterations)) == (np.int64, (), 0)
    assert (rate.dtype, rate.shape, float(rate)) == (np.float32, (), np.float32(optimizer.learning_rate))
    shapes = [parameter.shape for parameter in parameters for _ in slots]
    assert [variable.shape for variable in state] == shapes
    assert all((variable.numpy() == 0).all() for variable in state)


def test_state_begins_as_it_is_declared():
    kernel, bias = two_parameters(np.float64)
    adagrad = Adagrad(initial_accumulator_value=0.25)
    adagrad.build([kernel, bias])
    sums = adagrad.variables[2:]
    assert [(each.name, each.dtype, each.shape) for each in sums] == [
        ("accumulator/kernel", np.float64, (3,)),
        ("accumulator/bias", np.float64, (2, 2)),
    ]
    assert all((each.numpy() == 0.25).all() for each in sums)
    nadam = Nadam()
    nadam.build([kernel])
    state = {each.name: each for each in nadam.variables[2:]}
    assert [*state] == ["momentum/kernel", "velocity/kernel", "step/kernel", "product/kernel"]
    assert (state["step/kernel"].dtype, state["step/kernel"].shape, int(state["step/kernel"])) == (np.int64, (), 0)
    assert (state["product/kernel"].dtype, float(state["product/kernel"])) == (np.float64, 1.0)


def test_a_parameter_of_nadam_counts_its_own_steps():
    nadam, (kernel, bias) = Nadam(0.1), two_parameters(np.float64)
    nadam.build([kernel, bias])
    for place, g in enumerate(GRADIENTS.astype(np.float64)):
        nadam.apply_gradients([(Tensor(g), kernel), (Tensor(np.ones((2, 2))) if place < 2 else None, bias)])
    np.testing.assert_allclose(kernel.numpy(), reference(Nadam(0.1), START, GRADIENTS)[-1], atol=500 * 2**-53)
    assert [int(each) for each in nadam.variables if each.name.startswith("step")] == [5, 2]


def test_building_twice_keeps_the_state_and_other_variables_are_refused():
    optimizer, parameters = Adam(), two_parameters()
    optimizer.build(parameters)
    before = optimizer.variables
    optimizer.build(parameters)
    assert all(a is b for a, b in zip(before, optimizer.variables, strict=True))
    other = Variable(1.0, name="other")
    message = r"Adam was built for other variables than other\. Make a new optimizer for another model\."
    with pytest.raises(ValueError, match=message):
        optimizer.build([parameters[0], other])
    with pytest.raises(ValueError, match=message):
        optimizer.apply_gradients([(Tensor(1.0), other)])
    assert float(other) == 1


def test_iterations_count_the_steps():
    optimizer, w = SGD(), Variable(1.0)
    for _ in range(3):
        optimizer.apply_gradients([(Tensor(1.0), w)])
    assert int(optimizer.variables[0]) == 3


def test_float64_parameters_get_float64_state_and_steps():
    optimizer = Adam(learning_rate=0.1)
    optimizer.build(two_parameters(np.float64))
    assert {variable.dtype for variable in optimizer.variables[1:]} == {np.dtype("float64")}
    assert float(optimizer.variables[1]) == 0.1


def test_parameters_of_two_dtypes_keep_each_their_own():
    narrow, wide = Variable(START.astype(np.float32), name="narrow"), Variable(START, name="wide")
    optimizer = Adam(0.1)
    for g in GRADIENTS:
        optimizer.apply_gradients([(Tensor(g), narrow), (Tensor(g.astype(np.float64)), wide)])
    expected = reference(Adam(0.1), START, GRADIENTS)[-1]
    assert (narrow.dtype, wide.dtype) == (np.float32, np.float64)
    np.testing.assert_allclose(wide.numpy(), expected, atol=500 * 2**-53)
    np.testing.assert_allclose(narrow.numpy(), expected, atol=500 * 2**-24)


def test_a_gradient_is_cast_to_its_variable():
    w = Variable(np.float64([1.0]))
    SGD(0.5).apply_gradients([(Tensor(np.float32([2.0])), w)])
    assert w.tolist() == [0]


def test_saved_and_restored_state_goes_on_with_the_same_bits():
    whole = walk(Adam(0.1, amsgrad=True), np.float32(START), GRADIENTS)[-1]
    first, w = Adam(0.1, amsgrad=True), Variable(np.float32(START))
    for g in GRADIENTS[:2]:
        first.apply_gradients([(Tensor(g), w)])
    second, again = Adam(0.1, amsgrad=True), Variable(w.numpy())
    second.build([again])
    for mine, theirs in zip(second.variables, first.variables, strict=True):
        mine.assign(theirs.numpy())
    for g in GRADIENTS[2:]:
        second.apply_gradients([(Tensor(g), again)])
    np.testing.assert_array_equal(again.numpy(), whole)


# eager, lazy and traced


def network_loss(w, b, x):
    return ((x @ w + b) * (x @ w + b)).mean() + (w * w).sum() * 0.1


@pytest.mark.parametrize("optimizer", EVERY, ids=repr)
def test_lazy_eager_and_traced_steps_give_the_same_bits(optimizer, run, monkeypatch):
    monkeypatch.setattr(execution, "_backend", Interpreter())  # what eager() and run() use
    random = np.random.default_rng(6)
    kernel, bias = random.normal(size=(4, 3)).astype(np.float32), np.zeros(3, np.float32)
    batches = random.normal(size=(5, 8, 4)).astype(np.float32)

    def make():
        made, w, b = fresh(optimizer), Variable(kernel, name="w"), Variable(bias, name="b")

        def step(x):
            with GradientTape() as tape:
                loss = network_loss(w, b, x)
            made.apply_gradients(zip(tape.gradient(loss, [w, b]), [w, b], strict=True))
            return [loss]

        return made, [w, b], step

    lazy, parameters, step = make()
    losses = [step(Tensor(x))[0] for x in batches]
    expected = [losses[-1].numpy(), *(x.numpy() for x in [*parameters, *lazy.variables])]
    assert int(lazy.variables[0]) == 5

    now, parameters, step = make()
    with eager():
        for x in batches:
            loss = step(Tensor(x))[0]
        got = [loss.numpy(), *(x.numpy() for x in [*parameters, *now.variables])]
    for mine, theirs in zip(got, expected, strict=True):
        np.testing.assert_array_equal(mine, theirs)

    traced_optimizer, parameters, step = make()
    traced_optimizer.build(parameters)
    traced = trace(step, [symbolic(placeholder((8, 4), "float32", "x"))])
    program = traced.program
    values = {variable: variable.numpy() for variable in traced.variables}
    for x in batches:
        feeds = {program.inputs[0]: x} | dict(zip(program.variables, values.values(), strict=True))
        updates = [node for _, node in program.updates]
        loss, *new = run([*program.outputs, *updates], feeds)
        owners = dict(zip(program.variables, traced.variables, strict=True))
        values |= {owners[leaf]: value for (leaf, _), value in zip(program.updates, new, strict=True)}
    final = [values.get(x, x.numpy()) for x in [*parameters, *traced_optimizer.variables]]
    for mine, theirs in zip([loss, *final], expected, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_a_step_is_carried_out_at_once_and_each_variable_is_assigned_once(monkeypatch):
    optimizer, parameters = Adam(amsgrad=True), two_parameters()
    optimizer.build(parameters)
    flush()
    assigned, runs = [], []
    assign = Variable.assign
    monkeypatch.setattr(Variable, "assign", lambda self, value: assigned.append(self.name) or assign(self, value))
    monkeypatch.setattr("feedforward.tensor.values", lambda ends, is_eager: runs.append(ends))
    optimizer.apply_gradients([(Tensor(np.ones(p.shape, np.float32)), p) for p in parameters])
    monkeypatch.undo()
    expected = [name for name in [*(v.name for v in optimizer.variables), "kernel", "bias"] if name != "learning_rate"]
    assert sorted(assigned) == sorted(expected)
    assert runs == []


def test_tracing_leaves_the_values_as_they_are():
    optimizer, w = Adam(0.1), Variable(np.float32(START))
    optimizer.build([w])
    optimizer.learning_rate = 0.5
    trace(lambda g: optimizer.apply_gradients([(g, w)]) or [], [symbolic(placeholder((3,), "float32", "g"))])
    assert w.numpy().tolist() == START.tolist()
    assert [float(optimizer.variables[place]) for place in (0, 1)] == [0, 0.5]


OTHER = [
    (SGD(0.1, momentum=0.9), SGD(0.2, momentum=0.8)),
    (SGD(0.1, use_ema=True, ema_momentum=0.9), SGD(0.1, use_ema=True, ema_momentum=0.8)),
    (RMSprop(0.1, rho=0.9, momentum=0.3), RMSprop(0.2, rho=0.8, momentum=0.4, epsilon=1e-3)),
    (Adam(0.1, clipnorm=0.3), Adam(0.2, 0.8, 0.99, 1e-3, clipnorm=0.7)),
    (AdamW(0.1), AdamW(0.2, 0.1, 0.8, 0.99, 1e-3)),
    (Adamax(0.1), Adamax(0.2, 0.8, 0.99, 1e-3)),
    (Nadam(0.1), Nadam(0.2, 0.8, 0.99, 1e-3)),
    (Adagrad(0.1), Adagrad(0.2, 0.3, 1e-3)),
    (Adadelta(0.1), Adadelta(0.2, 0.8, 1e-3)),
    (ff.optimizers.FullMatrixAdagrad(0.1), ff.optimizers.FullMatrixAdagrad(0.2, 0.3)),
    (ff.optimizers.DualAveraging(0.1, 0.3), ff.optimizers.DualAveraging(0.2, 0.4)),
    (Ftrl(0.1, -0.4, 0.2, 0.3, 0.4, 0.6, 0.7), Ftrl(0.2, -0.3, 0.1, 0.4, 0.6, 0.7, 0.8)),
    (
        ff.optimizers.Learned(ff.learned.RNNprop(4, scale=0.1, decay=0.95)),
        ff.optimizers.Learned(ff.learned.RNNprop(4, scale=0.2, decay=0.9), learning_rate=0.3),
    ),
    (
        ff.optimizers.Learned(ff.learned.CoordinatewiseLSTM(4, scale=0.1, span=10.0)),
        ff.optimizers.Learned(ff.learned.CoordinatewiseLSTM(4, scale=0.2, span=5.0)),
    ),
]


def structure(optimizer):
    """Return what the code of a step is known by."""
    w = Variable(np.float32(START))
    optimizer.build([w])
    traced = trace(lambda g: optimizer.apply_gradients([(g, w)]) or [], [symbolic(placeholder((3,), "float32", "g"))])
    return lift(traced.program).key


def test_other_settings_make_no_other_code():
    for one, other in OTHER:
        assert structure(fresh(one)) == structure(fresh(other)), one
    assert {type(one) for one, _ in OTHER} == {*NAMES.values(), *ELSEWHERE.values()} - {ff.optimizers.SVRG}
    assert structure(SGD(0.1)) != structure(SGD(0.1, momentum=0.9))


# wrong use


def test_a_variable_without_a_gradient_stays_as_it_is():
    optimizer, (kernel, bias) = Adam(0.1), two_parameters()
    optimizer.apply_gradients([(None, kernel), (Tensor(np.ones((2, 2), np.float32)), bias)])
    assert kernel.tolist() == START.tolist()
    assert (bias.numpy() != 1).all()
    assert [v.name for v in optimizer.variables if v.name.endswith("kernel")] == ["momentum/kernel", "velocity/kernel"]


def test_no_gradient_at_all_is_refused():
    optimizer, (kernel, bias) = SGD(), two_parameters()
    with pytest.raises(
        ValueError, match=r"no gradients for any variable: kernel, bias\. Compute the loss from the var"
    ):
        optimizer.apply_gradients([(None, kernel), (None, bias)])
    with pytest.raises(ValueError, match=r"no gradients for any variable: none given\."):
        optimizer.apply_gradients([])


def test_a_variable_that_comes_twice_is_refused():
    kernel = two_parameters()[0]
    g = Tensor(np.ones(3, np.float32))
    with pytest.raises(ValueError, match=r"variable 'kernel' comes twice\. Add its gradients up\."):
        SGD().apply_gradients([(g, kernel), (g, kernel)])


def test_a_gradient_of_another_shape_is_refused():
    kernel = two_parameters()[0]
    with pytest.raises(ShapeError, match=r"'kernel' has shape \(3,\), its gradient \(2,\)\. Give a gradient of the"):
        SGD().apply_gradients([(Tensor([1.0, 2.0]), kernel)])


def test_an_integer_variable_is_refused():
    with pytest.raises(DtypeError, match=r"SGD: variable 'count' is int32\. Only floats can be trained\."):
        SGD().build([Variable(3, name="count")])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SGD(learning_rate=-1), "SGD(learning_rate=-1): learning_rate must be a number >= 0. Got -1."),
        (lambda: SGD("0.1"), "SGD(learning_rate='0.1'): learning_rate must be a number >= 0. Got '0.1'."),
        (lambda: Adam(math.nan), "Adam(learning_rate=nan): learning_rate must be a number >= 0. Got nan."),
        (lambda: SGD(momentum=1.5), "SGD(momentum=1.5): momentum must be a number from 0 to 1. Got 1.5."),
        (lambda: SGD(nesterov=1), "SGD(nesterov=1): nesterov must be True or False. Got 1."),
        (lambda: RMSprop(rho=1), "RMSprop(rho=1): rho must be a number from 0 up to, but not, 1. Got 1."),
        (lambda: RMSprop(epsilon=0), "RMSprop(epsilon=0): epsilon must be a number > 0. Got 0."),
        (lambda: Adam(beta_1=1.0), "Adam(beta_1=1.0): beta_1 must be a number from 0 up to, but not, 1. Got 1.0."),
        (lambda: Adam(beta_2=True), "Adam(beta_2=True): beta_2 must be a number from 0 up to, but not, 1. Got True."),
        (lambda: AdamW(weight_decay=None), "AdamW(weight_decay=None): weight_decay must be a number >= 0. Got None."),
        (lambda: Adamax(epsilon=0), "Adamax(epsilon=0): epsilon must be a number > 0. Got 0."),
        (lambda: Adadelta(rho=1), "Adadelta(rho=1): rho must be a number from 0 up to, but not, 1. Got 1."),
        (lambda: Ftrl(0), "Ftrl(learning_rate=0): learning_rate must be a number > 0. Got 0."),
        (
            lambda: Ftrl(learning_rate_power=0.5),
            "Ftrl(learning_rate_power=0.5): learning_rate_power must be a number <= 0. Got 0.5.",
        ),
        (
            lambda: Ftrl(l1_regularization_strength=-1),
            "Ftrl(l1_regularization_strength=-1): l1_regularization_strength must be a number >= 0. Got -1.",
        ),
        (lambda: Adam(amsgrad=None), "Adam(amsgrad=None): amsgrad must be True or False. Got None."),
    ],
)
def test_a_wrong_setting_is_refused_with_what_was_expected(make, message):
    with pytest.raises(ValueError) as caught:
        make()
    assert str(caught.value) == message


def test_a_setting_is_checked_when_it_is_set_later_too():
    optimizer = SGD(momentum=0.9)
    optimizer.momentum = 0.5
    with pytest.raises(ValueError, match=r"SGD\(learning_rate=-0.1\): learning_rate must be a number >= 0\. Got -0\.1"):
        optimizer.learning_rate = -0.1
    assert (optimizer.learning_rate, optimizer.momentum) == (0.01, 0.5)
    optimizer.build(two_parameters())
    message = r"SGD\.momentum cannot be changed after the first step\. Make a new optimizer\."
    with pytest.raises(AttributeError, match=message):
        optimizer.momentum = 0.0


def test_a_configuration_makes_an_optimizer_with_the_same_settings():
    for optimizer in EVERY:
        assert to_config(fresh(optimizer)) == to_config(optimizer)
    assert to_config(Adam())["learning_rate"] == 0.001
    assert to_config(resolve(OPTIMIZERS, "rmsprop")) == {
        "class": "rmsprop",
        "learning_rate": 0.001,
        "weight_decay": None,
        "clipnorm": None,
        "clipvalue": None,
        "global_clipnorm": None,
        "use_ema": False,
        "ema_momentum": 0.99,
        "ema_overwrite_frequency": None,
        "learning_rate_factors": {},
        "weight_decay_factors": {},
        "rho": 0.9,
        "momentum": 0.0,
        "epsilon": 1e-7,
        "centered": False,
    }


def test_a_misspelt_name_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match=r"Unknown optimizer 'adamm'\. Did you mean 'adam'\?"):
        resolve(OPTIMIZERS, "adamm")


def test_the_base_class_says_what_to_define():
    with pytest.raises(NotImplementedError, match=r"Optimizer has no update\(\)\. Define"):
        Optimizer().apply_gradients([(Tensor(1.0), Variable(1.0))])


def test_a_step_of_ftrl_whose_rate_is_zero_is_none():
    """By hand: the rate is 0.5, then 0, then 0.5; the second step leaves weight and sums as they were."""
    rate = Variable(np.float32(0.5))
    w, twin = Variable([1.0, -2.0]), Variable([1.0, -2.0])
    ours, theirs = ff.optimizers.Ftrl(rate), ff.optimizers.Ftrl(0.5)
    g = Tensor([0.5, 0.25])
    for value in (0.5, 0.0, 0.5):
        rate.assign(value)
        ours.apply_gradients([(g, w)])
    for _ in range(2):
        theirs.apply_gradients([(g, twin)])
    np.testing.assert_array_equal(w.numpy(), twin.numpy())


def test_a_rate_that_float32_does_not_hold_is_refused():
    message = r"^SGD\(learning_rate=1e\+39\): learning_rate must be a number from 0 to 3\.40282e\+38\. Got 1e\+39\.$"
    with pytest.raises(ValueError, match=message):
        SGD(1e39)
    optimizer = SGD(1.0)
    with pytest.raises(ValueError, match=message):
        optimizer.learning_rate = 1e39
    assert optimizer.learning_rate == 1.0
