"""Many models trained side by side, seeds, folds and settings: ``python examples/many_models_at_once.py``."""

import time

import numpy as np

import feedforward as ff
from feedforward.tabular import Choice, CrossValidation, LogUniform, Search, Uniform, cross_validate, search

L = ff.layers


def table(rows: int = 800) -> tuple[np.ndarray, np.ndarray]:
    """Return a table of eight columns, and which side of a curved border each row is on."""
    draw = np.random.default_rng(0)
    x = draw.normal(size=(rows, 8)).astype(np.float32)
    border = x[:, 0] * x[:, 1] + np.sin(2 * x[:, 2]) + 0.3 * draw.normal(size=rows)
    return x, (border > 0).astype(np.int64)


def network(rate: float = 0.01, dropout: float = 0.1, units: int = 32) -> ff.Sequential:
    """Return a compiled network for the table."""
    hidden = [L.Dense(units, "relu"), L.Dropout(dropout), L.Dense(units, "relu"), L.Dropout(dropout)]
    model = ff.Sequential([ff.Input((8,)), *hidden, L.Dense(2, "softmax")])
    model.compile(ff.optimizers.Adam(rate), "sparse_categorical_crossentropy", ["accuracy"])
    return model


def seeds(x: np.ndarray, y: np.ndarray, epochs: int = 20) -> dict[str, float]:
    """Train eight networks of other seeds, and return how often each, and all of them together, are right."""
    models = []
    for seed in range(8):
        ff.set_seed(seed)
        models.append(network())
    many = ff.ManyModels(models)
    train, test = np.arange(600), np.arange(600, len(x))
    draw = np.random.default_rng(0)
    for _ in range(epochs):
        orders = [draw.permutation(train) for _ in models]  # each goes through the rows in an order of its own
        many.train_on_batches(x, y, order=orders, batch_size=32)
    alone = many.evaluate(x, y, order=test)["accuracy"]
    together = many.predict(x[test]).mean(0).argmax(-1) == y[test]
    return {"one": float(alone.mean()), "ensemble": float(together.mean())}


def folds(x: np.ndarray, y: np.ndarray, epochs: int = 20) -> CrossValidation:
    """Train a network five times, each time without a fifth of the rows."""
    return cross_validate(network(), x, y, folds=5, epochs=epochs, seed=1)


def settings(x: np.ndarray, y: np.ndarray, budget_s: float = 20.0, most: int | None = None) -> Search:
    """Look for good settings: rates are trained together, of each number of units there is a group."""
    space = {"rate": LogUniform(1e-3, 0.1), "dropout": Uniform(0.01, 0.5), "units": Choice([16, 64])}
    return search(network, space, x, y, budget_s=budget_s, epochs=20, most=most)


def main(budget_s: float = 20.0) -> dict[str, float]:
    """Do all of it, and say how long it took."""
    x, y = table()
    begin = time.perf_counter()
    found = seeds(x, y)
    print(f"eight seeds: {found['one']:.1%} each, {found['ensemble']:.1%} together")
    validated = folds(x, y)
    print(validated)
    searched = settings(x, y, budget_s)
    print(searched)
    print(f"{time.perf_counter() - begin:.0f} s")
    return found | {"folds": validated.means["accuracy"], "search": searched.best.score}


if __name__ == "__main__":
    main()
