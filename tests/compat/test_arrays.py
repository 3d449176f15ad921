"""Oracle: TensorFlow 2.21 (tf.compat.v1), run on ``expressions.py`` by record_expressions.py."""

import pytest

from compat.compared import EXPECTED, differences, in_mode
from compat.expressions import EXPRESSIONS, lines, value_of


@pytest.mark.parametrize("is_eager", [False, True], ids=["graph", "eager"])
@pytest.mark.parametrize("expression", lines(EXPRESSIONS["arrays"]))
def test_an_expression_has_tensorflow_s_value(expression, is_eager):
    found = in_mode(lambda tf: value_of(tf, expression), is_eager)
    assert not differences(found, EXPECTED["values"][expression])
