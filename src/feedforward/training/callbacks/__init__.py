"""Callbacks: what a program wants to be told, and may do, while a model trains."""

from typing import TYPE_CHECKING

from feedforward.lookup import namespace
from feedforward.training.callbacks.backup_and_restore import BackupAndRestore
from feedforward.training.callbacks.callback import Callback, Plan
from feedforward.training.callbacks.early_stopping import EarlyStopping
from feedforward.training.callbacks.history import History
from feedforward.training.callbacks.lambda_callback import LambdaCallback, TerminateOnNaN
from feedforward.training.callbacks.learning_rate import LearningRateScheduler, ReduceLROnPlateau
from feedforward.training.callbacks.loggers import CSVLogger, JSONLogger
from feedforward.training.callbacks.model_checkpoint import ModelCheckpoint
from feedforward.training.callbacks.monitor import Monitor
from feedforward.training.callbacks.tensorboard import TensorBoard

__all__ = [
    "BackupAndRestore",
    "CSVLogger",
    "Callback",
    "EarlyStopping",
    "History",
    "JSONLogger",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "Monitor",
    "Plan",
    "ReduceLROnPlateau",
    "TensorBoard",
    "TerminateOnNaN",
]

if not TYPE_CHECKING:
    __getattr__, __dir__ = namespace("feedforward.callbacks", __all__)
