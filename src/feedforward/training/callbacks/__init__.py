"""Callbacks: what a program wants to be told, and may do, while a model trains."""

from typing import TYPE_CHECKING

from feedforward.lookup import namespace
from feedforward.training.callbacks.backup_and_restore import BackupAndRestore
from feedforward.training.callbacks.callback import Callback, Plan
from feedforward.training.callbacks.early_stopping import EarlyStopping
from feedforward.training.callbacks.history import History

__all__ = ["BackupAndRestore", "Callback", "EarlyStopping", "History", "Plan"]

if not TYPE_CHECKING:
    __getattr__, __dir__ = namespace("feedforward.callbacks", __all__)
