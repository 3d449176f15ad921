"""Many models at once: small networks side by side and folds of RealMLP, beside the same ones one after another."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.page import table
from benchmarks.parts import Settings
from benchmarks.side_by_side import ratio, ratio_text

_MODELS, _FOLDS, _EPOCHS = 8, 5, 48
_PAUSE_SECONDS = 0.5


def measure(settings: Settings) -> dict[str, Any]:
    """Return seconds of each round, together and one after another, of each case."""
    raw = {f"8 x 30-64-64-2/{size}": _turns(*_small(size), settings.rounds) for size in (32, 128)}
    return raw | {"5 folds of RealMLP": _turns(*_folds(), settings.rounds)}


def _turns(together: Callable[[], Any], apart: Callable[[], Any], rounds: int) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {"together": [], "apart": []}
    for number in range(rounds + 1):  # the first makes the code, and does not count
        for key, run in (("together", together), ("apart", apart)):
            time.sleep(_PAUSE_SECONDS)
            started = time.perf_counter()
            run()
            if number:
                times[key].append(float(f"{time.perf_counter() - started:.4g}"))
    return times


def _small(batch_size: int) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """Return what trains eight networks together, and what trains eight like them one after another."""
    import feedforward as ff

    draws = np.random.default_rng(0)
    x = draws.normal(size=(4096, 30)).astype(np.float32)
    y = (x[:, 0] * x[:, 1] > 0).astype(np.int32)
    order = np.concatenate([draws.permutation(len(x)) for _ in range(8)])

    def network(seed: int) -> Any:
        ff.set_seed(seed)
        model = ff.Sequential([ff.Input((30,)), *(ff.layers.Dense(64, "relu") for _ in range(2)), ff.layers.Dense(2)])
        model.compile(ff.optimizers.Adam(1e-3), ff.losses.SparseCategoricalCrossentropy(from_logits=True))
        return model

    many, models = ff.ManyModels([network(seed) for seed in range(_MODELS)]), list(map(network, range(_MODELS)))
    return (
        lambda: many.train_on_batches(x, y, order=order, batch_size=batch_size),
        lambda: [model.train_on_batches(x, y, order=order, batch_size=batch_size) for model in models],
    )


def _folds() -> tuple[Callable[[], Any], Callable[[], Any]]:
    """Return what cross-validates, and what fits the folds one after another."""
    from sklearn.model_selection import StratifiedKFold

    import feedforward as ff

    x = np.random.default_rng(0).normal(size=(4000, 10))
    y = (x[:, 0] * x[:, 1] + x[:, 2] > 0).astype(np.int64)

    def estimator() -> Any:
        return ff.sklearn.TabularClassifier(epochs=_EPOCHS, random_state=0)

    def apart() -> None:
        for learnt, asked in StratifiedKFold(_FOLDS, shuffle=True, random_state=0).split(x, y):
            estimator().fit(x[learnt], y[learnt]).score(x[asked], y[asked])

    return lambda: ff.tabular.cross_validate(estimator(), x, y, folds=_FOLDS), apart


def figures(raw: dict[str, Any]) -> dict[str, float | str]:
    """Return, for each case, the time together / that one after another."""
    return {name: ratio(times["together"], times["apart"]) for name, times in raw.items()}


def render(raw: dict[str, Any]) -> str:
    """Return the section of the page."""
    rows = [[name, ratio_text(times["together"], times["apart"])] for name, times in raw.items()]
    text = (
        f"Time together / one after another, medians over the rounds: 8 epochs of 4,096 rows with Adam; "
        f"`cross_validate` of a `TabularClassifier`, {_EPOCHS} epochs of 4,000 rows of 10 columns."
    )
    return "\n".join(["## Many models at once", "", text, "", table(["", "together / apart"], rows)])
