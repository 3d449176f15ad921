"""Oracles: the rules' formulas in float64 NumPy (``update_rule_reference.py``); saved, copied, resumed = as it was."""

import copy
import pickle
import tracemalloc

import numpy as np
import pytest
from click.testing import CliRunner

import feedforward as ff
import update_rule_reference as reference
from feedforward import learned
from feedforward.commands.cli import main
from feedforward.compat.keras.objectives.optimizers import as_optimizer
from feedforward.errors import FormatError
from feedforward.labs.playground import optimizing as playground
from feedforward.nn.config import to_config
from feedforward.nn.optimizers import OPTIMIZERS
from feedforward.nn.update_rules import UpdateRule
from feedforward.tape import GradientTape
from feedforward.tensor import Tensor, Variable
from feedforward.training import checkpoint
from feedforward.training.callbacks import BackupAndRestore, Callback
from feedforward.training.many import ManyModels

GRADIENTS = np.float32([[0.1, -2, 3e-4], [0.5, -1, 0], [-0.3, 4, -2e-4], [0.2, 0.1, 1e-4], [1, -1, 5e-4]])
START = np.array([1, -2, 0.5])


def rules():
    """Return one rule of each kind, with weights drawn anew and biases that are not zeros."""
    made = [
        learned.CoordinatewiseLSTM(units=5, layers=2),
        learned.CoordinatewiseLSTM(units=3, layers=1, scale=0.5, span=None),
        learned.RNNprop(units=4, layers=2, scale=0.3, decay=0.9),
    ]
    for number, rule in enumerate(made):
        draw = np.random.default_rng(number)
        rule.set_weights({name: draw.normal(0, 0.5, shape).astype("f4") for name, shape in rule.shapes().items()})
    return made


def walk(optimizer, start, gradients):
    """Return the weights after each step of ours."""
    w, path = Variable(start), []
    for g in gradients:
        optimizer.apply_gradients([(Tensor(g), w)])
        path.append(w.numpy())
    return np.array(path)


@pytest.mark.parametrize("rule", rules(), ids=repr)
@pytest.mark.parametrize("rate", [1.0, 0.25])
def test_five_steps_are_those_of_the_formula(rule, rate):
    weights = {name: weight.numpy() for name, weight in rule.weights.items()}
    expected = reference.path(rule, weights, START, GRADIENTS, rate)
    got = walk(ff.optimizers.Learned(rule, learning_rate=rate), START, GRADIENTS.astype(np.float64))
    assert got.dtype == np.float64
    np.testing.assert_allclose(got, expected, rtol=0, atol=1000 * 2**-53)  # some hundred roundings a step
    single = walk(ff.optimizers.Learned(rule, learning_rate=rate), START.astype("f4"), GRADIENTS)
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, expected, rtol=0, atol=1000 * 2**-24)


X = np.random.default_rng(0).normal(0, 1, (32, 3)).astype("f4")
Y = X[:, :1] * 2 - 1
L = ff.layers


def rule(seed=2):
    return copy.deepcopy(rules()[seed])


def model(optimizer=None, seed=0, dtype="float32"):
    ff.set_seed(seed)
    made = ff.Sequential([ff.Input((3,), dtype=dtype), L.Dense(4, "tanh", name="a"), L.Dense(1, name="b")])
    made.compile(ff.optimizers.Learned(rule()) if optimizer is None else optimizer, "mean_squared_error")
    return made


def fit(made, epochs, first=0, **settings):
    settings = {"batch_size": 8, "verbose": 0} | settings
    return made.fit(X, Y, epochs=epochs, initial_epoch=first, **settings).history["loss"]


def same_rule(one, other):
    return all((other.weights[name].numpy() == weight.numpy()).all() for name, weight in one.weights.items())


def state(made):
    """Return the bits of weights and optimizer, but for a rate: a variable's comes from a file as a number."""
    paths = {weight: path for path, weight in made.weights_by_path()}
    kept = {**dict(made.weights_by_path()), **made.optimizer.state(paths)}
    return {name: value.numpy().tobytes() for name, value in kept.items() if name != "learning_rate"}


