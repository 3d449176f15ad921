"""The standard convex programs, handed to CVXPY: linear, quadratic, second-order cone, geometric, semidefinite.

CVXPY is an extra, ``pip install 'feedforward-nn[convex]'``; it brings the solvers. The forms are those of Boyd and
Vandenberghe, "Convex optimization", 2004, chapter 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from feedforward.convex.points import Floats, as_matrix, as_vector
from feedforward.errors import DataError, ShapeError

__all__ = [
    "Solution",
    "geometric_program",
    "linear_program",
    "quadratic_program",
    "second_order_cone_program",
    "semidefinite_program",
]

Pair: TypeAlias = tuple[Any, Any]
"""A matrix and a vector, or of a posynomial exponents and coefficients."""


@dataclass(frozen=True)
class Solution:
    """The solution of a program.

    Attributes
    ----------
    x : float64 array, shape (n,)
        Where the smallest value is taken.
    value : float
        The smallest value.
    inequality_multipliers : tuple of float64 array
        Of each inequality, or group of them, in the order in which they were given, at least 0: by how much the value
        falls if it is loosened by 1, to first order. Of a matrix inequality, a positive semidefinite matrix.
    equality_multipliers : float64 array
        Of the equalities, of any sign.
    gap : float
        The sum of multipliers times slacks: what the value can be above the smallest one, if the gradient of the
        Lagrangian is 0, as the solver has it but for its tolerance.
    solver : str
        Which solver found it.
    """

    x: Floats
    value: float
    inequality_multipliers: tuple[Floats, ...]
    equality_multipliers: Floats
    gap: float
    solver: str


def linear_program(cost: Any, inequalities: Pair | None = None, equalities: Pair | None = None) -> Solution:
    """Solve a linear program: minimise c' x subject to G x <= h, A x = b.

    Parameters
    ----------
    cost : float array, shape (n,)
        c.
    inequalities, equalities : pair of float arrays, shapes (m, n) and (m,)
        ``(G, h)`` and ``(A, b)``.

    Returns
    -------
    Solution

    Raises
    ------
    ValueError
        If no x fulfils the conditions, or the cost has no smallest value.
    ImportError
        If CVXPY is missing.

    References
    ----------
    Boyd and Vandenberghe, 2004, (4.27).

    Examples
    --------
    >>> from feedforward.convex import linear_program
    >>> found = linear_program([1.0, 2.0], ([[-1.0, -1.0], [0.0, -1.0]], [-1.0, 0.0]))  # doctest: +SKIP
    >>> found.x.round(6), round(found.value, 6)  # x1 + x2 >= 1, x2 >= 0  # doctest: +SKIP
    (array([1., 0.]), 1.0)
    """
    c = as_vector("linear_program", "cost", cost)
    return _quadratic("linear_program", None, c, inequalities, equalities)


def quadratic_program(
    matrix: Any, cost: Any, inequalities: Pair | None = None, equalities: Pair | None = None
) -> Solution:
    """Solve a quadratic program: minimise 1/2 x' P x + q' x subject to G x <= h, A x = b.

    Parameters
    ----------
    matrix : float array, shape (n, n)
        P, symmetric and positive semidefinite.
    cost : float array, shape (n,)
        q.
    inequalities, equalities
        As for `linear_program`.

    Returns
    -------
    Solution

    Raises
    ------
    DataError
        If P is not symmetric, or has an eigenvalue below 0.
    ValueError, ImportError
        As for `linear_program`.

    References
    ----------
    Boyd and Vandenberghe, 2004, (4.34).
    """
    caller = "quadratic_program"
    q = as_vector(caller, "cost", cost)
    p = as_matrix(caller, "matrix", matrix, len(q))
    size = max(float(np.abs(p).max()), np.finfo(np.float64).tiny)
    if p.shape != (len(q), len(q)) or np.abs(p - p.T).max() > 1e-10 * size:
        raise DataError(f"{caller}: the matrix, shape {p.shape}, is not symmetric. Expected P = P'. Give (P + P') / 2.")
    smallest = float(np.linalg.eigvalsh(p)[0])
    if smallest < -1e-10 * size * len(q):
        raise DataError(
            f"{caller}: the smallest eigenvalue of the matrix is {smallest:.3g}: the program is not convex. Expected "
            f"none below 0. Look for an error in a sign."
        )
    return _quadratic(caller, p, q, inequalities, equalities)


def second_order_cone_program(
    cost: Any, cones: Sequence[tuple[Any, Any, Any, float]], equalities: Pair | None = None
) -> Solution:
    """Solve a second-order cone program: minimise f' x subject to |A_i x + b_i| <= c_i' x + d_i, F x = g.

    Parameters
    ----------
    cost : float array, shape (n,)
        f.
    cones : sequence of (A_i, b_i, c_i, d_i)
        Arrays of shapes (m_i, n), (m_i,), (n,), and a number.
    equalities : pair of float arrays, shapes (p, n) and (p,)
        ``(F, g)``.

    Returns
    -------
    Solution
        A multiplier for each cone.

    Raises
    ------
    TypeError
        If a cone is not four things.
    ValueError, ImportError
        As for `linear_program`.

    References
    ----------
    Boyd and Vandenberghe, 2004, (4.36).
    """
    caller = "second_order_cone_program"
    f = as_vector(caller, "cost", cost)
    checked = []
    for number, cone in enumerate(cones):
        if not isinstance(cone, list | tuple) or len(cone) != 4:
            raise TypeError(
                f"{caller}: cone {number} is {cone!r}. Expected four: (A, b, c, d). Give |A x + b| <= c' x + d."
            )
        a = as_matrix(caller, f"A of cone {number}", cone[0], len(f))
        b = as_vector(caller, f"b of cone {number}", cone[1], len(a))
        c = as_vector(caller, f"c of cone {number}", cone[2], len(f))
        checked.append((a, b, c, float(as_vector(caller, f"d of cone {number}", cone[3], 1)[0])))
    cp = _cvxpy(caller)
    x = cp.Variable(len(f))
    sides = [(cp.norm(a @ x + b), c @ x + d) for a, b, c, d in checked]
    conditions, slacks = [left <= right for left, right in sides], [right - left for left, right in sides]
    return _solved(caller, x, f @ x, conditions, slacks, _equal(caller, x, equalities))


def geometric_program(objective: Pair, inequalities: Sequence[Pair] = (), equalities: Sequence[Pair] = ()) -> Solution:
    """Solve a geometric program: minimise f_0(x) subject to f_i(x) <= 1, g_j(x) = 1, x > 0.

    f(x) = sum_k c_k x_1^{a_k1} ... x_n^{a_kn}, c_k > 0, a posynomial; g_j has one term, a monomial.

    Parameters
    ----------
    objective : pair of float arrays, shapes (k, n) and (k,)
        ``(a, c)``: the exponents, a row for each term, and the coefficients of f_0.
    inequalities, equalities : sequence of such pairs
        The f_i and the g_j.

    Returns
    -------
    Solution
        Value and x are those of f_0; multipliers and gap are those of the convex form.

    Raises
    ------
    DataError
        If a coefficient is not above 0, or an equality has several terms.
    ValueError, ImportError
        As for `linear_program`.

    Notes
    -----
    With x = exp(y) the logarithm of a posynomial is log sum exp(a y + log c), which is convex: that is what is solved.

    References
    ----------
    Boyd and Vandenberghe, 2004, (4.43) and (4.44).
    """
    caller = "geometric_program"
    exponents, logs = _posynomial(caller, "objective", objective, None)
    width = exponents.shape[1]
    below = [_posynomial(caller, f"inequality {number}", each, width) for number, each in enumerate(inequalities)]
    equal = [_posynomial(caller, f"equality {number}", each, width) for number, each in enumerate(equalities)]
    for number, (_, b) in enumerate(equal):
        if len(b) != 1:
            raise DataError(f"{caller}: equality {number} has {len(b)} terms. Expected a monomial. Give one row.")
    cp = _cvxpy(caller)
    y = cp.Variable(width)
    logarithms = [cp.log_sum_exp(a @ y + b) for a, b in below]
    conditions, slacks = [each <= 0 for each in logarithms], [-each for each in logarithms]
    exact = [a @ y + b == 0 for a, b in equal]
    found = _solved(caller, y, cp.log_sum_exp(exponents @ y + logs), conditions, slacks, exact)
    multipliers = found.inequality_multipliers, found.equality_multipliers
    return Solution(np.exp(found.x), float(np.exp(found.value)), *multipliers, found.gap, found.solver)


def semidefinite_program(cost: Any, matrices: Sequence[Any], offset: Any, equalities: Pair | None = None) -> Solution:
    """Solve a semidefinite program: minimise c' x subject to x_1 F_1 + ... + x_n F_n + G <= 0, A x = b.

    Of matrices, M <= 0 means that no eigenvalue is above 0.

    Parameters
    ----------
    cost : float array, shape (n,)
        c.
    matrices : sequence of n float arrays, shape (k, k)
        F_i, symmetric.
    offset : float array, shape (k, k)
        G, symmetric.
    equalities : pair of float arrays, shapes (p, n) and (p,)
        ``(A, b)``.

    Returns
    -------
    Solution
        Its one inequality multiplier is a matrix, shape (k, k).

    Raises
    ------
    ShapeError, DataError
        If there are not n matrices of G's shape, or one is not symmetric.
    ValueError, ImportError
        As for `linear_program`.

    References
    ----------
    Boyd and Vandenberghe, 2004, (4.50).
    """
    caller = "semidefinite_program"
    c = as_vector(caller, "cost", cost)
    if len(matrices) != len(c):
        raise ShapeError(f"{caller}: got {len(matrices)} matrices for {len(c)} costs. Give one for each.")
    given = {"offset": offset} | {f"matrix {number}": each for number, each in enumerate(matrices)}
    checked = [as_matrix(caller, name, value) for name, value in given.items()]
    for name, each in zip(given, checked, strict=True):
        if each.shape != (len(checked[0]),) * 2 or np.abs(each - each.T).max() > 1e-10 * max(1.0, np.abs(each).max()):
            raise DataError(
                f"{caller}: {name}, shape {each.shape}, is not symmetric, or not of the offset's shape "
                f"{checked[0].shape}. Expected k by k, F = F'. Give (F + F') / 2."
            )
    cp = _cvxpy(caller)
    x = cp.Variable(len(c))
    total = checked[0] + sum((x[number] * each for number, each in enumerate(checked[1:])), start=0 * checked[0])
    # The solver's matrix inequality is of symmetric expressions; of floats they are so only up to rounding.
    slack: Any = -(total + total.T) / 2
    return _solved(caller, x, c @ x, [slack >> 0], [slack], _equal(caller, x, equalities))


def _quadratic(
    caller: str, matrix: Floats | None, cost: Floats, inequalities: Pair | None, equalities: Pair | None
) -> Solution:
    """Solve a linear program, or with a matrix a quadratic one."""
    cp = _cvxpy(caller)
    x = cp.Variable(len(cost))
    value = cost @ x if matrix is None else cp.quad_form(x, cp.psd_wrap(matrix)) / 2 + cost @ x
    conditions, slacks = [], []
    if inequalities is not None:
        g, h = _pair(caller, "inequalities", inequalities, len(cost))
        conditions, slacks = [g @ x <= h], [h - g @ x]
    return _solved(caller, x, value, conditions, slacks, _equal(caller, x, equalities))


def _pair(caller: str, name: str, pair: Pair, columns: int) -> tuple[Floats, Floats]:
    """Return the matrix and the vector of conditions, checked."""
    if not isinstance(pair, list | tuple) or len(pair) != 2:
        raise TypeError(
            f"{caller}: {name} is {type(pair).__name__}. Expected a matrix and a vector. Give a pair (G, h)."
        )
    matrix = as_matrix(caller, f"the matrix of {name}", pair[0], columns)
    return matrix, as_vector(caller, f"the vector of {name}", pair[1], len(matrix))


def _posynomial(caller: str, name: str, pair: Pair, columns: int | None) -> tuple[Floats, Floats]:
    """Return the exponents and the logarithms of the coefficients of a posynomial."""
    if not isinstance(pair, list | tuple) or len(pair) != 2:
        raise TypeError(
            f"{caller}: {name} is {type(pair).__name__}. Expected exponents and coefficients: a pair (a, c)."
        )
    exponents = as_matrix(caller, f"the exponents of {name}", pair[0], columns)
    coefficients = as_vector(caller, f"the coefficients of {name}", pair[1], len(exponents))
    if (coefficients <= 0).any():
        raise DataError(
            f"{caller}: the coefficients of {name} are {coefficients.tolist()}. Expected all above 0, as a posynomial "
            f"has them. Bring a term with a minus to the other side."
        )
    return exponents, np.log(coefficients)


def _equal(caller: str, x: Any, equalities: Pair | None) -> list[Any]:
    """Return the conditions A x = b."""
    if equalities is None:
        return []
    a, b = _pair(caller, "equalities", equalities, x.size)
    return [a @ x == b]


def _solved(caller: str, x: Any, value: Any, conditions: list[Any], slacks: list[Any], equal: list[Any]) -> Solution:
    """Return the solution of a program of CVXPY's."""
    cp = _cvxpy(caller)
    problem = cp.Problem(cp.Minimize(value), [*conditions, *equal])
    try:
        problem.solve(solver=cp.CLARABEL)
    except cp.error.SolverError as error:
        raise ValueError(
            f"{caller}: the solver failed: {error}. Expected numbers of about one size. Scale columns and conditions."
        ) from None
    if problem.status != cp.OPTIMAL:
        why = {
            cp.INFEASIBLE: "no x fulfils all conditions. Loosen one",
            cp.UNBOUNDED: "the value has no bound below. Add the condition that is missing",
        }.get(problem.status, "the solver could not reach its tolerance. Scale the columns and conditions")
        raise ValueError(f"{caller}: the status is {problem.status!r}, expected 'optimal': {why}.")
    multipliers = tuple(np.asarray(each.dual_value, np.float64) for each in conditions)
    gap = sum((float(np.sum(y * slack.value)) for y, slack in zip(multipliers, slacks, strict=True)), start=0.0)
    rest = [np.atleast_1d(np.asarray(each.dual_value, np.float64)) for each in equal]
    return Solution(
        np.asarray(x.value, np.float64),
        float(problem.value),
        multipliers,
        np.concatenate(rest) if rest else np.zeros(0),
        gap,
        problem.solver_stats.solver_name,
    )


def _cvxpy(caller: str) -> Any:
    """Return CVXPY."""
    try:
        import cvxpy
    except ImportError:
        raise ImportError(
            f"{caller}: CVXPY is not installed. Install it with pip install 'feedforward-nn[convex]'."
        ) from None
    return cvxpy
