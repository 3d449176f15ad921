"""Convex functions, sets and programs: what makes them easy, and the methods that make use of it.

    minimise f(x) + h(x),  f convex and smooth, h convex and simple

Here: whether a function is convex, subgradients, projections, proximal operators, the gradient methods that use them,
what is proven of these, and the standard programs, which go to CVXPY. Not here: linear models and their own solvers
(``feedforward.linear``), sets that an optimizer keeps the weights of a network in (``feedforward.constraints``; their
formulas serve here, too).

Book: Boyd and Vandenberghe, "Convex optimization", 2004.
"""

from typing import TYPE_CHECKING

from feedforward.convex.convexity import Convexity, Counterexample, is_convex, is_convex_by_hessian
from feedforward.convex.descent import Descent, projected_gradient, proximal_gradient, subgradient_method
from feedforward.convex.gaps import RateCheck, check_rate, rates_table
from feedforward.convex.pictures import plot_cost, plot_quadratic_model, plot_rates
from feedforward.convex.programs import (
    Solution,
    geometric_program,
    linear_program,
    quadratic_program,
    second_order_cone_program,
    semidefinite_program,
)
from feedforward.convex.projections import (
    project_affine,
    project_ball,
    project_box,
    project_halfspace,
    project_l1_ball,
    project_simplex,
    project_subspace,
)
from feedforward.convex.proximal import L1, L2, Indicator, SquaredL2, Term, lasso_gap
from feedforward.convex.rates import (
    AcceleratedRate,
    ContractionRate,
    CurvedSubgradientRate,
    GradientRate,
    LinearRate,
    PolyakRate,
    Rate,
    SmoothGradientRate,
    SubgradientRate,
)
from feedforward.convex.steps import Backtracking, Constant, InverseRoot, InverseTime, Polyak, Step
from feedforward.convex.subgradients import SubgradientCheck, is_subgradient, norm, subgradient
from feedforward.convex.taylor import QuadraticModel, quadratic_model
from feedforward.lookup import namespace

__all__ = [
    "is_convex",
    "is_convex_by_hessian",
    "Convexity",
    "Counterexample",
    "subgradient",
    "is_subgradient",
    "SubgradientCheck",
    "norm",
    "project_box",
    "project_ball",
    "project_l1_ball",
    "project_simplex",
    "project_halfspace",
    "project_affine",
    "project_subspace",
    "Term",
    "L1",
    "L2",
    "SquaredL2",
    "Indicator",
    "lasso_gap",
    "proximal_gradient",
    "projected_gradient",
    "subgradient_method",
    "Descent",
    "Step",
    "Constant",
    "Backtracking",
    "InverseTime",
    "InverseRoot",
    "Polyak",
    "Rate",
    "SubgradientRate",
    "PolyakRate",
    "CurvedSubgradientRate",
    "GradientRate",
    "SmoothGradientRate",
    "AcceleratedRate",
    "LinearRate",
    "ContractionRate",
    "check_rate",
    "RateCheck",
    "rates_table",
    "plot_rates",
    "linear_program",
    "quadratic_program",
    "second_order_cone_program",
    "geometric_program",
    "semidefinite_program",
    "Solution",
    "quadratic_model",
    "QuadraticModel",
    "plot_quadratic_model",
    "plot_cost",
]

if not TYPE_CHECKING:
    __getattr__, __dir__ = namespace("feedforward.convex", __all__)