SETTINGS = {
    "plain": {},
    "learning_rate": {"learning_rate": 0.3},
    "a variable": {"learning_rate": Variable(0.3)},
    "a schedule": {"learning_rate": ff.optimizers.schedules.ExponentialDecay(1.0, 10, 0.5)},
    "weight_decay": {"weight_decay": 0.1},
    "clipnorm": {"clipnorm": 0.1},
    "clipvalue": {"clipvalue": 0.01},
    "global_clipnorm": {"global_clipnorm": 0.1},
    "use_ema": {"use_ema": True, "ema_momentum": 0.5},
    "learning_rate_factors": {"learning_rate_factors": {"*/bias": 0.0}},
    "weight_decay_factors": {"weight_decay": 0.1, "weight_decay_factors": {"a/*": 2.0}},
}


# like any other


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_of_every_optimizer_changes_what_it_says(name):
    plain, other = model(), model(ff.optimizers.Learned(rule(), **SETTINGS[name]))
    losses = fit(plain, 2), fit(other, 2)
    assert np.isfinite(losses).all()
    is_changed = any((a != b).any() for a, b in zip(plain.get_weights(), other.get_weights(), strict=True))
    assert is_changed == (name != "plain")
    if name == "learning_rate_factors":
        assert not other.get_layer("a").bias.numpy().any()
        assert plain.get_layer("a").bias.numpy().all()


@pytest.mark.parametrize("name", SETTINGS)
def test_training_that_was_saved_and_loaded_goes_on_as_if_it_had_not_stopped(name, tmp_path):
    whole, part = (model(ff.optimizers.Learned(rule(), **copy.deepcopy(SETTINGS[name]))) for _ in range(2))
    fit(whole, 2)
    fit(whole, 4, 2)
    fit(part, 2)
    part.save(tmp_path / "m.ff")
    again = ff.load(tmp_path / "m.ff")
    fit(again, 4, 2)
    assert state(again) == state(whole)


def test_clipping_and_decay_come_before_the_rule_as_before_any_formula():
    made = rule()
    weights = {name: weight.numpy() for name, weight in made.weights.items()}
    clipped = np.clip(GRADIENTS, -0.3, 0.3)
    got = walk(ff.optimizers.Learned(made, clipvalue=0.3), START.astype("f4"), GRADIENTS)
    np.testing.assert_allclose(got, reference.path(made, weights, START, clipped), rtol=0, atol=1000 * 2**-24)
    # The rule looks at gradients alone, so that a decay d shrinks what stood before: w := (1 - d) w + change.
    steps = np.diff(reference.path(made, weights, START, GRADIENTS), axis=0, prepend=START[None])
    w, expected = START, []
    for step in steps:
        w = w * 0.9 + step
        expected.append(w)
    got = walk(ff.optimizers.Learned(made, weight_decay=0.1), START.astype("f4"), GRADIENTS)
    np.testing.assert_allclose(got, expected, rtol=0, atol=1000 * 2**-24)


@pytest.mark.parametrize("made", rules(), ids=repr)
def test_a_loop_of_ones_own_is_fit(made):
    own, fitted = (model(ff.optimizers.Learned(copy.deepcopy(made))) for _ in range(2))
    for _ in range(4):
        with GradientTape() as tape:
            loss = ((own(X) - Y) ** 2).mean()
        slopes = tape.gradient(loss, own.trainable_weights)
        own.optimizer.apply_gradients(zip(slopes, own.trainable_weights, strict=True))
        fitted.train_on_batch(X, Y)
    for mine, theirs in zip(own.get_weights(), fitted.get_weights(), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=0, atol=2**-18)  # four steps in float32


def test_a_function_draws_no_weights_of_a_rule():
    w, optimizer = Variable(np.float32(START)), ff.optimizers.Learned(learned.RNNprop(units=3))

    @ff.function
    def step(g):
        optimizer.apply_gradients([(g, w)])
        return w.value()

    other = walk(ff.optimizers.Learned(copy.deepcopy(optimizer.rule)), np.float32(START), GRADIENTS)
    got = [step(Tensor(g)).numpy() for g in GRADIENTS]
    np.testing.assert_allclose(got, other, rtol=0, atol=100 * 2**-24)


def test_what_a_rule_learns_meanwhile_counts_from_the_next_step_on():
    optimizer, w = ff.optimizers.Learned(rule()), Variable(np.float32(START))
    for number, g in enumerate(GRADIENTS):
        if number == 3:
            optimizer.rule.set_weights({name: np.zeros(shape) for name, shape in optimizer.rule.shapes().items()})
            before = w.numpy().tolist()
        optimizer.apply_gradients([(Tensor(g), w)])
    assert w.numpy().tolist() == before != START.tolist()


