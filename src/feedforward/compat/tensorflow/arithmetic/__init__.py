"""Operations on arrays: shapes, parts, mathematics, reductions, random numbers."""

__all__: list[str] = []
