"""Record what Keras 1.2.2 and 2.2.4 compute, on TensorFlow 2.21's compatibility layer, for `keras_programs.py`.

Run it in an environment with TensorFlow: ``python tests/compat/record_keras.py keras1 FOLDER [NAME ...]``, where FOLDER
holds the folder ``keras`` of that release, its packages ``preprocessing``, ``datasets`` and ``applications`` emptied.
"""

import collections
import collections.abc
import inspect
import json
import os
import pathlib
import sys
import types
import warnings

import numpy as np


def load(folder):
    """Return the module `keras` of a release of then, given what it misses in a Python of now."""
    os.environ["KERAS_BACKEND"] = "tensorflow"
    warnings.filterwarnings("ignore")
    for name in ("Iterable", "Callable", "Mapping", "Sequence", "MutableMapping"):
        setattr(collections, name, getattr(collections.abc, name))
    arguments = collections.namedtuple("ArgSpec", "args varargs keywords defaults")
    inspect.getargspec = lambda function: arguments(*inspect.getfullargspec(function)[:4])
    np.Inf = np.inf
    import tensorflow as real
    import tensorflow.compat.v1 as tf
    from tensorflow.python.framework import ops
    from tensorflow.python.ops.resource_variable_ops import BaseResourceVariable

    tf.disable_v2_behavior()
    tf.enable_resource_variables()  # else an update may come before a gradient reads what it changes
    BaseResourceVariable.__imul__ = lambda variable, factor: variable * factor  # as Keras 1 means it
    ops._TensorLike = real.Tensor
    ops.is_dense_tensor_like = lambda value: isinstance(value, real.Tensor | real.Variable)
    for name in ("yaml", "pkg_resources"):
        sys.modules[name] = types.ModuleType(name)
    sys.modules["pkg_resources"].parse_version = lambda version: tuple(map(int, version.split(".")[:2]))
    tf.__path__, tf.python = real.__path__, sys.modules["tensorflow.python"]
    for name in [name for name in sys.modules if name == "keras" or name.startswith("keras.")]:
        del sys.modules[name]
    sys.modules["tensorflow"] = tf
    sys.path.insert(0, folder)
    import keras

    return keras


if __name__ == "__main__":
    version, folder, *asked = sys.argv[1:]
    here = pathlib.Path(__file__).parent
    sys.path.insert(0, str(here))
    from keras_programs import ONLY, PROGRAMS, RACES

    keras = load(folder)
    file = here / "keras_recorded.json"
    recorded = json.loads(file.read_text()) if file.exists() else {}
    found = recorded.setdefault(version, {"keras": keras.__version__})
    for name, program in PROGRAMS.items():
        if (
            name in (asked or PROGRAMS)
            and ONLY.get(name, version) == version
            and (version != "keras1" or name not in RACES)
        ):
            keras.backend.clear_session()
            found[name] = program(keras)
    file.write_text(json.dumps(recorded, indent=0).replace("\n", "") + "\n")
