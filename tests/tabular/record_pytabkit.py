"""Records how pytabkit trains a small RealMLP, for test_realmlp.py: python tests/tabular/record_pytabkit.py.

It needs pytabkit 1.7.2 (torch 2.13.0), which the package does not: run it in an environment of its own.
"""

from pathlib import Path

import numpy as np
import pandas as pd

ROWS, TRAINED = 40, 32


def main():
    from pytabkit import RealMLP_TD_Classifier, RealMLP_TD_Regressor

    draws = np.random.default_rng(0)
    numbers = draws.normal(size=(ROWS, 2)) * [1, 10]
    few, many = draws.integers(0, 3, ROWS), draws.integers(0, 9, ROWS)
    target = numbers[:, 0] * numbers[:, 1] / 10 + (many > 4)
    frame = pd.DataFrame(numbers, columns=["a", "b"])
    frame["few"], frame["many"] = pd.Categorical(few.astype(str)), pd.Categorical(many.astype(str))
    recorded = {"numbers": numbers, "few": few, "many": many, "target": target}
    for kind, model, y in (
        ("classes", RealMLP_TD_Classifier, (target > 0.5).astype(int)),
        ("numbers", RealMLP_TD_Regressor, target * 7 + 3),
    ):
        recorded |= {f"{kind}/{name}": value for name, value in trained(model, frame, y).items()}
    np.savez_compressed(Path(__file__).with_name("pytabkit.npz"), **recorded)


def trained(kind, frame, y):
    """Return the batches, the losses, and the parameters before and after."""
    from pytabkit.models.training.lightning_modules import TabNNModule

    seen, plain = {"x_cont": [], "x_one_hot": [], "x_cat": [], "y": [], "loss": []}, TabNNModule.training_step

    def parameters(model):
        return {f"{p.context.scope}": p.detach().numpy()[0].copy() for p in model.parameters()}

    def step(self, batch, number):
        if not seen["loss"]:
            seen["first"] = parameters(self.model)
        for name in ("x_cont", "x_one_hot", "x_cat", "y"):
            seen[name].append(batch[name].numpy()[0].copy())
        loss = plain(self, batch, number)
        seen["loss"].append(float(loss))
        seen["last"] = parameters(self.model)
        return loss

    TabNNModule.training_step = step
    model = kind(device="cpu", random_state=0, n_epochs=5, batch_size=8, hidden_sizes=[6, 5], p_drop=0.0)
    model.fit(frame, y, val_idxs=np.arange(TRAINED, ROWS), cat_col_names=["few", "many"])
    TabNNModule.training_step = plain
    first, last = seen.pop("first"), seen.pop("last")
    return (
        {name: np.array(values) for name, values in seen.items()}
        | {f"first{name}": value for name, value in first.items()}
        | {f"last{name}": value for name, value in last.items()}
    )


if __name__ == "__main__":
    main()
