"""Oracle (e): a configuration written as JSON and read back makes an equal thing; (a) ranges worked by hand."""

import importlib
import inspect
import json
import math
import re
from dataclasses import dataclass, fields

import numpy as np
import pytest

import feedforward as ff
from feedforward.errors import FormatError
from feedforward.lookup import Registry
from feedforward.nn.config import (
    Range,
    check_bool,
    check_int,
    check_number,
    from_config,
    registered,
    resolve,
    snake_case,
    to_config,
)
from feedforward.nn.initializers import INITIALIZERS
from feedforward.nn.layer import LAYERS
from feedforward.nn.losses import LOSSES
from feedforward.nn.metrics import METRICS
from feedforward.nn.optimizers import OPTIMIZERS
from feedforward.nn.schedules import SCHEDULES
from feedforward.training.sampling import SAMPLERS

REGISTRIES = {registry.kind: registry for registry in (INITIALIZERS, LAYERS, LOSSES, METRICS, OPTIMIZERS, SCHEDULES)}
NEEDED = {
    "parametric_activation": {"activation": "relu"},
    "activation": {"activation": "relu"},
    "dense": {"units": 3},
    "conv1d": {"filters": 3, "kernel_size": 2},
    "conv2d": {"filters": 3, "kernel_size": 2},
    "depthwise_conv2d": {"kernel_size": 2},
    "embedding": {"input_dim": 3, "output_dim": 2},
    "category_encoding": {"num_tokens": 3},
    "discretization": {"num_bins": 3},
    "gaussian_noise": {"stddev": 0.5},
    "gaussian_dropout": {"rate": 0.5},
    "permute": {"dims": (2, 1)},
    "repeat_vector": {"n": 2},
    "dropout": {"rate": 0.5},
    "reshape": {"target_shape": (2,)},
    "rescaling": {"scale": 0.5},
    "random_cutout": {"size": 2},
    "random_elastic": {"alpha": 8.0, "sigma": 2.0},
    "random_rotation": {"factor": 0.1},
    "random_translation": {"height_factor": 0.1, "width_factor": 0.1},
    "random_zoom": {"height_factor": 0.1},
    "exponential_decay": {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5},
    "inverse_time_decay": {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5},
    "polynomial_decay": {"initial_learning_rate": 0.1, "decay_steps": 10},
    "cosine_decay": {"initial_learning_rate": 0.1, "decay_steps": 10},
    "constant_schedule": {"learning_rate": 0.1},
    "inverse_square_root_decay": {"initial_learning_rate": 0.1},
    "cosine_decay_restarts": {"initial_learning_rate": 0.1, "first_decay_steps": 10},
    "log_cosine": {"learning_rate": 0.1, "total_steps": 10},
    "flat_cosine": {"learning_rate": 0.1, "total_steps": 10},
    "one_cycle": {"max_learning_rate": 0.1, "total_steps": 10},
    "warmup": {"schedule": {"class": "constant_schedule", "learning_rate": 0.1}, "warmup_steps": 5},
    "piecewise_constant_decay": {"boundaries": [10], "values": [0.1, 0.01]},
}
"""The arguments without which a thing cannot be made."""
THINGS = [
    (kind, name)
    for kind, registry in REGISTRIES.items()
    for name in registry
    if registry[name].__module__.startswith("feedforward.")  # not those of tests
]


@pytest.mark.parametrize(("kind", "name"), THINGS)
def test_everything_registered_comes_back_from_json(kind, name):
    thing = REGISTRIES[kind][name](**NEEDED.get(name, {}))
    config = to_config(thing)
    assert config["class"] == name
    assert [*config] == ["class", *(field.name for field in fields(thing) if field.init)]
    again = from_config(REGISTRIES[kind], json.loads(json.dumps(config)))
    assert type(again) is type(thing)
    assert to_config(again) == config


@pytest.mark.parametrize(("kind", "name"), THINGS)
def test_a_field_that_is_not_there_is_refused_by_name(kind, name):
    with pytest.raises(FormatError, match=f"{kind} '{name}' cannot be made: .*nonsense"):
        from_config(REGISTRIES[kind], {"class": name, **NEEDED.get(name, {}), "nonsense": 1})


def test_a_layer_with_an_initializer_that_has_settings_comes_back():
    layer = ff.layers.Dense(3, kernel_initializer=ff.initializers.RandomUniform(-0.5, 0.25, seed=3))
    again = from_config(LAYERS, json.loads(json.dumps(to_config(layer))))
    assert again.kernel_initializer == layer.kernel_initializer
    assert again.kernel_initializer.minval == -0.5


@dataclass
class Setting:
    value: object


NUMPY = [np.float32(0.1), np.float16(3), np.int8(-3), np.uint64(2**64 - 1), np.bool_(False)]


@pytest.mark.parametrize(
    "value", [None, True, 3, -(2**70), 0.1, 1e-320, "text", "", (1, (2.5, None)), (), {"a": 1}, *NUMPY]
)
def test_a_setting_that_json_can_hold_is_kept(value):
    config = to_config(Setting(value))
    registry = Registry("thing")
    registry.register("setting")(Setting)
    assert from_config(registry, json.loads(json.dumps(config))).value == value


