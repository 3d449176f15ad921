"""Ranking: documents of a query in the order of their relevance, learnt from pairs.

Here: files with queries, the pairs of a query counted without being written down, a support vector machine for them,
and the measures by which rankings are compared.
"""

from feedforward.linear.ranking.measures import mean_average_precision, ndcg, query_measures
from feedforward.linear.ranking.pairs import ActivePairs, Pairs
from feedforward.linear.ranking.ranking_svm import RankingProblem, RankingSVM
from feedforward.linear.ranking.svmlight import QueryRows, read_svmlight

__all__ = [
    "RankingSVM",
    "RankingProblem",
    "Pairs",
    "ActivePairs",
    "QueryRows",
    "read_svmlight",
    "ndcg",
    "mean_average_precision",
    "query_measures",
]
