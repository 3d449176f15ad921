"""Training: the model, the loop over batches, callbacks, and the file that a model is kept in."""

__all__: list[str] = []
