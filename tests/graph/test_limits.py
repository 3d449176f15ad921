"""Oracle (a): elements and products counted by hand."""

import re

import numpy as np
import pytest

from feedforward.errors import LimitError
from feedforward.graph.dimension import unknown
from feedforward.graph.limits import MAX_ELEMENTS, check_elements
from feedforward.graph.program import Program, specialise
from feedforward.graph.text import from_text, to_text
from feedforward.ops import constant, exp, matmul, placeholder, windows

N = unknown("n")


def test_a_value_may_have_just_as_many_elements_as_allowed():
    node = constant(0.0).broadcast_to((10, 10))
    check_elements([node], 100)
    with pytest.raises(LimitError, match=re.escape("(10, 10), in a model from a file, has more elements than the 99")):
        check_elements([node], 99)
    with pytest.raises(LimitError, match=re.escape("load it with max_elements=2**7.")):
        check_elements([node], 99)


def test_a_program_may_cost_64_times_as_many_additions():
    """An exponential counts as 8 additions: 8 of 100 elements are just as many as allowed."""
    nodes = [exp(constant(0.0).broadcast_to((100,))) for _ in range(8)]
    check_elements(nodes, 100)
    with pytest.raises(LimitError, match=re.escape("costs about 6,500 additions, more than the 6,400 it may")):
        check_elements([*nodes, constant(0.0).broadcast_to((100,))], 100)


@pytest.mark.parametrize("is_transposed", [False, True])
def test_products_may_multiply_1024_times_as_many(is_transposed):
    """10 x 10 elements, each the sum of 1,024 products: just as many as allowed for 100."""
    for inner, is_too_much in ((1024, False), (1025, True)):
        x = placeholder((inner, 10) if is_transposed else (10, inner))
        node = matmul(x, placeholder((inner, 10)), transpose_x=is_transposed)
        if is_too_much:
            with pytest.raises(LimitError, match="costs about 102,500 multiplications, more than the 102,400"):
                check_elements([node], 100)
        else:
            check_elements([node], 100)


def test_frames_that_are_added_up_count_as_products():
    """8 elements, each a sum over 4 places of a frame: 32 terms."""
    from feedforward.graph.gradient import gradient

    x = placeholder((8,))
    (slope,) = gradient(windows(x, (4,), axes=(0,)).sum(), [x])
    added = next(node for node in [slope] if node.op.name == "overlap_add")
    check_elements([added], 8)
    assert 8 * 4 <= 1024 * 8


def test_what_is_fed_allows_512_times_as_much():
    x = placeholder((N, 3))
    program = Program((x,), (), (x.reshape((N * 3, 1)).broadcast_to((N * 3, 512)),), max_elements=1)
    assert specialise(program, [(5, 3)]).outputs[0].shape == (15, 512)
    wide = Program((x,), (), (x.reshape((N * 3, 1)).broadcast_to((N * 3, 513)),), max_elements=1)
    with pytest.raises(LimitError, match=r"broadcast_to: a value of shape \(15, 513\)"):
        specialise(wide, [(5, 3)])


def test_the_number_of_operations_and_of_matrices_is_limited():
    """2**26 elements allow 2**26 / 12,000 operations, 5,592, and 2**10 matrices; four times as many four times."""
    x = placeholder((2, 2))
    nodes = [x] * 5592
    check_elements(nodes, MAX_ELEMENTS)
    with pytest.raises(LimitError, match=re.escape("5,593 operations in one program, which take long to compile")):
        check_elements([*nodes, x], MAX_ELEMENTS)
    check_elements(nodes * 4, MAX_ELEMENTS * 4)
    products = [matmul(placeholder((512, 2, 2)), placeholder((512, 2, 2))) for _ in range(2)]
    check_elements(products, MAX_ELEMENTS)
    with pytest.raises(LimitError, match=re.escape("1,025 matrices multiplied in one program")):
        check_elements([*products, matmul(x, x)], MAX_ELEMENTS)


def test_a_program_of_a_user_has_no_such_limit():
    x = placeholder((N,))
    program = Program((x,), (), (x.reshape((N, 1)).broadcast_to((N, MAX_ELEMENTS)),))
    assert specialise(program, [(3,)]).outputs[0].shape == (3, MAX_ELEMENTS)


def test_a_program_read_from_text_has_the_limit_unless_it_is_raised():
    x = placeholder((N,))
    text = to_text(Program((x,), (), (x.reshape((N, 1)).broadcast_to((N, MAX_ELEMENTS)),)))
    with pytest.raises(LimitError):
        specialise(from_text(text), [(3,)])
    for most in (4 * MAX_ELEMENTS, None):
        assert specialise(from_text(text, most), [(3,)]).outputs[0].shape == (3, MAX_ELEMENTS)


def test_sizes_not_known_yet_count_as_one():
    check_elements([placeholder((N, 100))], 100)
    with pytest.raises(LimitError):
        check_elements([placeholder((N, np.int64(101)))], 100)
