"""TensorFlow 1: graphs and sessions, eager tensors and tapes.

Every file here says by itself under which names programs know what is in it; to import this is to import all of them.
"""

from importlib import import_module
from pkgutil import walk_packages

__all__: list[str] = []

for _module in walk_packages(__path__, f"{__name__}."):
    import_module(_module.name)