@pytest.mark.parametrize("value", [np.zeros(2), object(), len, Setting, {1: 2}, 1j, b"bytes"])
def test_a_setting_that_json_cannot_hold_is_refused(value):
    with pytest.raises(FormatError, match=r"cannot be saved. Use a number, a name, or a registered function or class."):
        to_config(Setting(value))


def test_a_class_within_that_no_file_brings_back_is_refused(tmp_path):
    @dataclass(frozen=True)
    class Ones(ff.initializers.Initializer):  # not the registered one
        def __call__(self, shape, dtype="float32"):
            return ff.Tensor(np.full(shape, 3, dtype))

    model = ff.Sequential([ff.Input((2,)), ff.layers.Dense(1, kernel_initializer=Ones())])
    with pytest.raises(
        FormatError, match=r"^Dense\(kernel_initializer=.*Ones\(\)\) cannot be saved. Use a number, a name"
    ):
        model.save(tmp_path / "m.ff")


@pytest.mark.parametrize(
    "base",
    [
        ff.layers.Layer,
        ff.losses.Loss,
        ff.metrics.Metric,
        ff.optimizers.Optimizer,
        ff.initializers.Initializer,
    ],
)
def test_a_registry_is_where_the_documentation_of_its_base_says(base):
    text = " ".join(base.__doc__.split())
    registry = re.search(r"``@registered\((\w+)\)`` above", text)[1]
    module = re.findall(r"from `(feedforward\.nn\.\w+)`", text)[1]
    assert isinstance(getattr(importlib.import_module(module), registry), Registry)


@pytest.mark.parametrize("name", ["dens", None, 3, ["dense"], {"class": "dense"}, "__class__", "os.system"])
def test_a_name_that_is_not_registered_is_refused(name):
    with pytest.raises(FormatError, match=re.escape(f"unknown layer {name!r}. Known: ")):
        from_config(LAYERS, {"class": name, "units": 3})
    with pytest.raises(FormatError, match=r"unknown layer None"):
        from_config(LAYERS, {})


def test_values_from_a_file_are_checked_as_if_the_user_had_written_them():
    with pytest.raises(FormatError, match=r"Dense\(units=-1\): units must be an int >= 1. Got -1."):
        from_config(LAYERS, {"class": "dense", "units": -1})
    with pytest.raises(FormatError, match=r"SGD\(learning_rate=nan\)"):
        from_config(OPTIMIZERS, {"class": "sgd", "learning_rate": math.nan})


def test_a_name_a_configuration_and_an_instance_are_resolved():
    sgd = ff.optimizers.SGD(0.5)
    assert resolve(OPTIMIZERS, sgd) is sgd
    assert resolve(OPTIMIZERS, "sgd").learning_rate == 0.01
    assert resolve(OPTIMIZERS, to_config(sgd)).learning_rate == 0.5


@pytest.mark.parametrize(
    ("thing", "kind", "message"),
    [
        ("adm", ValueError, "Unknown optimizer 'adm'. Did you mean 'adam'?"),
        ("zzzz", ValueError, "Unknown optimizer 'zzzz'. Known: adadelta, adagrad, adam, adamax, adamw, "),
        (3, TypeError, "optimizer: got 3. Give a name or an instance; known: adadelta, adagrad, adam, "),
        (None, TypeError, "optimizer: got None. Give a name or an instance"),
        (ff.optimizers.Adam, TypeError, "optimizer: got the class Adam; make an instance of it."),
        (ff.losses.MeanSquaredError(), TypeError, "optimizer: got MeanSquaredError(). Give a name or an instance"),
    ],
)
def test_what_stands_for_nothing_is_refused(thing, kind, message):
    with pytest.raises(kind, match=re.escape(message)):
        resolve(OPTIMIZERS, thing)


def test_an_instance_of_a_class_that_is_not_registered_is_taken():
    class Own(ff.optimizers.Optimizer):
        pass

    class Most(ff.metrics.Metric):
        pass

    class Halves(ff.initializers.Initializer):
        pass

    for registry, kind in ((OPTIMIZERS, Own), (METRICS, Most), (INITIALIZERS, Halves)):
        thing = kind()
        assert resolve(registry, thing) is thing
    with pytest.raises(TypeError, match=r"metric: got .*Halves\(\). Give a name or an"):
        resolve(METRICS, Halves())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: ff.layers.Dense(3, input_shape=(4,)),
            "Dense(input_shape=(4,)): there is no argument 'input_shape'. Begin the model with Input(shape).",
        ),
        (
            lambda: ff.optimizers.Adam(lr=0.1),
            "Adam(lr=0.1): there is no argument 'lr'. Did you mean 'learning_rate'?",
        ),
        (
            lambda: ff.losses.BinaryCrossentropy(from_logit=True),
            "BinaryCrossentropy(from_logit=True): there is no argument 'from_logit'. Did you mean 'from_logits'?",
        ),
        (lambda: ff.metrics.BinaryAccuracy(treshold=1), "Did you mean 'threshold'?"),
        (lambda: ff.initializers.RandomNormal(std=1), "RandomNormal(std=1): there is no argument 'std'. Did you mean"),
        (lambda: ff.initializers.Zeros(x=1), "Zeros(x=1): there is no argument 'x'."),
    ],
)
def test_an_argument_that_does_not_exist_is_named_with_the_nearest(make, message):
    with pytest.raises(TypeError, match=re.escape(message)):
        make()


