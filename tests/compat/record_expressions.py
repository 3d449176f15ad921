"""Records what TensorFlow 2.21 (tf.compat.v1, in graphs) computes for ``expressions.py``.

Run it in ``tests``: ``python -m compat.record_expressions``.
It needs tf-keras 2.21, too, which ``tf.layers`` of that version is written with.
"""

import json
import os
from functools import partial
from pathlib import Path

from compat.expressions import EXPRESSIONS, GRADIENTS, gradients_of, lines, value_of
from compat.record import plain
from compat.scoped import names_of

RECORDED = Path(__file__).parent / "expressions.json"


def run(tf, make):
    """Return the value of what a function makes in a graph of its own."""
    with tf.Graph().as_default(), tf.Session() as session:
        made = make()
        return plain(session.run(made))


def main():
    """Write the values of all expressions."""
    os.environ.update(TF_USE_LEGACY_KERAS="1", CUDA_VISIBLE_DEVICES="")
    import tensorflow
    import tf_keras.api._v1.keras  # noqa: F401  # ``tf.layers`` are written with it

    tf = tensorflow.compat.v1
    tf.disable_v2_behavior()
    values = {each: run(tf, partial(value_of, tf, each)) for text in EXPRESSIONS.values() for each in lines(text)}
    gradients = {each: run(tf, partial(gradients_of, tf, each)) for each in lines(GRADIENTS)}
    with tf.Graph().as_default():
        names = names_of(tf)
    found = {"tensorflow": tensorflow.__version__, "values": values, "gradients": gradients, "names": names}
    RECORDED.write_text(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
