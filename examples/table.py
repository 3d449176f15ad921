"""Flats with gaps and names, and what they cost: ``python examples/table.py``, with scikit-learn installed.

It takes some seconds. Nothing is prepared: texts are categories, None is a gap. A data frame does as well.
"""

import pickle

import numpy as np

from feedforward.sklearn import TabularClassifier, TabularRegressor

CITIES = {"Bern": 5.0, "Oslo": 6.0, "Rome": 4.0}


def flats(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return flats, of which a tenth has no year, and what they cost in thousands."""
    draws = np.random.default_rng(seed)
    size, year = draws.uniform(20, 150, count), draws.integers(1900, 2025, count)
    city = draws.choice([*CITIES], count)
    cost = size * [CITIES[one] for one in city] * (1 + (year > 1990) / 4) + draws.normal(0, 20, count)
    years = np.where(draws.uniform(size=count) < 0.1, None, year)
    return np.column_stack([size.astype(object), years, city.astype(object)]), cost


def main(epochs: int = 64) -> tuple[float, float, float]:
    """Predict the cost, an interval for it, and whether it is above 500; return how well. The default is 256 epochs."""
    (x, y), (x_new, y_new) = flats(1000, seed=0), flats(500, seed=1)

    regressor = TabularRegressor(epochs=epochs, random_state=0).fit(x, y)
    print("\n".join(regressor.record_.encoding.lines()))
    low, high = regressor.predict_interval(x_new, coverage=0.9).T
    r2, inside = regressor.score(x_new, y_new), float(((low <= y_new) & (y_new <= high)).mean())
    print(f"R2 {r2:.3f}; {inside:.0%} of the costs lie in intervals of 90 %, {np.mean(high - low):.0f} wide")

    classifier = TabularClassifier(epochs=epochs, ensemble=2, random_state=0).fit(x, np.where(y > 500, "dear", "cheap"))
    right = classifier.score(x_new, np.where(y_new > 500, "dear", "cheap"))
    dear = classifier.predict_proba(np.array([[90.0, None, "Oslo"]], object))[0, 1]
    print(f"{right:.0%} of the labels are right; 90 square metres in Oslo are dear with {dear:.0%}")

    again = pickle.loads(pickle.dumps(classifier))
    print(f"a pickle predicts the same: {(again.predict_proba(x_new) == classifier.predict_proba(x_new)).all()}")
    classifier.model_.summary()  # one model, to be saved, loaded and served like any
    return r2, inside, right


if __name__ == "__main__":
    main()
