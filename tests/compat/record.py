"""Records what TensorFlow computes for each program of ``snippets/``: ``python record.py [name ...]``.

It needs TensorFlow 2.21 and tf-keras 2.21 (what Keras was before its third edition), which no test needs: the tests
read ``recorded.json``. TensorFlow 1 is ``tf.compat.v1`` with the behaviour of version 2 switched off; what it has no
more is put here by its formula (``tf.contrib``, and the names and orders of arguments of version 0.12). The beginning
of a program's name says for which version it was written; see `VERSIONS`.
"""

import importlib.util
import json
import os
import sys
import types
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
SNIPPETS = {path.stem: path for path in sorted((HERE / "snippets").glob("*_*.py"))}
RECORDED = HERE / "recorded.json"
VERSIONS = {
    "tf0": "tf0.12",
    "tf1": "tf1.15",
    "eager": "tf1.15",
    "tf2": "tf2.0",
    "keras": "keras2",
    "keras1": "keras1",
}
"""For which version a program was written, by the beginning of its name."""


def plain(value):
    """Return a value as JSON can hold it: an array as its dtype and its numbers, to 9 significant digits."""
    if isinstance(value, dict):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if isinstance(value, np.ndarray | np.generic):
        numbers = np.vectorize(lambda x: float(f"{x:.9g}"), otypes=[float])(value) if value.dtype.kind == "f" else value
        if value.dtype.kind in "OSU":
            numbers = np.asarray(value, str)
        return {"dtype": "object" if value.dtype.kind in "OSU" else value.dtype.name, "value": numbers.tolist()}
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, bytes):
        return value.decode()
    if value is None or isinstance(value, bool | int | str):
        return value
    raise TypeError(f"result holds a {type(value).__name__}, {value!r}; it may hold arrays, numbers and strings.")


def result_of(name):
    """Run a program and return its ``result``."""
    spec = importlib.util.spec_from_file_location(f"snippet_{name}", SNIPPETS[name])
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return plain(module.result)


def contrib(v1):
    """Return ``tf.contrib`` as far as the programs use it, by the formulas of TensorFlow 1.15's documentation."""

    def l1_regularizer(scale):
        return lambda weights: v1.multiply(scale, v1.reduce_sum(v1.abs(weights)), name="l1_regularizer")

    def l2_regularizer(scale):
        return lambda weights: v1.multiply(scale, v1.nn.l2_loss(weights), name="l2_regularizer")

    def fully_connected(
        inputs, num_outputs, activation_fn=v1.nn.relu, weights_initializer=None, weights_regularizer=None,
        biases_initializer=None, reuse=None, scope=None,
    ):  # fmt: skip
        with v1.variable_scope(scope, "fully_connected", [inputs], reuse=reuse):
            kernel = v1.get_variable(
                "weights", [inputs.shape[-1], num_outputs], v1.float32, weights_initializer, weights_regularizer
            )
            bias = v1.get_variable("biases", [num_outputs], v1.float32, biases_initializer or v1.zeros_initializer())
            output = v1.nn.bias_add(v1.matmul(inputs, kernel), bias)
            return output if activation_fn is None else activation_fn(output)

    def flatten(inputs):
        return v1.reshape(inputs, [-1, int(np.prod(inputs.shape.as_list()[1:]))])

    layers = types.SimpleNamespace(
        l1_regularizer=l1_regularizer, l2_regularizer=l2_regularizer, fully_connected=fully_connected, flatten=flatten,
        xavier_initializer=v1.glorot_uniform_initializer,
    )  # fmt: skip

    def value_and_gradients(function):
        def call(*arguments):
            with v1.GradientTape() as tape:
                value = function(*arguments)
            variables = tape.watched_variables()
            return value, list(zip(tape.gradient(value, variables), variables, strict=True))

        return call

    eager = types.ModuleType("tensorflow.contrib.eager")
    eager.Variable = lambda *values, **settings: v1.Variable(*values, **settings, use_resource=True)
    eager.enable_eager_execution = v1.enable_eager_execution
    eager.implicit_value_and_gradients = value_and_gradients
    eager.implicit_gradients = lambda function: lambda *arguments: value_and_gradients(function)(*arguments)[1]
    eager.gradients_function = lambda function: lambda *points: gradients_at(function, points)
    eager.Iterator = iter

    def gradients_at(function, points):
        points = [v1.convert_to_tensor(point) for point in points]
        with v1.GradientTape() as tape:
            for point in points:
                tape.watch(point)
            value = function(*points)
        return tape.gradient(value, points)

    found = types.ModuleType("tensorflow.contrib")
    found.__path__ = []
    found.layers, found.eager = layers, eager
    return found


def old_names(v1):
    """Return what TensorFlow 0.12 called otherwise, or took in another order."""
    return {
        "mul": v1.multiply, "sub": v1.subtract, "neg": v1.negative, "pack": v1.stack, "unpack": v1.unstack,
        "concat": lambda concat_dim, values, name="concat": v1.concat(values, concat_dim, name),
        "split": lambda split_dim, num_split, value: v1.split(value, num_split, split_dim),
        "batch_matmul": v1.matmul, "select": v1.where,
    }  # fmt: skip


