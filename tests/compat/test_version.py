"""Oracle: the release notes of TensorFlow and Keras, which say when a name came and went; programs written out here."""

from pathlib import Path

import pytest

from feedforward.compat.evidence import Source, read_version
from feedforward.compat.version import VERSIONS, version_called, write_for, written_for

SLIDES = Path(__file__).resolve().parents[3] / "shared" / "slides"


def reading(text):
    return read_version([Source("", text)])


PROGRAMS = [
    # TensorFlow 1.0 renamed mul, pack, scalar_summary, put concat's axis last, and asked for logits= and labels=
    ("import tensorflow as tf\ny = tf.mul(2, 3)\ntf.Session()", "tf0.12", "tf.mul at line 2"),
    (
        "import tensorflow as tf\ntf.concat(1, [a, b])\ntf.Session()",
        "tf0.12",
        "tf.concat with its axis first at line 2",
    ),
    (
        "import tensorflow as tf\nx = tf.nn.softmax_cross_entropy_with_logits(y, t)\ntf.Session()",
        "tf0.12",
        "tf.nn.softmax_cross_entropy_with_logits without logits= and labels= at line 2",
    ),
    (
        "import tensorflow as tf\nx = tf.placeholder('float')\ntf.initialize_all_variables()",
        "tf0.12",
        "tf.initialize_all_variables at line 3",
    ),
    ("import tensorflow as tf\ntf.train.SummaryWriter('/tmp')", "tf0.12", "tf.train.SummaryWriter at line 2"),
    # TensorFlow 2.0 has no sessions, placeholders and optimizers of tf.train
    ("import tensorflow as tf\nwith tf.Session() as sess: pass", "tf1.15", "tf.Session at line 2"),
    ("import tensorflow as tf\ntf.concat([a, b], 1)\ntf.placeholder('float')", "tf1.15", "tf.placeholder at line 3"),
    ("import tensorflow as tf\ntf.reduce_sum(x, keep_dims=True)", "tf1.15", "keep_dims= at line 2"),
    ("import tensorflow as tf\nd = x.make_one_shot_iterator()", "tf1.15", ".make_one_shot_iterator at line 2"),
    ("from tensorflow.examples.tutorials.mnist import input_data", "tf1.15", None),
    ("import tensorflow\nsess = tensorflow.Session()", "tf1.15", "tf.Session at line 2"),
    # eager execution: to be switched on in 1.x, always on in 2.0
    ("import tensorflow as tf\ntf.enable_eager_execution()\ntf.GradientTape()", "tf1.15", None),
    (
        "import tensorflow as tf\nimport tensorflow.contrib.eager as tfe\ntfe.enable_eager_execution()",
        "tf1.15",
        "tensorflow.contrib.eager at line 2",
    ),
    ("import tensorflow as tf\ntfe = tf.contrib.eager\nclass A(tfe.Network): pass", "tf1.4", None),
    (
        "import tensorflow as tf\nwith tf.GradientTape() as tape: pass",
        "tf2.0",
        "tf.GradientTape without enable_eager_execution at line 2",
    ),
    ("import tensorflow as tf\ntf.placeholder('float')\ntf.Session()\ntf.GradientTape()", "tf2.0", None),
    ("import tensorflow as tf\nif f: tf.compat.v1.disable_eager_execution()\ntf.GradientTape()", "tf2.0", None),
    ("import tensorflow as tf\ntf.optimizers.SGD(0.1)", "tf2.0", "tf.optimizers.SGD at line 2"),
    ("import tensorflow as tf\ntf.random.set_seed(1)\n@tf.function\ndef f(): pass", "tf2.0", None),
    # 2.0 told to be as 1.x
    ("import tensorflow.compat.v1 as tf\ntf.disable_v2_behavior()\ntf.placeholder('float')", "tf1.15", None),
    ("import tensorflow as tf\ntf.compat.v1.disable_eager_execution()", "tf1.15", None),
    ("import tensorflow as tf\ntf.compat.v1.logging.set_verbosity(1)\ntf.optimizers.SGD(0.1)", "tf2.0", None),
    # tf.keras says nothing by itself; what history calls the accuracy does
    ("import tensorflow as tf\nm = tf.keras.Sequential()", "tf2.0", "no session"),
    ("import tensorflow as tf\nfrom tensorflow import keras\nplot(h.history['acc'])", "tf1.15", "'acc' at line 3"),
    ("from tensorflow import keras\nplot(h.history['val_accuracy'])", "tf2.0", "'val_accuracy' at line 2"),
    ("from tensorflow import keras\nm.compile('sgd', metrics=['acc'])\nplot(h.history['acc'])", "tf2.0", "no session"),
    # Keras 2.0 renamed arguments
    ("from keras.models import Sequential\nm.fit(x, y, nb_epoch=2)", "keras1", "nb_epoch at line 2"),
    ("from keras.layers import Dense\nDense(output_dim=3, init='uniform')", "keras1", "output_dim at line 2"),
    ("from keras.layers import Convolution2D\nConvolution2D(32, 3, 3)", "keras1", None),
    ("from keras.layers import Convolution2D\nConvolution2D(32, (3, 3))", "keras2", "nothing of Keras 1 in it"),
    ("from keras.layers import *\nDense(init='uniform')", "keras1", "init at line 2"),
    ("from keras.layers import Embedding\nEmbedding(output_dim=3, input_dim=4)", "keras2", "nothing of Keras 1 in it"),
    ("from keras.utils import np_utils\nnp_utils.to_categorical(y)", "keras2", "nothing of Keras 1 in it"),
    ("import keras\nm.fit(x, y, epochs=2)", "keras2", "epochs at line 2"),
    (
        "from keras.layers import Dense\nDense(3, kernel_initializer='uniform')",
        "keras2",
        "kernel_initializer at line 2",
    ),
    ("import keras\nplot(history.history['val_acc'])", "keras2", "nothing of Keras 1 in it"),
    # Keras 2.3 kept the word accuracy
    ("import keras\nm.fit(x, epochs=2)\nplot(history.history['accuracy'])", "keras2.3", "'accuracy' at line 3"),
    ("import keras\nkeras.callbacks.EarlyStopping(monitor='val_accuracy')", "keras2.3", "'val_accuracy' at line 2"),
    ("import keras\nx = 'w.{epoch:02d}-{val_accuracy:.2f}.hdf5'", "keras2.3", "'val_accuracy' at line 2"),
    # mixtures: Keras 2 took the names of Keras 1, too; a session beside Keras says which TensorFlow
    ("from keras.layers import Dense\nDense(units=3, kernel_initializer='zero')\nm.fit(nb_epoch=3)", "keras2", None),
    (
        "import tensorflow as tf\nimport keras\ntf.Session()\nm.fit(nb_epoch=1)",
        "keras1+tf1.15",
        "nb_epoch at line 4; tf.Session at line 3",
    ),
    ("import tensorflow as tf\nimport keras\nm.fit(nb_epoch=1)", "keras1", "nb_epoch at line 3"),
    (
        "import tensorflow as tf\nif old:\n    tf.mul(1, 2)\nelse:\n    tf.layers.dense(x, 1)\ntf.Session()",
        "tf1.15",
        None,
    ),
]


