"""A training loop of one's own, the step of which is one compiled program: ``python examples/function.py``."""

import feedforward as ff


def main(epochs: int = 5, batch_size: int = 32) -> float:
    """Train a network on the digits, and return how many of those that it has not seen it gets right, from 0 to 1."""
    (x, y), (x_test, y_test) = ff.datasets.digits()
    ff.set_seed(1)
    model = ff.Sequential(
        [ff.Input((8, 8)), ff.layers.Flatten(), ff.layers.Dense(32, activation="relu"), ff.layers.Dense(10)]
    )
    loss_of = ff.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = ff.optimizers.Adam(0.01)

    @ff.function
    def step(x: ff.Tensor, y: ff.Tensor) -> ff.Tensor:
        with ff.GradientTape() as tape:
            loss = loss_of(y, model(x, training=True))
        slopes = tape.gradient(loss, model.trainable_weights)
        optimizer.apply_gradients(zip(slopes, model.trainable_weights, strict=True))
        return loss

    for epoch in range(epochs):
        total, count = ff.Tensor(0.0), 0
        for start in range(0, len(x) - batch_size + 1, batch_size):
            total, count = total + step(x[start : start + batch_size], y[start : start + batch_size]), count + 1
        print(f"epoch {epoch + 1}: loss {float(total) / count:.4f}")
    print(f"made: {', '.join(step.programs)}")
    right = float((model(x_test).numpy().argmax(-1) == y_test).mean())
    print(f"right: {right:.1%}")
    return right


if __name__ == "__main__":
    main()
