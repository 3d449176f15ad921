"""TensorFlow 1: graphs and sessions, eager tensors and tapes.

Every file here says by itself under which names programs know what is in it; to import this is to import all of them.
"""

from importlib import import_module
from pkgutil import iter_modules

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
