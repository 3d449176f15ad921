"""Oracle: TensorFlow 2.21 (tf.compat.v1), run on ``expressions.py`` by record_expressions.py."""

import pytest

from compat.compared import EXPECTED, differences, in_mode
from compat.expressions import EXPRESSIONS, GRADIENTS, gradients_of, lines, value_of


@pytest.mark.parametrize("is_eager", [False, True], ids=["graph", "eager"])
@pytest.mark.parametrize("expression", lines(EXPRESSIONS["maths"]))
def test_an_expression_has_tensorflow_s_value(expression, is_eager):
    found = in_mode(lambda tf: value_of(tf, expression), is_eager)
    assert not differences(found, EXPECTED["values"][expression])


@pytest.mark.parametrize("expression", lines(GRADIENTS))
def test_an_expression_has_tensorflow_s_gradient(expression):
    found = in_mode(lambda tf: gradients_of(tf, expression))
    # Sums of up to 60 products of some units in size, in another order, in float32: 60 * 2**-24 * 8.
    assert not differences(found, EXPECTED["gradients"][expression], 3e-5)
