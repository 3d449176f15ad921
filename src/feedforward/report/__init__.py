"""Reports: what a trained network gets right and wrong, for a terminal and as one HTML page.

``examples`` gets data and holds a part of it out, ``evaluation`` compares predictions with the truth, ``scores`` ranks
them and asks whether probabilities hold, ``influence`` asks what the columns of a table do. ``page`` shows that, with
``sections`` for tables; ``charts`` and ``png`` draw, ``of_model`` reports on a program's own model. Nothing trains.
"""

from feedforward.report.evaluation import Classification, Evaluation, Regression
from feedforward.report.examples import Examples
from feedforward.report.page import Report, page, write

__all__ = ["Classification", "Evaluation", "Examples", "Regression", "Report", "page", "write"]
