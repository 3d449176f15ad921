"""Models with the methods of scikit-learn's: parameters, gates of fit and predict, and what is minimised."""

__all__: list[str] = []
