"""Attributes: objects of this package have those that their class declares, so that a slip is not taken in silence.

A class of a user's may have more: who writes ``self.dense = Dense(3)`` in a layer of their own declares nothing.
"""

from __future__ import annotations

import inspect

from feedforward.lookup import did_you_mean

__all__ = ["check_attribute", "declared"]


def declared(cls: type) -> list[str]:
    """Return the attributes that a class, and those that it is derived from, annotate, as far as they stand here."""
    return [name for base in cls.__mro__ if _is_ours(base) for name in inspect.get_annotations(base)]


def check_attribute(thing: object, name: str) -> None:
    """Check that an attribute may be set; what begins with an underscore is the business of who sets it.

    Raises
    ------
    AttributeError
        If it is computed, or an object of a class of this package has no such attribute; offers the nearest.

    Examples
    --------
    >>> import feedforward as ff
    >>> ff.optimizers.SGD().lr = 0.1
    Traceback (most recent call last):
    AttributeError: SGD has no attribute 'lr'. Did you mean 'learning_rate'?
    """
    cls = type(thing)
    member = getattr(cls, name, None)
    if isinstance(member, property) and member.fset is None:
        what = (member.__doc__ or "").partition("\n")[0]
        raise AttributeError(f"{cls.__name__}.{name} cannot be set. {f'It is: {what}' if what else ''}".strip())
    if name.startswith("_") or not _is_ours(cls) or hasattr(cls, name) or name in vars(thing):
        return
    names = declared(cls)
    if name not in names:
        names += [other for other in dir(cls) if isinstance(getattr(cls, other), property)]
        hint = did_you_mean(name, [other for other in names if not other.startswith("_")])
        raise AttributeError(f"{cls.__name__} has no attribute {name!r}. {hint}")


def _is_ours(cls: type) -> bool:
    return cls.__module__.partition(".")[0] == __name__.partition(".")[0]
