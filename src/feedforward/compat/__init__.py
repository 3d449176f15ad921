"""Old programs run again: TensorFlow 1 graphs, eager tapes, and Keras 1 and 2, on this package's graph and compiler.

``feedforward run FILE`` runs one as it stands; in a notebook, ``feedforward.compat.install()`` comes first. Nothing
else in the package imports this.
"""

from feedforward.compat import keras, tensorflow
from feedforward.compat.importing import install, uninstall

__all__ = ["install", "uninstall", "keras", "tensorflow"]
