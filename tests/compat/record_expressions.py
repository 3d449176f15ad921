"""Records what TensorFlow 2.21 (tf.compat.v1, in graphs) computes for ``expressions.py``: run it with that Python."""

import json
from functools import partial
from pathlib import Path

from expressions import EXPRESSIONS, GRADIENTS, gradients_of, lines, value_of
from record import plain

RECORDED = Path(__file__).parent / "expressions.json"


def run(tf, make):
    """Return the value of what a function makes in a graph of its own."""
    with tf.Graph().as_default(), tf.Session() as session:
        made = make()
        return plain(session.run(made))


def main():
    """Write the values of all expressions."""
    import tensorflow

    tf = tensorflow.compat.v1
    tf.disable_v2_behavior()
    values = {each: run(tf, partial(value_of, tf, each)) for text in EXPRESSIONS.values() for each in lines(text)}
    gradients = {each: run(tf, partial(gradients_of, tf, each)) for each in lines(GRADIENTS)}
    found = {"tensorflow": tensorflow.__version__, "values": values, "gradients": gradients}
    RECORDED.write_text(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
