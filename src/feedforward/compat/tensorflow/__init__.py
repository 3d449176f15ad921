"""TensorFlow 1: graphs and sessions, eager tensors and tapes."""
