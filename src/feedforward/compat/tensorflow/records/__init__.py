"""What programs write: checkpoints, and summaries for TensorBoard."""

__all__: list[str] = []
