"""Oracle: messages written out, and what Python does with modules whose names are in their own dictionary."""

import importlib
import sys

import pytest

import feedforward.compat
from feedforward.compat import names
from feedforward.compat.names import Late, NotProvidedError, message_of, provide, refuse


@pytest.fixture(autouse=True)
def few_names(monkeypatch):
    """Only these names are provided, whatever the front ends have."""
    monkeypatch.setattr(names, "_things", {})
    monkeypatch.setattr(names, "_refused", dict(names._refused))
    provide("floor", "tf.floor")
    provide("relu", "tf.nn.relu", "keras.backend.relu")
    provide("dense", "keras.layers.Dense", "keras.layers.core.Dense")
    provide("session", "tf.Session")
    provide("multiply", "tf.multiply")
    provide(Late(lambda: [1]), "tf.__version__")
    refuse("use tf.keras instead.", "tf.estimator")
    feedforward.compat.install()
    yield
    feedforward.compat.uninstall()


def tensorflow():
    return importlib.import_module("tensorflow")


MESSAGES = {
    "tf.flor": "tf.flor is not provided: the nearest thing is tf.floor.",
    "tf.Relu": "tf.Relu is not provided: nothing is called like it. Write it with what there is.",
    "tf.relu": "tf.relu is not provided: the nearest thing is tf.nn.relu.",
    "tf.math.multiply": "tf.math.multiply is not provided: the nearest thing is tf.multiply.",
    "tf.nn.reluu": "tf.nn.reluu is not provided: the nearest thing is tf.nn.relu.",
    "tf.keras.layers.dense": "tf.keras.layers.dense is not provided: the nearest thing is tf.keras.layers.Dense.",
    "keras.layers.Dens": "keras.layers.Dens is not provided: the nearest thing is keras.layers.Dense.",
    "tf.zebra": "tf.zebra is not provided: nothing is called like it. Write it with what there is.",
    "tf.estimator": "tf.estimator is not provided: use tf.keras instead.",
    "tf.estimator.DNNClassifier": "tf.estimator.DNNClassifier is not provided: use tf.keras instead.",
    "tf.compat.v1.flor": "tf.compat.v1.flor is not provided: the nearest thing is tf.floor.",
    "tf.python.client": "tf.python.client is not provided: it is the inside of TensorFlow, which is not there. Use "
    "what tf itself has, such as tf.reset_default_graph.",
    "tf.python.client.device_lib": "tf.python.client.device_lib is not provided: it is the inside of TensorFlow, which "
    "is not there. Use what tf itself has, such as tf.reset_default_graph.",
    "tf.Session": "tf.Session is no module, but a thing in one: write from tensorflow import Session.",
    "tf.keras.layers.Dense": "tf.keras.layers.Dense is no module, but a thing in one: write from "
    "tensorflow.keras.layers import Dense.",
}


@pytest.mark.parametrize("name", MESSAGES)
def test_a_missing_name_is_told_in_one_sentence(name):
    assert message_of(name) == MESSAGES[name]


def test_an_attribute_that_is_missing_raises_at_once():
    with pytest.raises(NotProvidedError) as caught:
        tensorflow().nn.reluu  # noqa: B018
    assert str(caught.value) == MESSAGES["tf.nn.reluu"]
    assert isinstance(caught.value, AttributeError)
    assert not hasattr(tensorflow(), "flor")
    assert getattr(tensorflow(), "flor", 3) == 3


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("from tensorflow import flor", MESSAGES["tf.flor"]),
        ("import tensorflow.flor", MESSAGES["tf.flor"]),
        ("import tensorflow.flor as f", MESSAGES["tf.flor"]),
        ("from tensorflow.estimator import DNNClassifier", MESSAGES["tf.estimator"]),
        ("from keras.layers import Dens", MESSAGES["keras.layers.Dens"]),
        ("from tensorflow.keras.layers import dense", MESSAGES["tf.keras.layers.dense"]),
        ("import tensorflow.Session", MESSAGES["tf.Session"]),
        ("from tensorflow.python.client import device_lib", MESSAGES["tf.python.client.device_lib"]),
    ],
)
def test_an_import_of_what_is_missing_raises_the_same(statement, message):
    with pytest.raises(ModuleNotFoundError) as caught:  # which programs catch as ImportError, too
        exec(statement, {})
    assert str(caught.value) == message


def test_all_ways_to_import_lead_to_the_same_thing():
    found = {}
    exec(
        "import tensorflow as tf, keras, tensorflow.nn, keras.backend as K, tensorflow.keras.backend as KK\n"
        "from tensorflow.nn import relu\nfrom tensorflow import nn, keras as tk\nfrom keras.layers import Dense\n"
        "from tensorflow.keras.layers import Dense as D\nfrom keras.layers.core import Dense as C\n"
        "from tensorflow.python.keras.layers import Dense as P\nimport tensorflow.compat.v1 as v1\n"
        "from tensorflow.python.framework import ops\n",
        found,
    )
    tf, keras = found["tf"], found["keras"]
    assert found["relu"] == tf.nn.relu == found["K"].relu == found["KK"].relu == tf.keras.backend.relu == "relu"
    assert found["Dense"] == found["D"] == found["C"] == found["P"] == tf.keras.layers.Dense == keras.layers.Dense
    assert found["nn"] is tf.nn is sys.modules["tensorflow.nn"]
    assert found["tk"] is tf.keras is sys.modules["tensorflow.keras"]
    assert found["v1"].Session == tf.compat.v1.Session == found["ops"].Session == "session"
    assert (tf.__name__, tf.nn.__name__, tf.keras.__name__) == ("tensorflow", "tensorflow.nn", "tensorflow.keras")


def test_a_star_takes_all_names():
    found = {}
    exec("from tensorflow import *\nfrom keras.layers import *", found)
    assert {"floor", "Session", "nn", "keras", "Dense", "core"} <= found.keys()
    assert "__version__" not in dir(tensorflow().nn)


def test_a_module_has_the_names_it_says():
    tf = tensorflow()
    assert set(dir(tf)) == {"Session", "floor", "keras", "multiply", "nn", "__version__"}
    assert all(hasattr(tf, name) for name in dir(tf))


def test_what_depends_on_the_version_is_made_each_time_it_is_asked_for():
    assert tensorflow().__version__ is not tensorflow().__version__
    assert tensorflow().__version__ == [1]


def test_what_a_program_writes_into_a_module_stays_for_it_alone():
    tensorflow().floor = "its own"
    assert tensorflow().floor == "its own"
    feedforward.compat.uninstall()
    feedforward.compat.install()
    assert tensorflow().floor == "floor"


@pytest.mark.parametrize("name", ["tf.floor", "torch.nn", "tensorflow.nn"])
def test_a_name_is_given_once(name):
    with pytest.raises(
        ValueError, match=rf"^'{name}' is provided already, or does not begin with 'tf\.' or 'keras\.'\.$"
    ):
        provide(1, name)
