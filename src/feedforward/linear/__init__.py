"""Linear models, from the perceptron to support vector machines, and solvers that know how far they are from the best.

Estimators have the methods of scikit-learn's, which is not required: ``fit``, ``predict``, ``decision_function``,
``score``. Each says in ``result_`` how large its duality gap is and, in words, why its solver stopped.
"""

from typing import TYPE_CHECKING

from feedforward.linear.estimators.classifiers import LinearSVC, LogisticRegression
from feedforward.linear.estimators.perceptron import McCullochPitts, Perceptron
from feedforward.linear.estimators.regressors import Lasso, LinearRegression, LinearSVR
from feedforward.linear.objectives.multiclass import MarginProblem, SoftmaxProblem
from feedforward.linear.objectives.problem import Problem
from feedforward.linear.pictures import plot_decision, plot_losses, plot_path, regularisation_path
from feedforward.linear.result import Pass, Result
from feedforward.linear.rows import Rows, csr, rows_of
from feedforward.linear.solvers.combined import DualThenInterior
from feedforward.linear.solvers.descent import SGD, Hogwild, MiniBatch, SubgradientDescent
from feedforward.linear.solvers.dual import DualCoordinateDescent
from feedforward.linear.solvers.exact import QuadraticProgram
from feedforward.linear.solvers.interior import InteriorPoint
from feedforward.linear.solvers.newton import Newton
from feedforward.linear.solvers.variance import SAGA, SVRG
from feedforward.lookup import namespace

__all__ = [
    "McCullochPitts",
    "Perceptron",
    "LinearRegression",
    "Lasso",
    "LogisticRegression",
    "LinearSVC",
    "LinearSVR",
    "Newton",
    "InteriorPoint",
    "DualCoordinateDescent",
    "DualThenInterior",
    "SubgradientDescent",
    "SGD",
    "MiniBatch",
    "Hogwild",
    "SVRG",
    "SAGA",
    "QuadraticProgram",
    "Problem",
    "SoftmaxProblem",
    "MarginProblem",
    "Rows",
    "csr",
    "rows_of",
    "Result",
    "Pass",
    "plot_decision",
    "plot_losses",
    "plot_path",
    "regularisation_path",
]

if not TYPE_CHECKING:
    __getattr__, __dir__ = namespace("feedforward.linear", __all__)
