"""Oracle (a): routines whose text, and whose first and last places, are worked out by hand."""

import re

import numpy as np
import pytest

from feedforward.compiler.loops import INT, Accumulate, apply, number
from feedforward.compiler.machine import host
from feedforward.compiler.ragged.bounds import check_routine
from feedforward.compiler.ragged.emit import emit_routine
from feedforward.compiler.ragged.formulas import formula
from feedforward.compiler.ragged.loops import (
    Ask,
    Index,
    Let,
    Range,
    Routine,
    Sum,
    Vector,
    When,
    Write,
    accumulated,
    added,
    at,
    element,
    is_less,
    larger,
    multiplied,
    size_of,
    smaller,
)
from feedforward.errors import GraphError
from feedforward.graph.dimension import unknown
from feedforward.ops import placeholder

F = np.dtype("float64")
n, d, m, stored = (unknown(name) for name in ("n", "d", "m", "stored"))
VALUES = Vector("values", F, stored)
INDICES = Vector("indices", np.dtype("int32"), stored, d)
STARTS = Vector("starts", np.dtype("int64"), n + 1, stored + 1)
W, OUT = Vector("w", F, d), Vector("out", F, n, is_changed=True)
ORDER = Vector("order", INT, m, n, is_changed=True)
ROW, PLACE, TURN = Index("row", n), Index("j", stored), Index("turn", m)
HERE, FIRST, LAST = at(PLACE), element(STARTS, at(ROW)), element(STARTS, at(ROW) + 1)


def products(place=HERE, first=FIRST, last=LAST):
    """The product of each row with a vector."""
    term = multiplied(element(VALUES, place), element(W, element(INDICES, place).as_index()))
    body = Sum("s", term, PLACE, first, last), Write(OUT, at(ROW), accumulated("s", F))
    return routine(Range(ROW, number(0), size_of(n), body))


def routine(*body, vectors=(VALUES, INDICES, STARTS, W, OUT, ORDER)):
    return Routine("products", ("n", "d", "m", "stored"), vectors, body)


def refused(faulty, why):
    with pytest.raises(GraphError, match="a routine may reach outside of a vector: " + re.escape(why)):
        check_routine(faulty)


def test_a_routine_reads_as_the_grammar_says() -> None:
    assert (
        str(products())
        == """\
routine products for n, d, m, stored of
    values: float64[stored]
    indices: int32[stored] in 0..d
    starts: int64[n + 1] in 0..stored + 1
    w: float64[d]
    out: float64[n], changed
    order: int64[m] in 0..n, changed
do
  for row in 0..n:
    s = sum of values[j] * w[int64(indices[j])] for j in starts[row]..starts[row + 1]
    out[row] = s"""
    )


def test_the_other_statements_read_as_the_grammar_says() -> None:
    text = str(
        routine(
            Accumulate("left", number(0)),
            Range(TURN, number(0), size_of(m), (Let(ROW, element(ORDER, at(TURN))), Ask(OUT, at(ROW) + 64))),
            When(is_less(accumulated("left", INT), size_of(m)), (Write(ORDER, number(0), number(0)),)),
            Range(ROW, number(0), size_of(n), (Write(OUT, at(ROW), number(1.0, F), is_sum=True),), is_lanes=True),
        )
    )
    assert (
        text.partition("do\n")[2]
        == """\
  left = 0
  for turn in 0..m:
    row = order[turn]
    ask for out[row + 64]
  if left < m:
    order[0] = 0
  for row in 0..n lanes:
    out[row] += 1.0"""
    )


def test_rows_whose_ends_come_from_data_that_is_checked_are_let_through() -> None:
    check_routine(products())


def test_a_place_behind_the_values_is_refused() -> None:
    refused(products(place=at(PLACE) + 1), "the index of ")


def test_a_row_that_ends_behind_the_values_is_refused() -> None:
    refused(products(last=element(STARTS, at(ROW) + 1) + 1), "j goes over 0..stored + 1, and not over 0..stored")


def test_a_row_that_begins_before_the_values_is_refused() -> None:
    refused(products(first=element(STARTS, at(ROW)) - 1), "j goes over -1..stored")


def test_the_row_behind_the_last_is_refused() -> None:
    refused(products(last=element(STARTS, at(ROW) + 2)), "the index of starts[row + 2] goes from 2 to n + 1")


def test_integers_that_nobody_has_checked_are_no_index() -> None:
    loose = Vector("loose", INT, m)
    body = Range(TURN, number(0), size_of(m), (Write(OUT, element(loose, at(TURN)), number(0.0, F)),))
    refused(routine(body, vectors=(OUT, loose)), "the index of out[loose[turn]] goes from ? to ?, and not over 0..n")


def test_an_accumulator_is_an_index_only_between_two_that_are_known() -> None:
    left = accumulated("left", INT)

    def kept(index):
        body = Write(ORDER, index, element(ORDER, at(TURN))), Accumulate("left", added(left, number(1)))
        return routine(Accumulate("left", number(0)), Range(TURN, number(0), size_of(m), body))

    check_routine(kept(smaller(larger(left, number(0)), at(TURN))))
    refused(kept(left), "the index of order[left] goes from ? to ?")
    refused(kept(smaller(left, at(TURN))), "the index of order[minimum(left, turn)] goes from ? to m + -1")
    refused(kept(larger(left, number(0))), "the index of order[maximum(left, 0)] goes from 0 to ?")