def test_a_registered_class_still_shows_its_arguments():
    assert [*inspect.signature(ff.layers.Dense).parameters][:2] == ["units", "activation"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ff.layers.Dense(), "Dense: units is missing. Write Dense(units)."),
        (lambda: ff.layers.Conv2D(3), "Conv2D: kernel_size is missing. Write Conv2D(filters, kernel_size)."),
        (lambda: ff.layers.Conv2D(kernel_size=3), "Conv2D: filters is missing. Write Conv2D(filters, kernel_size)."),
        (lambda: ff.layers.Embedding(), "Embedding: input_dim, output_dim are missing. Write Embedding(input_dim, "),
        (lambda: ff.sampling.Weighted(), "Weighted: weights is missing. Write Weighted(weights)."),
    ],
)
def test_an_argument_that_is_missing_is_named_with_what_to_write(make, message):
    with pytest.raises(TypeError, match=f"^{re.escape(message)}"):
        make()


def test_a_registered_class_may_take_any_number_of_things():
    registry = Registry("thing")

    @registered(registry)
    class Several:
        def __init__(self, *things, last=0):
            self.things = things

    assert Several().things == () and Several(1, 2).things == (1, 2)


def test_a_class_is_registered_once_under_its_snake_case_name():
    registry = Registry("thing")

    @registered(registry)
    @dataclass
    class LongName:
        size: int = 1

    assert registry["long_name"] is LongName
    with pytest.raises(ValueError, match=r"thing 'long_name' is registered already. Choose another name."):
        registered(registry)(LongName)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Dense", "dense"),
        ("LeakyReLU", "leaky_relu"),
        ("SGD", "sgd"),
        ("MeanSquaredError", "mean_squared_error"),
        ("Conv2D", "conv2d"),
        ("already_snake", "already_snake"),
    ],
)
def test_class_names_become_snake_case(name, expected):
    assert snake_case(name) == expected


@pytest.mark.parametrize(
    ("allowed", "inside", "outside", "words"),
    [
        (
            Range(),
            [0, -1e308, 2**80, np.float32(1), np.int8(3)],
            [True, "1", None, math.inf, -math.inf, math.nan],
            "a number",
        ),
        (Range(0), [0, 0.0, 1e-320, 5], [-1e-320, -1, False], "a number >= 0"),
        (Range(0, has_low=False), [1e-320, 1], [0, -0.0], "a number > 0"),
        (Range(0, 1), [0, 1, 0.5], [1.0000001, -0.1], "a number from 0 to 1"),
        (Range(0, 1, has_high=False), [0, 0.999], [1, 1.0], "a number from 0 up to, but not, 1"),
        (Range(0, 1, False, False), [0.5], [0, 1], "a number above 0 up to, but not, 1"),
    ],
)
def test_a_range_holds_what_lies_in_it_and_says_what_it_is(allowed, inside, outside, words):
    assert str(allowed) == words
    for value in inside:
        assert value in allowed, value
        check_number("Owner", "name", value, allowed)
    for value in [*outside, math.inf, math.nan, "1", None, [0.5]]:
        assert value not in allowed, value
        with pytest.raises(ValueError, match=re.escape(f"Owner(name={value!r}): name must be {words}. Got {value!r}.")):
            check_number("Owner", "name", value, allowed)


@pytest.mark.parametrize("value", [0, 7, np.int64(3), np.uint8(0), 10**30])
def test_a_whole_number_that_is_large_enough_is_taken(value):
    check_int("Dense", "units", value, 0)


@pytest.mark.parametrize("value", [-1, True, False, 1.0, np.float32(2), np.True_, "3", None, [3], math.nan, math.inf])
def test_what_is_no_whole_number_or_too_small_is_refused(value):
    message = f"Dense(units={value!r}): units must be an int >= 0. Got {value!r}."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        check_int("Dense", "units", value, 0)


@pytest.mark.parametrize("value", [0, 1, None, "True", np.True_])
def test_what_is_neither_true_nor_false_is_refused(value):
    check_bool("Owner", "name", True)
    with pytest.raises(
        ValueError, match=re.escape(f"Owner(name={value!r}): name must be True or False. Got {value!r}.")
    ):
        check_bool("Owner", "name", value)


def test_a_number_that_no_float_holds_is_refused():
    message = r"^Adam\(learning_rate=10{400}\): learning_rate must be a number >= 0\. Got 10{400}\.$"
    with pytest.raises(ValueError, match=message):
        ff.optimizers.Adam(10**400)


def test_a_name_does_not_stand_for_what_needs_settings():
    message = r"^sampler 'weighted' needs weights, which a name cannot give\. Give Weighted\(weights=\.\.\.\)\.$"
    with pytest.raises(TypeError, match=message):
        resolve(SAMPLERS, "weighted")
