"""Products with rows and the inner loops of the solvers: as machine code, and in NumPy, by which that is measured."""

__all__: list[str] = []
