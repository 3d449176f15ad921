"""Benchmarks: this library and its peers side by side. Not part of the package; see README.md here."""