@pytest.mark.parametrize(("text", "version", "reason"), PROGRAMS, ids=[text[-40:] for text, _, _ in PROGRAMS])
def test_a_version_is_read_off_the_names(text, version, reason):
    found = reading(text)
    assert found.version.name == version, found
    if reason is not None:
        assert found.reason == reason


@pytest.mark.parametrize(
    "text", ["import numpy as np", "tensorflow = 3", "", "import sklearn.neural_network", "print 'x'"]
)
def test_a_program_of_neither_has_no_version(text):
    assert reading(text) is None


def test_parts_say_where_the_name_stands():
    cells = [Source("cell 1", "import tensorflow as tf\n"), Source("cell 2", "x = 1\ntf.Session()\n")]
    assert read_version(cells).reason == "tf.Session in cell 2, line 2"


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("circuit", None),
        ("eager_digits", "tf1.15"),
        ("eager_regression", "tf1.15"),
        ("keras_30_seconds", "keras1"),
        ("keras_first_look", "keras2"),
        ("keras_mlp", "keras2"),
        ("numpy_tensors", None),
        ("tf1_constants", "tf1.15"),
        ("tf1_dropout", "tf1.15"),
        ("tf1_relu_layer", "tf0.12"),
        ("tf1_softmax", "tf0.12"),
    ],
)
def test_the_slides_are_read_as_their_time(name, version):
    path = SLIDES / f"{name}.py"
    if not path.exists():
        pytest.skip(f"{path.name} is not here")
    found = reading(path.read_text(encoding="utf-8"))
    assert (found and found.version.name) == version


def test_versions_say_what_they_did():
    assert [name for name, version in VERSIONS.items() if version.is_eager] == ["tf2.0"]
    # Keras 2.3.0 and TensorFlow 2.0: "metrics and losses are now reported under the exact name specified by the user"
    assert {name for name, version in VERSIONS.items() if version.accuracy_key == "accuracy"} == {"tf2.0", "keras2.3"}


def test_two_versions_go_together():
    version = version_called("keras1+tf1.15")
    assert (version.tensorflow, version.keras) == ((1, 15), (1, 2))
    assert (version.name, version.title) == ("keras1+tf1.15", "Keras 1 on TensorFlow 1.15")


def test_an_unknown_version_is_refused():
    before = written_for()
    known = "tf0.12, tf1.4, tf1.15, tf2.0, keras1, keras2, keras2.3"
    with pytest.raises(ValueError, match=rf"^version 'tf9' is not known\. Known: {known}\.$"):
        write_for("tf9")
    with pytest.raises(ValueError, match=r"version '' is not known"):
        write_for("")
    assert written_for() is before
