"""Oracle (a): loops whose first and last places are worked out by hand."""

import re

import numpy as np
import pytest

from feedforward.backends.llvm import host
from feedforward.compiler.assemble import lay_out
from feedforward.compiler.bounds import check_bounds
from feedforward.compiler.loops import (
    INT,
    Accumulate,
    Buffer,
    Expr,
    For,
    Kernel,
    Multiply,
    Pack,
    Store,
    Var,
    View,
    apply,
    load,
    number,
    var,
)
from feedforward.compiler.matmul import Matmul
from feedforward.errors import GraphError
from feedforward.graph.node import Node
from feedforward.graph.op import OPS
from feedforward.graph.program import Program
from feedforward.ops import placeholder
from feedforward.ops.axes import is_inside

FLOAT = np.dtype("float32")
X, OUT, PLACES = Buffer("x", 12, FLOAT), Buffer("out", 12, FLOAT), Buffer("places", 12, INT)
ROW, COLUMN = Var("i", 3), Var("j", 4)


def kernel(*body, variables=(ROW, COLUMN)):
    for one in reversed(variables):
        body = (For(one, tuple(body)),)
    return Kernel("k", tuple(body))


def stored(index, value=None):
    return Store(OUT, index, number(0, FLOAT) if value is None else value)


def refused(body, message):
    with pytest.raises(GraphError, match=re.escape(message)):
        check_bounds([body])


def test_a_loop_over_the_whole_buffer_stays_inside():
    check_bounds([kernel(stored(4 * var(ROW) + var(COLUMN), load(X, 11 - 4 * var(ROW) - var(COLUMN))))])


def test_a_store_one_too_far_is_refused():
    refused(kernel(stored(4 * var(ROW) + var(COLUMN) + 1)), "out[4*i + j + 1] goes from 1 to 12, of 12 elements")


def test_a_store_before_the_beginning_is_refused():
    refused(kernel(stored(4 * var(ROW) - var(COLUMN))), "goes from -3 to 8, of 12 elements")


def test_a_load_is_checked_wherever_it_stands():
    far = load(X, 6 * var(ROW) + var(COLUMN))  # 0 to 15
    for body in (
        stored(var(COLUMN), far),
        stored(number(0).where(far < far, 1)),
        Accumulate("total", far),
    ):
        refused(kernel(body), "goes from 0 to 15, of 12 elements")


def test_a_loop_of_no_turns_reads_nothing():
    check_bounds([kernel(stored(4 * var(ROW) + var(COLUMN) + 100), variables=(Var("i", 0), COLUMN))])


def test_a_place_from_data_is_refused_unless_it_is_made_safe():
    at = load(PLACES, 4 * var(ROW) + var(COLUMN))
    refused(kernel(stored(at)), "goes from ? to ?, of 12 elements")
    check_bounds([kernel(stored(at.where(is_inside(at, 12), 0)))])
    refused(kernel(stored(at.where(is_inside(at, 13), 0))), "goes from 0 to 12, of 12 elements")
    refused(kernel(stored(at.where(at < 12, 0))), "goes from ? to 11, of 12 elements")
    refused(kernel(stored(at.where(is_inside(at, 12), -1))), "goes from -1 to 11, of 12 elements")
    other = load(PLACES, var(COLUMN))
    refused(kernel(stored(at.where(is_inside(other, 12), 0))), "goes from ? to ?, of 12 elements")


def test_a_branch_that_is_never_taken_does_not_count():
    """-1 < -1 holds nowhere."""
    never: Expr = number(-1).where(is_inside(number(-1), 3), 2)
    check_bounds([kernel(stored(never + 1))])


def test_quotients_and_remainders_have_bounds():
    at = var(Var("k", 12))
    quotient, remainder = divmod(at, 5)  # 0 to 2, 0 to 4
    check_bounds([kernel(stored(4 * quotient + remainder - 1 * remainder), variables=(Var("k", 12),))])
    refused(kernel(stored(4 * quotient + remainder), variables=(Var("k", 13),)), "of 12 elements")


def test_a_quotient_of_what_may_be_negative_has_no_bound():
    """Machine code takes -1 // 5 for 2**64 // 5."""
    at = load(PLACES, 4 * var(ROW) + var(COLUMN))
    low = apply("quotient", at.where(at < 12, 0), number(5), dtype=INT)
    refused(kernel(stored(low)), "goes from 0 to ?, of 12 elements")
    safe = apply("quotient", at.where(is_inside(at, 60), 0), number(5), dtype=INT)
    check_bounds([kernel(stored(safe))])


@pytest.mark.parametrize("batch", [1, 3])
def test_products_have_room_for_their_matrices(batch):
    plan = Matmul(70, 300, 150, True, True, FLOAT, 16, 32, 1 << 12)
    assert plan.left and plan.right
    sizes = {"out": 10500, "x": 21000, "y": 45000}
    sizes |= {"left": plan.left.size, "right": plan.right.size, "partial": plan.partial}
    sizes = {name: size * batch for name, size in sizes.items()}
    assert min(sizes.values()) > 0

    def product(**other):
        buffers = {name: Buffer(name, size, FLOAT) for name, size in (sizes | other).items()}
        out, x, y, left, right, partial = buffers.values()
        copies = Pack(left, x, plan.left, batch), Pack(right, y, plan.right, batch)
        return Kernel("k", (*copies, Multiply(out, x, y, left, right, partial, plan, batch)))

    check_bounds([product()])
    for name, size in sizes.items():
        with pytest.raises(GraphError, match=f"{name}.*of {size - 1} elements"):
            check_bounds([product(**{name: size - 1})])


def test_a_product_has_the_buffers_that_it_needs():
    plan = Matmul(70, 300, 150, True, True, FLOAT, 16, 32, 1 << 12)
    out, x, y = (Buffer(name, size, FLOAT) for name, size in (("out", 10500), ("x", 21000), ("y", 45000)))
    with pytest.raises(GraphError, match="a product without a buffer of 26880 elements"):
        check_bounds([Kernel("k", (Multiply(out, x, y, None, None, None, plan),))])


def test_a_view_stays_inside_its_buffer_and_has_the_sizes_of_its_product():
    """Windows of 2 of each third of 8 elements: the last begins at 6, and ends at 7."""
    row, turn = Var("row", 3), Var("column", 2)
    plan = Matmul(3, 2, 4, False, False, FLOAT, viewed_bytes=32)

    def product(size, view):
        x, y, out = Buffer("x", size, FLOAT), Buffer("y", 8, FLOAT), Buffer("out", 12, FLOAT)
        return Kernel("k", (Multiply(out, x, y, None, None, None, plan, 1, view),))

    view = View((row, 3 * var(row)), (turn, var(turn)))
    check_bounds([product(8, view)])
    refused(product(7, view), "x[3*row + column] goes from 0 to 7, of 7 elements")
    longer = View((Var("row", 4), view.rows[1]), view.inner)
    refused(product(99, longer), "a view of 4 by 2 elements for 1 of 3 by 2")


def test_a_program_that_lies_does_not_become_code():
    """A slice whose node says more than its rule allows, as only a fault of ours could make one."""
    x = placeholder((8,))
    good = x[:4]
    lie = Node(OPS["slice"], (x,), {"starts": (6,), "sizes": (4,), "steps": (1,)}, good.shape, good.dtype)
    with pytest.raises(GraphError, match="may reach outside of a buffer"):
        lay_out(Program((x,), (), (lie,)), host())
