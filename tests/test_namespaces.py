"""Oracle (a): names and messages by eye; and Python's own record of which module a class was defined in."""

import importlib
import pkgutil
import re
import sys
import types

import pytest

import feedforward as ff
from feedforward.compat.names import _things
from feedforward.lookup import namespace
from feedforward.nn.activations import ACTIVATIONS
from feedforward.nn.constraints import CONSTRAINTS
from feedforward.nn.initializers import INITIALIZERS
from feedforward.nn.layer import LAYERS
from feedforward.nn.losses import LOSSES
from feedforward.nn.metrics import METRICS
from feedforward.nn.optimizers import OPTIMIZERS
from feedforward.nn.regularizers import REGULARIZERS
from feedforward.nn.schedules import SCHEDULES
from feedforward.training.sampling import SAMPLERS

MODULES = {
    ff.initializers: INITIALIZERS,
    ff.layers: LAYERS,
    ff.losses: LOSSES,
    ff.metrics: METRICS,
    ff.optimizers: OPTIMIZERS,
    ff.optimizers.schedules: SCHEDULES,
    ff.regularizers: REGULARIZERS,
    ff.constraints: CONSTRAINTS,
    ff.sampling: SAMPLERS,
}
SPACES = [
    ff,
    *MODULES,
    ff.activations,
    ff.callbacks,
    ff.convex,
    ff.data,
    ff.datasets,
    ff.errors,
    ff.linear,
    ff.random,
    ff.sklearn,
    ff.theory,
]


@pytest.mark.parametrize("module", SPACES, ids=lambda module: module.__name__)
def test_dir_shows_what_is_for_users_and_all_of_it_is_there(module):
    assert dir(module) == sorted(set(module.__all__))
    assert len(set(module.__all__)) == len(module.__all__)
    for name in dir(module):
        assert getattr(module, name) is not None


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_everything_registered_is_in_its_namespace_beside_its_base(module):
    things = [MODULES[module][name] for name in MODULES[module]]
    names = {thing.__name__ for thing in things if thing.__module__.startswith("feedforward.")}  # tests register others
    assert names <= set(dir(module))
    bases = {
        "ActivationLayer",
        "Initializer",
        "Input",
        "Lambda",  # which no file may name
        "Layer",
        "LearningRateSchedule",
        "Loss",
        "Metric",
        "Optimizer",
        "Regularizer",
        "Constraint",
        "Sampler",
        "VarianceScaling",
    }
    bases |= {"schedules"}  # a namespace in ff.optimizers, as in Keras
    assert set(dir(module)) - names <= bases


@pytest.mark.parametrize("module", [ff.callbacks, ff.errors], ids=lambda module: module.__name__)
def test_every_class_defined_in_a_namespace_is_shown(module):
    parts = [part for name, part in sys.modules.items() if name.startswith(module.__name__)]
    inside = ("LogFile",)  # what no user makes
    things = {thing for part in parts for thing in vars(part).values() if isinstance(thing, type)}
    defined = {thing for thing in things if thing.__name__ not in inside}
    shown = {thing.__name__ for thing in defined if thing.__module__.startswith(module.__name__)}
    assert {name for name in shown if name[0] != "_"} == set(dir(module))


def test_layers_are_these():
    wanted = "Activation Dense Dropout Flatten Input Layer Normalization Rescaling Reshape".split()
    assert [name for name in dir(ff.layers) if name in wanted] == wanted
    assert not {"np", "Any", "dataclass", "check_int", "LAYERS"} & set(dir(ff.layers))
    assert not {"atomic", "forks", "lift", "compiler", "nn", "np"} & set(dir(ff))


def test_every_activation_is_at_the_top():
    shown = set(ACTIVATIONS) - {"linear"}  # ff.linear are the linear models; ff.activations has this one, too
    assert shown <= set(dir(ff)) and "log_softmax" in dir(ff)
    for name in shown - {"tanh", "sign"}:  # operations before they were activations
        assert getattr(ff, name) is getattr(ff.activations, name)
    assert ff.relu([-1.0, 2.0]).tolist() == [0.0, 2.0]
    assert ff.softmax([0.0, 0.0]).tolist() == [0.5, 0.5]


