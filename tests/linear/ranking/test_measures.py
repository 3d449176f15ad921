"""Oracle: rankings worked by hand; scikit-learn's ndcg_score and average_precision_score; the rules of LETOR's tool."""

import re

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, ndcg_score

from feedforward.errors import DataError, ShapeError
from feedforward.linear.ranking import mean_average_precision, ndcg, query_measures


def test_a_ranking_by_hand_as_letor_counts_it():
    # Grades 0, 2, 1, 1 in the order of the scores. DCG@3 = 0 + 3 + 1 / log2(3); at best 2, 1, 1: 3 + 1 + the same.
    third = 1 / np.log2(3)
    found = ndcg([2, 1, 0, 1], [0.8, 0.6, 0.9, 0.1], k=3)
    assert found == pytest.approx((3 + third) / (4 + third), abs=1e-15)
    # Relevant ones at 2, 3, 4: (1/2 + 2/3 + 3/4) / 3.
    assert mean_average_precision([2, 1, 0, 1], [0.8, 0.6, 0.9, 0.1]) == pytest.approx(23 / 36, abs=1e-15)


def test_the_standard_discount_is_that_of_scikit_learn():
    random = np.random.default_rng(2)
    y, s = random.integers(0, 5, (8, 12)), random.standard_normal((8, 12))
    queries = np.repeat(np.arange(8), 12)
    for k in (1, 3, 12, 20):
        # Its gain is what it is given; the queries have one size, and no two scores are equal.
        wanted = ndcg_score(np.exp2(y) - 1, s, k=k)
        assert ndcg(y.ravel(), s.ravel(), queries, k, is_letor=False) == pytest.approx(wanted, abs=1e-14)
    wanted = np.mean([average_precision_score(a >= 1, b) for a, b in zip(y, s, strict=True)])
    assert mean_average_precision(y.ravel(), s.ravel(), queries) == pytest.approx(wanted, abs=1e-14)


def test_queries_may_stand_in_any_order():
    random = np.random.default_rng(4)
    y, s, q = random.integers(0, 3, 60), random.standard_normal(60), random.integers(0, 7, 60)
    order = random.permutation(60)
    for one, other in zip(query_measures(y, s, q, 3), query_measures(y[order], s[order], q[order], 3), strict=True):
        np.testing.assert_array_equal(one, other)
    alone = [query_measures(y[q == each], s[q == each], None, 3) for each in range(7)]
    np.testing.assert_allclose(query_measures(y, s, q, 3)[0], [each[0][0] for each in alone], atol=1e-15)
    np.testing.assert_allclose(query_measures(y, s, q, 3)[1], [each[1][0] for each in alone], atol=1e-15)


def test_equal_scores_keep_the_order_in_which_they_were_given():
    assert mean_average_precision([1, 0], [5.0, 5.0]) == 1.0
    assert mean_average_precision([0, 1], [5.0, 5.0]) == 0.5
    assert ndcg([0, 1], [5.0, 5.0], k=1) == 0.0 and ndcg([1, 0], [5.0, 5.0], k=1) == 1.0


def test_a_query_without_relevant_documents_counts_as_0():
    found = query_measures([0, 0, 1, 0], [1.0, 2.0, 2.0, 1.0], [3, 3, 9, 9], 2)
    assert found[0].tolist() == [0.0, 1.0] and found[1].tolist() == [0.0, 1.0]
    assert ndcg([0, 0, 1, 0], [1.0, 2.0, 2.0, 1.0], [3, 3, 9, 9], 2) == 0.5


def test_a_query_of_fewer_than_k_documents_counts_as_0_in_letors_tool_alone():
    assert ndcg([2, 0], [1.0, 0.0], k=3) == 0.0
    assert ndcg([2, 0], [1.0, 0.0], k=3, is_letor=False) == 1.0


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: ndcg([1.0], [1.0], k=0), ValueError, "ndcg(k=0): k must be an int >= 1. Got 0."),
        (lambda: ndcg([], []), ShapeError, "ndcg: relevance has shape (0,). Expected a number for each document"),
        (lambda: ndcg([1, 2], [1.0]), ShapeError, "ndcg: relevance, scores and queries have shapes (2,), (1,), (2,)."),
        (lambda: ndcg([1, 2], [1.0, np.nan]), DataError, "ndcg: scores is nan at row 1. Expected finite numbers."),
        (
            lambda: ndcg([-1, 2], [1.0, 2.0]),
            DataError,
            "ndcg: relevance goes from -1 to 2. Expected numbers from 0 to 60",
        ),
        (
            lambda: ndcg([1, 99], [1.0, 2.0]),
            DataError,
            "ndcg: relevance goes from 1 to 99. Expected numbers from 0 to 60",
        ),
    ],
)
def test_what_cannot_be_measured_is_told_why(call, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}"):
        call()
