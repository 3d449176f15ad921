"""The command line: what it asks for, builds, trains and says.

``cli`` and ``train`` have the commands, ``program`` says how they end, ``options`` what they take; ``experiment`` goes
from settings to a trained network, ``linear`` solves one, ``folds`` trains some more; ``about`` reads what a model's
file says of its data, ``terminal`` shows plans and results as text. Nobody else imports them.
"""

__all__: list[str] = []
