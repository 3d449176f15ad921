"""The backend: functions on tensors, and where Keras's tensors become ours."""

__all__: list[str] = []
