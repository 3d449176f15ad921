"""The command line: what it asks for, builds, trains and says.

``cli`` has the commands and ``options`` what they take, ``experiment`` goes from settings to a trained network,
``about`` reads what a model's file says of its data, ``terminal`` shows results as text. Nobody else imports them.
"""

__all__: list[str] = []
