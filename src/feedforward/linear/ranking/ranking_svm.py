"""The ranking support vector machine: scores whose order is that of the relevance, learnt from pairs of one query.

    P(w) = 1/2 |w|^2 + C sum over pairs c l(w (x_i - x_j)),  y_i > y_j, both of one query

l(m) is max(0, 1 - m)^2 or max(0, 1 - m); c is 1, or 1 / (pairs of the query). The dual has a variable for each pair.
That of the squared hinge is, for a_ij >= 0,

    D(a) = sum a_ij - 1/2 |sum a_ij (x_i - x_j)|^2 - sum a_ij^2 / (4 C c)

a_ij = 2 C c max(0, 1 - w (x_i - x_j)) makes every term of D one that `Pairs` adds up, so the gap costs no more than the
objective. Multiplied by the best factor t, D(t a) = t A - t^2 B, which is A^2 / (4 B), it is never smaller. The hinge
has its gap from cutting planes.

References: Joachims, "Optimizing search engines using clickthrough data", 2002; Lee and Lin, "Large-scale linear
RankSVM", 2014, (4) and section 4 (the squared hinge, and truncated Newton).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from feedforward.errors import DataError, ShapeError
from feedforward.linear.estimators.estimator import Estimator
from feedforward.linear.loops.kernels import margins, transposed
from feedforward.linear.objectives.problem import Local
from feedforward.linear.ranking.cutting_planes import CuttingPlanes
from feedforward.linear.ranking.pairs import Pairs
from feedforward.linear.result import Result
from feedforward.linear.rows import Rows
from feedforward.linear.solvers.newton import Newton
from feedforward.linear.targets import numbers_of
from feedforward.nn.config import Range, check_bool, check_choice, check_int, check_number

__all__ = ["RankingProblem", "RankingSVM"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class RankingProblem:
    """Rows whose pairs are to be in the right order.

    `primal` and `local` are of the squared hinge, for `Newton`, as those of `problem.py`; `risk` is of the hinge, for
    `CuttingPlanes`.

    Parameters
    ----------
    rows : Rows
    pairs : Pairs
    cost : float
        C.

    Notes
    -----
    There is no intercept, which all documents would share. Solvers of this package keep a last weight for it: here it
    is 0, and stays so, since nothing but |u|^2 depends on it.
    """

    rows: Rows
    pairs: Pairs
    cost: float

    @property
    def scale(self) -> float:
        """The constant of the intercept's column: there is none."""
        return 0.0

    def primal(self, u: Floats, s: Floats | None = None) -> float:
        """Return P(u), given the scores if they are known."""
        s = self.scores(u) if s is None else s
        return 0.5 * float(u @ u) + self.cost * self.pairs.at(s).squared_hinge

    def local(self, u: Floats, s: Floats | None = None) -> Local:
        """Return the objective near a point, given its scores if they are known."""
        active = self.pairs.at(self.scores(u) if s is None else s)
        slope = self.cost * self.weights(
            active.squared_gradient
        )  # of the losses; the dual's sum of a_ij (x_i - x_j) is -slope
        linear = 2 * self.cost * active.hinge
        square = 0.5 * float(slope @ slope) + self.cost * active.squared_hinge
        primal = 0.5 * float(u @ u) + self.cost * active.squared_hinge
        dual = linear * linear / (4 * square) if square else 0.0

        def curve(v: Floats) -> Floats:
            return v + self.cost * self.weights(active.curvature(self.scores(v)))

        # The dual variables are as many as the pairs: they are not kept.
        return Local(primal, dual, np.zeros(0), u + slope, curve)

    def start(self, result: Result | None) -> Floats:
        """Return weights to begin with: 0, or those of an earlier result."""
        return np.zeros(self.rows.shape[1] + 1) if result is None else np.append(result.w, 0.0)

    def advice(self) -> str:
        """Return what to do where the steps were not enough."""
        return "raise max_iter, lower C, or scale the columns to one size"

    def scores(self, u: Floats) -> Floats:
        """Return X w, shape (n,)."""
        return margins(self.rows, u[:-1])

    def risk(self, scores: Floats) -> tuple[float, Floats]:
        """Return C times the hinge losses of all pairs, and a subgradient by the scores."""
        active = self.pairs.at(scores)
        return self.cost * active.hinge, self.cost * active.hinge_subgradient

    def weights(self, v: Floats) -> Floats:
        """Return X' v, and the 0 of the intercept."""
        return np.append(transposed(self.rows, v), 0.0)


