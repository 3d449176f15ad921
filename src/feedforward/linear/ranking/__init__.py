"""Ranking: documents of a query in the order of their relevance, learnt from pairs.

Here: files with queries, the pairs of a query counted without being written down, a support vector machine for them,
and the measures by which rankings are compared.
"""

from typing import TYPE_CHECKING

from feedforward.linear.ranking.cutting_planes import CuttingPlanes
from feedforward.linear.ranking.measures import mean_average_precision, ndcg, query_measures
from feedforward.linear.ranking.pairs import ActivePairs, Pairs
from feedforward.linear.ranking.ranking_svm import RankingProblem, RankingSVM
from feedforward.linear.ranking.svmlight import QueryRows, read_svmlight
from feedforward.lookup import namespace

__all__ = [
    "RankingSVM",
    "RankingProblem",
    "CuttingPlanes",
    "Pairs",
    "ActivePairs",
    "QueryRows",
    "read_svmlight",
    "ndcg",
    "mean_average_precision",
    "query_measures",
]

if not TYPE_CHECKING:
    __getattr__, __dir__ = namespace("feedforward.linear.ranking", __all__)
