"""Keras 1 and 2.

Each file here says of what it defines under which names programs know it; see ``feedforward.compat.names``. Read
``spelling.py`` first: how Keras spelled things over the years; then ``layer.py`` and ``training.py``.
"""

from importlib import import_module
from pkgutil import iter_modules

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
