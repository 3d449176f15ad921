"""Deep feedforward networks: one graph of primitive operations, its gradient, and training you can look into."""
