"""An MLP in scikit-learn's pipelines and searches: ``python examples/mlp_in_scikit_learn.py``.

It takes seconds, and needs scikit-learn: ``pip install "feedforward-nn[sklearn]"``. The pictures are the digits that
come with the package, 8 by 8 pixels.
"""

import pickle
from pathlib import Path
from typing import Any

from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

import feedforward as ff
from feedforward.sklearn import MLPClassifier

(X, Y), (X_TEST, Y_TEST) = ff.datasets.digits()
X, X_TEST = X.reshape(len(X), -1).astype("float32"), X_TEST.reshape(len(X_TEST), -1).astype("float32")


def search() -> Any:
    """Try settings, some of which scikit-learn's own MLPClassifier has, each on three folds."""
    mlp = MLPClassifier((64,), early_stopping=True, random_state=0)
    settings = {
        "mlpclassifier__alpha": [1e-4, 1.0],
        "mlpclassifier__dropout": [0.0, 0.3],
        "mlpclassifier__activation": ["relu", "gelu"],
    }
    return GridSearchCV(make_pipeline(StandardScaler(), mlp), settings, cv=3).fit(X, Y)


def keep(pipeline: Pipeline, folder: Path) -> Any:
    """Keep a pipeline in a pickle, which holds the bytes of the model's file, and the network in a file of its own."""
    (folder / "pipeline.pickle").write_bytes(pickle.dumps(pipeline))
    pipeline[-1].model_.save(folder / "mlp.ff")
    return pickle.loads((folder / "pipeline.pickle").read_bytes())


def main(folder: Path = Path(".")) -> float:
    """Print what was found; return the share of other digits that it gets right."""
    found = search()
    print(f"best on the folds: {found.best_score_:.3f} with {found.best_params_}")
    again = keep(found.best_estimator_, folder)
    share = float(again.score(X_TEST, Y_TEST))
    print(f"digits of other writers: {share:.3f}")
    return share


if __name__ == "__main__":
    import tempfile

    main(Path(tempfile.mkdtemp()))
