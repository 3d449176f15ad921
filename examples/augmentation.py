"""Preprocessing, augmentation and sampling, a few lines each, on the digits: ``python examples/augmentation.py``."""

import numpy as np

import feedforward as ff

L = ff.layers


def show(title: str, pictures: np.ndarray) -> None:
    """Print some pictures side by side, from what is smallest in them to what is largest."""
    pictures = np.asarray(pictures, np.float64)
    low, high = pictures.min(), pictures.max()
    inks = np.array(list(" .:+*#@@"))[((pictures - low) / (high - low + 1e-9) * 7).round().astype(int)]
    print(title)
    for rows in inks.transpose(1, 0, 2):
        print("   ".join("".join(np.repeat(row, 2)) for row in rows))


def augmentation(x: np.ndarray) -> None:
    """Show the same four digits, changed in each way; a model does it by itself, in training alone."""
    show("as they are", x)
    for layer in [
        L.RandomTranslation(0.2, 0.2, fill_mode="constant"),
        L.RandomRotation(0.1, fill_mode="constant"),
        L.RandomZoom(0.3, fill_mode="constant"),
        L.RandomShear(0.4, fill_mode="constant"),
        L.RandomFlip("horizontal"),
        L.RandomAffine(0.1, 0.05, 0.1, 0.2, fill_mode="constant"),  # all of these, read once
        L.RandomElastic(alpha=8, sigma=2, fill_mode="constant"),
        L.RandomDeletion(rows=0.2, columns=0.1, pixels=0.1),
        L.RandomCutout(3),
    ]:
        show(type(layer).__name__, layer(x, training=True).numpy())


def preprocessing(x: np.ndarray) -> None:
    """Show the directions in which digits vary most, and digits whitened."""
    rows = x.reshape(len(x), -1)
    pca = L.PCA(4)
    pca.adapt(rows)
    show("eigen-images", pca.eigen_images((8, 8)))  # pca.plot((8, 8)) draws them with matplotlib
    whitening = L.Whitening(20, epsilon=1.0)
    whitening.adapt(rows)
    show("whitened", whitening(rows[:4]).numpy().reshape(-1, 8, 8))


def training(augment: list[ff.layers.Layer], sampler: object = "shuffled", epochs: int = 10) -> float:
    """Train a network, and return how many of the digits that it has not seen it gets right, from 0 to 1."""
    (x, y), (x_test, y_test) = ff.datasets.digits()
    ff.set_seed(1)
    scaling = L.MinMaxScaling()  # fitted to the training data, and saved with the model
    scaling.adapt(x.reshape(len(x), -1))
    layers = [ff.Input((8, 8), dtype="uint8"), *augment, L.Flatten(), scaling, L.Dense(64, "relu"), L.Dense(10)]
    model = ff.Sequential(layers)
    model.compile(ff.optimizers.Adam(0.003), ff.losses.SparseCategoricalCrossentropy(from_logits=True), ["accuracy"])
    model.fit(x, y, epochs=epochs, sampler=sampler, verbose=0)
    return float(model.evaluate(x_test, y_test, verbose=0)[1])


def main(epochs: int = 10) -> dict[str, float]:
    """Show it all, and return what each way of training gets right."""
    (x, y), _ = ff.datasets.digits()
    augmentation(x[:4])
    preprocessing(x)
    right = {
        "as they are": training([], epochs=epochs),
        "shifted and turned": training([L.RandomAffine(0.05, 0.02, fill_mode="constant")], epochs=epochs),
        "class by class": training([], "interleaved", epochs),
        "hardest first": training([], ff.sampling.HardestFirst(outliers=0.02), epochs),
        "classes equally often": training([], ff.sampling.Weighted(1 / np.bincount(y)[y]), epochs),
    }
    for name, share in right.items():
        print(f"{name}: {share:.1%} right")
    return right


if __name__ == "__main__":
    main()
