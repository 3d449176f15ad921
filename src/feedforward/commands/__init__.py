"""The command line: what it asks for, builds, trains and says.

``cli`` and ``train`` have the commands, ``program`` says how they end, ``options`` what they take, ``settings`` what is
taken where nothing was given; ``experiment`` goes from settings to a trained network, ``realmlp`` to one tuned for
tables, ``linear`` solves one, ``folds`` trains some more; ``about`` reads what a model's file says of its data,
``terminal`` shows plans and results as text; ``serving/`` answers over HTTP. Nobody else imports them.
"""

__all__: list[str] = []
