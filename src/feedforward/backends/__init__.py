"""Backends: each turns a program into something that runs. A backend is one file."""