@pytest.mark.parametrize(
    ("find", "message"),
    [
        (
            lambda: ff.layers.LSTM,
            "feedforward.layers has no 'LSTM'. Known: Activation, ActivationLayer, Add, ",
        ),
        (lambda: ff.layers.dense, "feedforward.layers has no 'dense'. Did you mean 'Dense'?"),
        (lambda: ff.optimizers.Adams, "feedforward.optimizers has no 'Adams'. Did you mean 'Adam'? Known: Adadelta, "),
        (lambda: ff.callbacks.Histroy, "feedforward.callbacks has no 'Histroy'. Did you mean 'History'? Known: "),
        (lambda: ff.activations.rellu, "feedforward.activations has no 'rellu'. Did you mean 'relu'? Known: celu, "),
        (lambda: ff.random.nomal, "feedforward.random has no 'nomal'. Did you mean 'normal'? Known: "),
        (lambda: ff.errors.FileError, "feedforward.errors has no 'FileError'. Did you mean "),
        (lambda: ff.losses.Triplet, "feedforward.losses has no 'Triplet'. Known: BinaryCrossentropy, "),
        (lambda: ff.datasets.digit, "feedforward.datasets has no 'digit'. Did you mean 'digits'? Known: "),
        (lambda: ff.Dense, "feedforward has no 'Dense'. Write feedforward.layers.Dense."),
        (
            lambda: ff.MeanSquaredError,
            "feedforward has no 'MeanSquaredError'. Write feedforward.losses.MeanSquaredError or "
            "feedforward.metrics.MeanSquaredError.",
        ),
        (lambda: ff.Sequental, "feedforward has no 'Sequental'. Did you mean 'Sequential'?"),
        (lambda: ff.LSTM, "feedforward has no 'LSTM'. Known: GradientTape, Input, ManyModels, Model, "),
    ],
)
def test_a_name_that_is_missing_is_told_what_there_is(find, message):
    with pytest.raises(AttributeError, match=f"^{re.escape(message)}") as caught:
        find()
    assert caught.value.name is not None  # so that Python adds no guess of its own


def test_a_missing_name_is_missing_to_hasattr_and_to_an_import():
    assert not hasattr(ff.layers, "LSTM") and hasattr(ff.layers, "LAYERS")
    with pytest.raises(ImportError, match="cannot import name 'Lyer' from 'feedforward'"):
        from feedforward import Lyer  # noqa: F401
    from feedforward import report  # a module below, which nothing has imported yet

    assert report.Report


def test_many_names_are_listed_only_where_there_is_no_better_hint():
    missing, _ = namespace("things", [f"thing_{number}" for number in range(50)])
    with pytest.raises(AttributeError, match=r"^things has no 'thin'. Did you mean 'thing_\d+'\?$"):
        missing("thin")
    with pytest.raises(AttributeError, match=r"^things has no 'wombat'. Known: thing_0, thing_1, .*, thing_9\.$"):
        missing("wombat")


def modules():
    """Return the names of all modules but the one that runs the command line."""
    found = [module.name for module in pkgutil.walk_packages(ff.__path__, "feedforward.")]
    return [name for name in found if name != "feedforward.__main__"]


@pytest.mark.parametrize("name", modules())
def test_every_module_says_which_of_its_names_are_for_others(name):
    module = importlib.import_module(name)
    assert len(set(module.__all__)) == len(module.__all__)
    for public in module.__all__:
        assert hasattr(module, public), public
    if module not in SPACES:  # those leave out what only other modules need
        kinds = type | types.FunctionType
        old = {id(thing) for thing in _things.values()}  # what old programs know: it says for whom where it is defined
        defined = {
            public
            for public, thing in vars(module).items()
            if isinstance(thing, kinds) and thing.__module__ == name and id(thing) not in old
        }
        others = {public for public in defined if not public.startswith("_")} - set(module.__all__)
        assert others == set(), f"not in __all__ of {name}"