def as_in_keras_1(keras):
    """Let Keras have the modules, and its layers and ``fit`` the arguments, of version 1."""
    arguments = {
        "output_dim": "units", "init": "kernel_initializer", "W_regularizer": "kernel_regularizer", "bias": "use_bias",
        "p": "rate", "nb_filter": "filters", "border_mode": "padding", "subsample": "strides", "nb_epoch": "epochs",
    }  # fmt: skip

    def renamed(function):
        def call(*positional, **named):
            named = {arguments.get(name, name): value for name, value in named.items()}
            if named.pop("dim_ordering", None):
                named["data_format"] = "channels_last"
            if "nb_row" in named:
                named["kernel_size"] = named.pop("nb_row"), named.pop("nb_col")
            return function(*positional, **named)

        return call

    layers = keras.layers
    core, convolutional, np_utils = (types.ModuleType(f"keras.{name}") for name in ("core", "convolutional", "utils"))
    for name in ("Activation", "Dense", "Dropout", "Flatten"):
        setattr(core, name, renamed(getattr(layers, name)))
    convolutional.MaxPooling2D = renamed(layers.MaxPooling2D)
    convolution = renamed(layers.Conv2D)

    def convolution_2d(*sizes, **named):
        return convolution(*(sizes and (sizes[0], sizes[1:])), **named)

    convolutional.Convolution2D = convolution_2d
    np_utils.to_categorical = keras.utils.to_categorical

    class Sequential(keras.models.Sequential):
        def fit(self, *positional, **named):
            return renamed(super().fit)(*positional, **named)

        def predict_proba(self, x, verbose=0):
            return self.predict(x)

        def predict_classes(self, x, verbose=0):
            return self.predict(x).argmax(-1)

    models = types.ModuleType("keras.models")
    models.Sequential = Sequential
    sys.modules["keras.models"] = models
    sys.modules.update({"keras.layers.core": core, "keras.layers.convolutional": convolutional})
    sys.modules["keras.utils.np_utils"] = keras.utils.np_utils = np_utils


def installed(name):
    """Let ``import tensorflow`` and ``import keras`` mean what they meant to a program of that name."""
    import tensorflow

    kind = name.partition("_")[0]
    if kind == "tf2":
        return
    v1 = tensorflow.compat.v1
    v1.disable_v2_behavior()
    v1.logging.set_verbosity(v1.logging.ERROR)
    module = types.ModuleType("tensorflow")
    module.__path__ = []
    module.contrib = contrib(v1)
    if kind == "tf0":
        cross_entropy = v1.nn.softmax_cross_entropy_with_logits
        nn = types.SimpleNamespace(**{name: getattr(v1.nn, name) for name in dir(v1.nn)})
        nn.softmax_cross_entropy_with_logits = lambda logits, labels: cross_entropy(labels=labels, logits=logits)
        module.__dict__.update(old_names(v1), nn=nn)
    module.__getattr__ = lambda wanted: getattr(v1, wanted)
    sys.modules.update({"tensorflow": module, "tensorflow.contrib": module.contrib})
    sys.modules["tensorflow.contrib.eager"] = module.contrib.eager
    if kind.startswith("keras"):
        names = [found for found in sys.modules if found.startswith("tf_keras.api._v1.keras")]
        for found in names:
            sys.modules["keras" + found.removeprefix("tf_keras.api._v1.keras")] = sys.modules[found]
    if kind == "keras1":
        as_in_keras_1(sys.modules["keras"])


def record(names):
    """Run programs, each in a process of its own that is forked once TensorFlow is loaded, and write their results."""
    os.environ.update(TF_USE_LEGACY_KERAS="1", TF_ENABLE_ONEDNN_OPTS="0", CUDA_VISIBLE_DEVICES="")
    import tensorflow
    import tf_keras.api._v1.keras  # noqa: F401 (loaded before the processes part, so that each need not)

    recorded = json.loads(RECORDED.read_text())["programs"] if RECORDED.exists() else {}
    failed = []
    for name in names:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            installed(name)
            with os.fdopen(writing, "w") as pipe:
                json.dump(result_of(name), pipe)
                pipe.flush()
                os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as pipe:
            text = pipe.read()
        if os.waitpid(child, 0)[1]:
            failed.append(name)
        else:
            recorded[name] = json.loads(text)
    kept = {name: recorded[name] for name in sorted(recorded) if name in SNIPPETS}
    lines = ",\n".join(f" {json.dumps(name)}: {json.dumps(kept[name])}" for name in kept)
    version = json.dumps(tensorflow.__version__)
    RECORDED.write_text(f'{{"tensorflow": {version}, "programs": {{\n{lines}\n}}}}\n')
    print(f"recorded {len(names) - len(failed)} programs of {len(names)}; failed: {', '.join(failed) or 'none'}")


if __name__ == "__main__":
    record(sys.argv[1:] or list(SNIPPETS))
