"""What each kind of layer does, some lines for each: ``python examples/layers.py``. It takes seconds.

The pictures are the digits that come with the package, 8 by 8 pixels.
"""

import numpy as np

import feedforward as ff

layers = ff.layers
(X, Y), (X_TEST, Y_TEST) = ff.datasets.digits()
LOSS = ff.losses.SparseCategoricalCrossentropy(from_logits=True)


def right(hidden: list[ff.layers.Layer], epochs: int = 6) -> float:
    """Train layers between the pictures, (8, 8, 1) from 0 to 1, and ten logits; return how many they get right."""
    ff.set_seed(1)
    first = [ff.Input((8, 8)), layers.Rescaling(1 / 16), layers.Reshape((8, 8, 1))]
    model = ff.Sequential([*first, *hidden, layers.Flatten(), layers.Dense(10)])
    model.compile(ff.optimizers.Adam(0.005), LOSS, metrics=["accuracy"])
    model.fit(X, Y, batch_size=50, epochs=epochs, verbose=0)
    return float(model.evaluate(X_TEST, Y_TEST, verbose=0)[1])


def convolution() -> float:
    """Apply eight filters of 3 by 3 pixels, keep the largest of each 2 by 2 block, apply sixteen filters to that."""
    return right(
        [
            layers.Conv2D(8, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(16, 3, activation="relu"),
        ]
    )


def depthwise_convolution() -> float:
    """Filter each channel by itself, then mix the channels at each place: fewer weights, fewer products."""
    return right(
        [
            layers.Conv2D(8, 3, strides=2, padding="same", activation="relu"),
            layers.DepthwiseConv2D(3, padding="same"),
            layers.Conv2D(16, 1, activation="relu"),
        ]
    )


def batch_normalization() -> float:
    """Standardise by the batch in training, and by running means after it; it has a bias, so none is needed before."""
    return right(
        [layers.Flatten(), layers.Dense(64, use_bias=False), layers.BatchNormalization(), layers.Activation("relu")]
    )


def noise() -> float:
    """Add noise and drop whole channels: in training alone."""
    return right(
        [
            layers.GaussianNoise(0.1),
            layers.Conv2D(16, 3, activation="relu"),
            layers.Dropout(0.2, noise_shape=(None, 1, 1, None)),
        ]
    )


def residual() -> float:
    """Let blocks of layers learn what to add to their input."""
    ff.set_seed(1)
    pictures = ff.Input((8, 8))
    x = layers.Dense(64, activation="relu")(layers.Flatten()(layers.Rescaling(1 / 16)(pictures)))
    for _ in range(3):
        change = layers.Dense(64)(layers.Dense(64, activation="relu")(layers.LayerNormalization()(x)))
        x = layers.Add()(x, change)
    model = ff.Model(pictures, layers.Dense(10)(x))
    model.compile(ff.optimizers.Adam(0.002), LOSS, metrics=["accuracy"])
    model.fit(X, Y, epochs=6, verbose=0)
    return float(model.evaluate(X_TEST, Y_TEST, verbose=0)[1])


def frozen() -> float:
    """Train layers, freeze them, and train a new end on what they see: their weights stay as they are."""
    ff.set_seed(1)
    eyes = ff.Sequential(
        [ff.Input((8, 8)), layers.Rescaling(1 / 16), layers.Flatten(), layers.Dense(32, activation="relu")]
    )
    whole = ff.Sequential([eyes, layers.Dense(10)])
    whole.compile("adam", LOSS)
    whole.fit(X, Y, epochs=10, verbose=0)
    eyes.trainable = False
    is_even = ff.Sequential([eyes, layers.Dense(1, activation="sigmoid")])
    is_even.compile(ff.optimizers.Adam(0.01), "binary_crossentropy", metrics=["accuracy"])
    is_even.fit(X, Y % 2 == 0, epochs=10, verbose=0)
    return float(is_even.evaluate(X_TEST, Y_TEST % 2 == 0, verbose=0)[1])


def text_and_numbers() -> float:
    """Tell a price from a color, which is text, and a size, which falls into bins."""
    random = np.random.default_rng(1)
    colors, sizes = random.choice(["red", "green", "blue"], 400), random.uniform(0, 10, (400, 1))
    prices = np.where(colors == "red", 3.0, 1.0) + (sizes[:, 0] > 5)

    lookup, bins = layers.StringLookup(), layers.Discretization(num_bins=4)
    lookup.adapt(colors)
    bins.adapt(sizes)
    color, size = ff.Input((), dtype="string", name="color"), ff.Input((1,), name="size")
    meaning = layers.Embedding(lookup.vocabulary_size(), 2)(lookup(color))
    step = layers.CategoryEncoding(4, "one_hot")(bins(size))
    model = ff.Model([color, size], layers.Dense(1)(layers.Concatenate()(meaning, step)))
    model.compile(ff.optimizers.Adam(0.05), "mean_squared_error")
    model.fit({"color": colors, "size": sizes}, prices, epochs=40, verbose=0)
    return float(model.predict([np.array(["red"]), np.array([[9.0]])])[0, 0])


def main() -> dict[str, float]:
    """Run all of them, and return what each found."""
    found = {}
    for technique in (convolution, depthwise_convolution, batch_normalization, noise, residual, frozen):
        found[technique.__name__] = technique()
        print(f"{technique.__name__:22} {found[technique.__name__]:6.1%} right")
    found["text_and_numbers"] = text_and_numbers()
    print(f"{'text_and_numbers':22} {found['text_and_numbers']:6.2f}, which should be 4")
    return found


if __name__ == "__main__":
    main()
