"""A network and its gradient written out layer by layer: as a NumPy program and as formulas.

`program.py` walks the network; `layers.py`, `activations.py` and `losses.py` say what each part is and how its gradient
goes back, in both languages at once; `rules.py` is how they say it.
"""

__all__: list[str] = []
