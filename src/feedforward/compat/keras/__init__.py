"""Keras 1 and 2.

Each file here says of what it defines under which names programs know it; see ``feedforward.compat.names``. Read
``spelling.py`` first: how Keras spelled things over the years; then ``layer.py`` and ``training.py``.
"""

from importlib import import_module
from pkgutil import walk_packages

__all__: list[str] = []

for _module in walk_packages(__path__, f"{__name__}."):
    import_module(_module.name)
