"""What networks are made of: layers, activations, initializers, losses, metrics and optimizers."""

__all__: list[str] = []