def test_a_rule_of_ones_own_is_asked_in_every_step():
    asked = []

    class Own(UpdateRule):
        def shapes(self):
            return {"rate": ()}

        def change(self, parameter, gradient, state, weights):
            asked.append(1)
            return -weights["rate"] * gradient * float(len(asked)), {}

    made = Own()
    made.set_weights({"rate": 0.5})
    got = walk(ff.optimizers.Learned(made), START, GRADIENTS.astype("f8"))
    expected = START - 0.5 * np.cumsum(np.float64(GRADIENTS) * np.arange(1, 6)[:, None], 0)
    np.testing.assert_allclose(got, expected, rtol=0, atol=20 * 2**-53)


def test_a_model_in_float64_is_trained_in_float64():
    ff.set_seed(0)
    made = model(dtype="float64")
    made.fit(X.astype("f8"), Y.astype("f8"), batch_size=8, verbose=0)
    slots = [variable for variable in made.optimizer.variables if "/" in variable.name]
    assert {weight.dtype.name for weight in made.weights} == {variable.dtype.name for variable in slots} == {"float64"}
    assert {weight.dtype.name for weight in made.optimizer.rule.weights.values()} == {"float32"}


def test_many_models_have_the_bits_of_each_by_itself():
    def made():
        rates = [1.0, 0.5, 0.0]
        return [model(ff.optimizers.Learned(rule(), learning_rate=rate), seed) for seed, rate in enumerate(rates)]

    many, alone, order = ManyModels(made()), made(), np.arange(32)
    many.train_on_batches(X, Y, order=order, batch_size=8)
    for number, one in enumerate(alone):
        one.train_on_batches(X, Y, order=order, batch_size=8)
        assert state(many.model(number)) == state(one)


def test_the_weights_of_a_rule_are_none_of_the_model_and_fit_leaves_them_alone():
    made = model()
    before = copy.deepcopy(made.optimizer.rule)
    fit(made, 2)
    assert same_rule(before, made.optimizer.rule)
    assert len(made.weights) == 4
    assert made.count_params() == 21


# kept


@pytest.mark.parametrize("is_trained", [False, True])
@pytest.mark.parametrize("of", ["file", "deepcopy", "pickle"])
def test_a_model_keeps_the_rule_with_its_weights(of, is_trained, tmp_path):
    """Also before its first step: it came back with a rule of random weights."""
    made = model(ff.optimizers.Learned(learned.RNNprop(units=3)))
    if is_trained:
        fit(made, 1)
    if of == "file":
        made.save(tmp_path / "m.ff")
        again = ff.load(tmp_path / "m.ff")
    else:
        again = copy.deepcopy(made) if of == "deepcopy" else pickle.loads(pickle.dumps(made))
    assert repr(again.optimizer.rule) == repr(made.optimizer.rule)
    assert same_rule(made.optimizer.rule, again.optimizer.rule)
    fit(made, 3, 1)
    fit(again, 3, 1)
    assert state(again) == state(made)


def test_a_model_needs_no_file_of_the_rule_any_more(tmp_path):
    learned.save_rule(rule(), tmp_path / "mine.rule")
    made = model(ff.optimizers.Learned(str(tmp_path / "mine.rule")))
    made.save(tmp_path / "m.ff")
    (tmp_path / "mine.rule").unlink()
    assert same_rule(rule(), ff.load(tmp_path / "m.ff").optimizer.rule)


def test_an_optimizer_that_is_copied_before_its_rule_was_asked_has_its_weights():
    optimizer = ff.optimizers.Learned(learned.RNNprop(units=3))
    for other in (copy.deepcopy(optimizer), copy.copy(optimizer), pickle.loads(pickle.dumps(optimizer))):
        assert same_rule(optimizer.rule, other.rule)
        assert other.rule is not optimizer.rule


class Killed(Exception):
    """What ends a training."""


class Killing(Callback):
    """Ends a training after an epoch."""

    def __init__(self, last=None):
        super().__init__()
        self._last = last

    def on_epoch_end(self, epoch, logs=None):
        if epoch == self._last:
            raise Killed