@dataclass(eq=False)
class RankingSVM(Estimator):
    """A linear scoring function, learnt from which document of a query is better than which.

    Parameters
    ----------
    C : float
        What a pair costs, above 0.
    loss : str
        "squared_hinge", solved by Newton's method, or "hinge", by cutting planes, which take more steps.
    tol : float
        The relative duality gap (P - D) / P to reach.
    max_iter : int
        The most steps.
    is_query_weighted : bool
        Whether the pairs of a query count 1 together, so that one of many documents counts no more than one of few.
    warm_start : bool
        Whether `fit` begins with the weights it found before.

    Attributes
    ----------
    coef_ : float64 array, shape (d,)
        w.
    result_ : Result
        Primal, dual, gap, and in words why training stopped.

    Notes
    -----
    A step costs some ten products with the rows, and O(n log n) for the pairs; n^2 numbers are nowhere. Scale the
    columns first, within each query if they are not comparable between queries, as LETOR's are.

    Examples
    --------
    >>> x, y = [[1.0, 0.0], [0.0, 1.0], [2.0, 0.0], [0.0, 3.0]], [1, 0, 1, 0]
    >>> model = RankingSVM(C=10.0, tol=1e-9).fit(x, y, [1, 1, 2, 2])
    >>> model.predict(x).argsort()[::-1]  # the best first
    array([2, 0, 1, 3])
    >>> model.score(x, y, [1, 1, 2, 2])
    1.0
    """

    _kind: ClassVar[str] = "ranker"

    C: float = 1.0
    loss: str = "squared_hinge"
    tol: float = 1e-4
    max_iter: int = 1000
    is_query_weighted: bool = False
    warm_start: bool = False
    coef_: Floats = field(init=False, repr=False)

    def fit(self, x: Any, y: Any, qid: Any = None) -> Self:
        """Learn from documents, how relevant they are, and to which query they belong.

        Parameters
        ----------
        x : array or SciPy sparse array of shape (n, d), or Rows
            float32 and float64 are not copied.
        y : array of numbers, shape (n,)
            How relevant; only the order within a query matters.
        qid : array of whole numbers, shape (n,), optional
            The query of each, in any order; else all are of one.

        Returns
        -------
        RankingSVM
            Itself.

        Raises
        ------
        ValueError
            If a setting is out of its range.
        ShapeError, DataError, TypeError
            If the data are not as said, or no query has two documents of different relevance.

        Warns
        -----
        ModelWarning
            If the gap was not reached.
        """
        name = "RankingSVM"
        check_number(name, "C", self.C, Range(0, has_low=False))
        check_choice(name, "loss", self.loss, ("squared_hinge", "hinge"))
        check_number(name, "tol", self.tol, Range(0))
        check_int(name, "max_iter", self.max_iter, 1)
        check_bool(name, "is_query_weighted", self.is_query_weighted)
        check_bool(name, "warm_start", self.warm_start)
        before = self.results_[0] if self.warm_start and "results_" in vars(self) else None
        rows = self._rows_to_fit(x)
        pairs = Pairs(*_targets(y, qid, rows.shape[0], f"{name}.fit"), self.is_query_weighted)
        if not pairs.count:
            raise DataError(
                f"{name}.fit: no query has documents of different y (n_samples={rows.shape[0]}). Expected a pair of "
                f"which one is better. Give grades that differ, or check qid."
            )
        if before is not None and len(before.w) != rows.shape[1]:
            raise ShapeError(
                f"{name}.fit: x has {rows.shape[1]} columns, and warm_start=True goes on from {len(before.w)} weights. "
                f"Give the same columns, or warm_start=False."
            )
        problem = RankingProblem(rows, pairs, float(self.C))
        solver = Newton() if self.loss == "squared_hinge" else CuttingPlanes()
        result = solver.solve(problem, self.tol, self.max_iter, start=before)
        self._keep_columns(x, rows)
        self.coef_ = result.w
        self._keep([result])
        return self

    def predict(self, x: Any) -> Floats:
        """Return the score x w of each document, shape (n,): within a query, the larger the better.

        Raises
        ------
        ShapeError, DataError, TypeError
            If x is not as in `fit`.
        """
        return margins(self._rows_to_predict(x, "predict"), self.coef_)

    def decision_function(self, x: Any) -> Floats:
        """Return the same as `predict`."""
        return self.predict(x)

    def score(self, x: Any, y: Any, qid: Any = None) -> float:
        """Return the share of pairs in the right order, from 0 to 1; a tie is half a pair. See also `ndcg`."""
        scores = self.predict(x)
        return Pairs(*_targets(y, qid, len(scores), "RankingSVM.score")).right(scores)


def _targets(y: Any, qid: Any, count: int, name: str) -> tuple[Floats, Any]:
    """Return relevances and queries, a number for each document."""
    targets = numbers_of(y, count, name)
    if qid is None:
        return targets, None
    queries = np.asarray(qid)
    if queries.shape != (count,) or queries.dtype.kind not in "iu":
        raise ShapeError(
            f"{name}: qid has shape {queries.shape} and dtype {queries.dtype}, x has {count} rows. Expected a whole "
            f"number for each. Number the queries."
        )
    return targets, queries
