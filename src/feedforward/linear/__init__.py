"""Linear models, from the perceptron to support vector machines, and solvers that know how far they are from the best.

Estimators have the methods of scikit-learn's, which is not required: ``fit``, ``predict``, ``decision_function``,
``score``. Each says in ``result_`` how large its duality gap is and, in words, why its solver stopped.
"""

from typing import TYPE_CHECKING

from feedforward.linear.classifiers import LinearSVC, LogisticRegression
from feedforward.linear.descent import SGD, Hogwild, MiniBatch, SubgradientDescent
from feedforward.linear.dual import DualCoordinateDescent
from feedforward.linear.exact import QuadraticProgram
from feedforward.linear.interior import InteriorPoint
from feedforward.linear.multiclass import MarginProblem, SoftmaxProblem
from feedforward.linear.newton import Newton
from feedforward.linear.perceptron import McCullochPitts, Perceptron
from feedforward.linear.pictures import plot_decision, plot_losses, plot_path, regularisation_path
from feedforward.linear.problem import Problem
from feedforward.linear.regressors import Lasso, LinearRegression, LinearSVR
from feedforward.linear.result import Pass, Result
from feedforward.linear.rows import Rows, csr, rows_of
from feedforward.linear.variance import SAGA, SVRG
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