def test_what_is_written_to_a_vector_of_indices_lies_in_their_range() -> None:
    def written(value, is_sum=False):
        return routine(Range(TURN, number(0), size_of(m), (Write(ORDER, at(TURN), value, is_sum),)))

    refused(written(at(TURN)), "order[turn] goes from 0 to m + -1, and not over 0..n")
    refused(written(number(0), is_sum=True), "order[turn] is added to")


def test_what_is_not_said_to_be_changed_is_not_written_to() -> None:
    body = Range(TURN, number(0), size_of(m), (Write(W, number(0), number(0.0, F)),))
    refused(routine(body), "w is written to, and not said to be changed")


def test_an_element_of_a_vector_that_may_be_empty_is_refused() -> None:
    refused(routine(Write(OUT, number(0), number(0.0, F))), "the index of out[0] goes from 0 to 0, and not over 0..n")


def test_an_index_has_a_value_in_its_own_block_alone() -> None:
    after = Write(OUT, at(ROW), number(0.0, F))
    refused(routine(Range(ROW, number(0), size_of(n), ()), after), "row has no value here")
    inner = When(is_less(number(0), size_of(m)), (Let(ROW, size_of(n) - 1),))
    refused(routine(inner, after), "row goes from n + -1 to n + -1, and not over 0..n")


def test_sizes_and_vectors_are_those_of_the_routine() -> None:
    other = Index("k", unknown("k"))
    refused(routine(Range(other, number(0), size_of(unknown("k")), ())), "k is none of the routine's sizes")
    body = Range(ROW, number(0), size_of(n), (Write(OUT, at(ROW), number(0.0, F)),))
    refused(routine(body, vectors=(W,)), "out is none of the routine's vectors")


def test_a_choice_has_the_bounds_of_both_and_of_its_mask() -> None:
    ahead = (at(TURN) + 8).where(is_less(at(TURN) + 8, size_of(m)), at(TURN))
    check_routine(routine(Range(TURN, number(0), size_of(m), (Let(ROW, element(ORDER, ahead)),))))
    wrong = (at(TURN) + 8).where(is_less(at(TURN) + 7, size_of(m)), at(TURN))
    refused(routine(Range(TURN, number(0), size_of(m), (Let(ROW, element(ORDER, wrong)),))), "the index of order")


def test_dense_rows_lie_behind_one_another() -> None:
    column = Index("column", d)
    dense = Vector("dense", F, n * d, is_changed=True)

    def zeroed(shift):
        index = multiplied(at(ROW), size_of(d)) + at(column) + shift
        inner = Range(column, number(0), size_of(d), (Write(dense, index, number(0.0, F)),), is_lanes=True)
        return routine(Range(ROW, number(0), size_of(n), (inner,)), vectors=(dense,))

    check_routine(zeroed(0))
    refused(zeroed(1), "the index of dense")


def test_a_routine_that_is_refused_does_not_become_code() -> None:
    with pytest.raises(GraphError, match="may reach outside of a vector"):
        emit_routine(products(place=at(PLACE) + 1), host())


def test_lanes_that_lie_apart_do_not_become_code() -> None:
    far = Write(OUT, element(ORDER, at(TURN)), number(0.0, F))
    with pytest.raises(GraphError, match="lanes write to"):
        emit_routine(routine(Range(TURN, number(0), size_of(m), (far,), is_lanes=True)), host())
    with pytest.raises(GraphError, match="does more than write"):
        emit_routine(routine(Range(TURN, number(0), size_of(m), (Ask(OUT, at(TURN)),), is_lanes=True)), host())


def test_an_index_that_loses_digits_is_refused() -> None:
    narrow = Write(OUT, at(ROW).cast(np.dtype("int32")), number(0.0, F))
    refused(routine(Range(ROW, number(0), size_of(n), (narrow,))), "the index of out[int32(row)] goes from ? to ?")


def test_lanes_that_are_read_apart_do_not_become_code() -> None:
    goal = Vector("goal", F, m, is_changed=True)
    far = Write(goal, at(TURN), element(OUT, element(ORDER, at(TURN))))
    body = Range(TURN, number(0), size_of(m), (far,), is_lanes=True)
    with pytest.raises(GraphError, match=re.escape("emit: lanes read out[order[turn]]")):
        emit_routine(routine(body, vectors=(OUT, ORDER, goal)), host())


def test_an_operation_without_a_formula_does_not_become_code() -> None:
    whole = apply("sum", number(1.0, F), dtype=F)
    with pytest.raises(GraphError, match="emit: sum has no formula"):
        emit_routine(routine(Accumulate("total", whole)), host())


def test_a_graph_of_single_numbers_is_a_formula_of_them() -> None:
    x, y = placeholder((), "float64"), placeholder((), "float64")
    values = {x: accumulated("a", F), y: accumulated("b", F)}
    assert str(formula(x * y + x, values, host())) == "(a * b) + a"


def test_a_graph_of_more_than_single_numbers_is_no_formula() -> None:
    x = placeholder((3,), "float64")
    with pytest.raises(GraphError, match="formula: sum takes more than operations on single numbers"):
        formula(x.sum(), {x: accumulated("a", F)}, host())
