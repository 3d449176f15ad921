"""What networks are made of and trained by: ``tf.nn``, layers, losses, metrics, optimizers."""

__all__: list[str] = []