@pytest.mark.parametrize("name", SETTINGS)
def test_a_training_that_was_killed_goes_on_to_the_same_bits(name, tmp_path):
    def made():
        return model(ff.optimizers.Learned(rule(), **copy.deepcopy(SETTINGS[name])))

    whole, again = made(), made()
    losses = fit(whole, 4)
    with pytest.raises(Killed):
        fit(made(), 4, callbacks=[BackupAndRestore(tmp_path, save_freq=3), Killing(1)])
    assert fit(again, 4, callbacks=[BackupAndRestore(tmp_path, save_freq=3), Killing()]) == losses
    assert state(again) == state(whole)


# by name


def test_it_is_found_by_its_name_and_takes_the_names_of_rules():
    assert type(OPTIMIZERS["learned"]()) is ff.optimizers.Learned
    made = model("learned")
    assert np.isfinite(fit(made, 1)).all()
    assert same_rule(learned.load_rule("l2l-mnist"), ff.optimizers.Learned("l2l-mnist").rule)


def test_the_command_line_trains_with_it(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n" + "".join(f"{row % 7},{row % 7 * 2}\n" for row in range(60)))
    words = ["train", str(tmp_path / "t.csv"), "--target", "b", "--optimizer", "learned", "--epochs", "2"]
    result = CliRunner().invoke(main, [*words, "--output", str(tmp_path / "m.ff")])
    assert result.exit_code == 0, result.output
    optimizer = ff.load(tmp_path / "m.ff").optimizer
    assert isinstance(optimizer, ff.optimizers.Learned)
    assert same_rule(learned.load_rule("small-tables"), optimizer.rule)


def test_programs_of_keras_find_none_of_that_name():
    with pytest.raises(ValueError, match=r"learned"):
        as_optimizer("learned")


def test_the_lab_of_networks_offers_none_of_that_name():
    assert "learned" not in playground.OPTIMIZERS


def test_a_configuration_names_the_rule():
    assert to_config(ff.optimizers.Learned(learned.RNNprop(units=3)))["rule"] == {
        "class": "rnnprop",
        "units": 3,
        "layers": 2,
        "scale": 0.1,
        "decay": 0.95,
    }


# wrong use


@pytest.mark.parametrize(
    ("given", "error", "match"),
    [
        (None, TypeError, r"^Learned\(rule=None\): expected a name, a path or an update rule\. Got a NoneType\."),
        (0, TypeError, r"Got a int\."),
        (b"x", TypeError, r"Got a bytes\."),
        (learned.RNNprop, TypeError, r"Got a type\."),
        (
            "adam",
            FileNotFoundError,
            r"there is no update rule 'adam'\. .*Or give the path of a file that save_rule",
        ),
        ("no/such.rule", FileNotFoundError, r"there is no file no/such\.rule"),
        ("/", IsADirectoryError, r"/ is a folder"),
        ({}, FormatError, r"unknown update rule None"),
        ({"class": "rnnprop", "units": 10**9}, FormatError, r"units must be an int from 1 to 256"),
    ],
)
def test_what_is_no_rule_is_refused(given, error, match):
    with pytest.raises(error, match=match):
        ff.optimizers.Learned(given)


@pytest.mark.parametrize("rate", [-1, float("nan"), float("inf"), True, "x", None])
def test_a_learning_rate_is_a_number(rate):
    with pytest.raises(ValueError, match=r"^Learned\(learning_rate=.*\): learning_rate must be a number >= 0\. Got"):
        ff.optimizers.Learned(rule(), learning_rate=rate)


def test_a_rule_is_not_exchanged_after_the_first_step():
    made = model()
    made.optimizer.rule = rule(0)
    fit(made, 1)
    with pytest.raises(AttributeError, match=r"^Learned\.rule cannot be changed after the first step\. Make a new"):
        made.optimizer.rule = rule()


# files as an attacker writes them


def described(is_trained=True, units=200):
    """Return description and tensors of a good file."""
    ff.set_seed(0)
    made = ff.Sequential([ff.Input((units,)), L.Dense(units, name="d")])
    made.compile(ff.optimizers.Learned(learned.RNNprop(units=1, layers=1)), "mean_squared_error")
    if is_trained:
        made.train_on_batch(np.ones((2, units)), np.ones((2, units)))
    header, tensors = checkpoint._SEAL.unpack("m.ff", checkpoint.to_bytes(made))
    return header, dict(tensors)


def larger(header, tensors, units, layers):
    """Let a file name a rule of other sizes, and hold its weights."""
    large = learned.RNNprop(units=units, layers=layers)
    header["training"]["optimizer"]["rule"] |= {"units": units, "layers": layers}
    for name in [name for name in tensors if name.startswith("optimizer/rule/")]:
        del tensors[name]
    for name, shape in large.shapes().items():
        tensors[f"optimizer/rule/{name}"] = np.zeros(shape, np.float32)


def without(name):
    return lambda header, tensors: tensors.pop(name)


def rule_of(**settings):
    return lambda header, tensors: header["training"]["optimizer"]["rule"].update(settings)


HOSTILE = {
    "a rule of another size": (rule_of(units=2), r"the optimizer's 'rule/.*' is missing or has another shape|hidden_1"),
    "a rule with more layers": (rule_of(layers=2), r"the optimizer's '.*' is missing or has another shape"),
    "many units": (rule_of(units=10**9), r"units must be an int from 1 to 256"),
    "another kind of rule": (
        lambda header, _: header["training"]["optimizer"].update(
            rule={"class": "coordinatewiselstm", "units": 1, "layers": 1}
        ),
        r"the optimizer's '.*' is missing or has another shape|nothing uses its tensor",
    ),
    "unknown rule": (rule_of(**{"class": "sgd"}), r"unknown update rule 'sgd'"),
    "no rule": (lambda header, _: header["training"]["optimizer"].update(rule=None), r"expected a name, a path or an"),
    "a number for a rule": (lambda header, _: header["training"]["optimizer"].update(rule=7), r"Got a int"),
    "no weights of the rule": (without("optimizer/rule/kernel_1"), r"'rule/kernel_1' is missing or has another shape"),
    "another weight": (
        lambda _, tensors: tensors.update({"optimizer/rule/more": np.zeros(2, np.float32)}),
        r"nothing uses its tensor 'optimizer/rule/more'",
    ),
    "no memory": (without("optimizer/cell_1/d/kernel"), r"'cell_1/d/kernel' is missing or has another shape"),
    "a memory of another shape": (
        lambda _, tensors: tensors.update({"optimizer/cell_1/d/kernel": np.zeros((1, 3), np.float32)}),
        r"'cell_1/d/kernel' is missing or has another shape",
    ),
    "a memory in float64": (
        lambda _, tensors: tensors.update({"optimizer/cell_1/d/bias": np.zeros((1, 200))}),
        r"'cell_1/d/bias' is missing or has another shape",
    ),
    "the largest rule": (lambda *file: larger(*file, 256, 8), r"the optimizer's '.*' is missing or has another shape"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_model_s_file_that_names_another_rule_is_one_clear_error_and_takes_no_memory(name, tmp_path):
    change, match = HOSTILE[name]
    header, tensors = described()
    change(header, tensors)
    path = tmp_path / "m.ff"
    path.write_bytes(checkpoint._SEAL.pack(header, tensors))
    size = path.stat().st_size
    tracemalloc.start()
    try:
        with pytest.raises(FormatError, match=match):
            ff.load(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # What the largest rule remembers of 40,200 weights would be 659 MB; zeros that nobody touches count as they are
    # asked for, one state of 41 MB at a time.
    assert peak < 6 * size + 100e6


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (without("optimizer/rule/kernel_1"), r"'rule/kernel_1' is missing or has another shape"),
        (
            lambda _, tensors: [tensors.pop(name) for name in list(tensors) if "rule/" in name],
            r"'rule/features' is missing or has another shape",
        ),
        (rule_of(units=2), r"'rule/features' is missing or has another shape"),
        (
            lambda _, tensors: tensors.update({"optimizer/rule/more": np.zeros(2, np.float32)}),
            r"'iterations' is missing|nothing uses its tensor",
        ),
    ],
)
def test_a_file_of_before_the_first_step_has_the_rule_s_weights_or_is_an_error(change, match, tmp_path):
    header, tensors = described(is_trained=False, units=2)
    change(header, tensors)
    path = tmp_path / "m.ff"
    path.write_bytes(checkpoint._SEAL.pack(header, tensors))
    with pytest.raises(FormatError, match=match):
        ff.load(path)
