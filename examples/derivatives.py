"""What a network says of its inputs, by Jacobians and products with them: ``python examples/derivatives.py``."""

import numpy as np

import feedforward as ff


def main(epochs: int = 60) -> dict[str, np.ndarray]:
    """Teach a network sum and product of two numbers, and return its derivatives at (0.5, -0.25)."""
    x = np.random.default_rng(1).uniform(-1, 1, (2000, 2)).astype(np.float32)
    y = np.stack([x[:, 0] + x[:, 1], x[:, 0] * x[:, 1]], 1)
    ff.set_seed(1)
    model = ff.Sequential([ff.Input((2,)), ff.layers.Dense(32, activation="tanh"), ff.layers.Dense(2)])
    model.compile(ff.optimizers.Adam(0.01), "mean_squared_error")
    model.fit(x, y, epochs=epochs, verbose=0)

    point, direction = ff.Tensor([[0.5, -0.25]]), ff.Tensor([[1.0, 1.0]])
    found = {
        # How each output changes with each number: near ((1, 1), (-0.25, 0.5)). One gradient for each output.
        "jacobian": ff.jacobian(model)(point).reshape((2, 2)),
        # In one direction, both numbers growing alike: near (2, 0.25). Two gradients, however many outputs.
        "forward": ff.jvp(model, (point,), (direction,))[1].reshape(2),
        # Of one output, the product: near (-0.25, 0.5). One gradient, however many inputs.
        "backward": ff.vjp(model, point)[1]([[0.0, 1.0]])[0].reshape(2),
        # How that changes in the direction: the Hessian times a vector, without the Hessian; near (1, 1).
        "curvature": ff.jvp(ff.grad(lambda x: model(x)[0, 1]), (point,), (direction,))[1].reshape(2),
    }
    for name, tensor in found.items():
        print(f"{name}: {tensor.tolist()}")
    return {name: tensor.numpy() for name, tensor in found.items()}


if __name__ == "__main__":
    main()
