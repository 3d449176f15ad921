"""Attributes: objects of this package have those that their class declares, so that a slip is not taken in silence.

A class of a user's may have more: who writes ``self.dense = Dense(3)`` in a layer of their own declares nothing.
"""

from __future__ import annotations

import inspect
import weakref

from feedforward.lookup import did_you_mean

__all__ = ["check_attribute", "declared", "is_ours"]


_declared: weakref.WeakKeyDictionary[type, tuple[str, ...]] = weakref.WeakKeyDictionary()


def declared(cls: type) -> tuple[str, ...]:
    """Return the attributes that a class, and those that it is derived from, annotate, as far as they stand here."""
    found = _declared.get(cls)
    if found is None:
        found = tuple(name for base in cls.__mro__ if is_ours(base) for name in inspect.get_annotations(base))
        _declared[cls] = found
    return found


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
    if name.startswith("_") or name in vars(thing):  # no property is among these
        return
    cls = type(thing)
    member = getattr(cls, name, None)
    if isinstance(member, property) and member.fset is None:
        what = (member.__doc__ or "").partition("\n")[0]
        raise AttributeError(f"{cls.__name__}.{name} cannot be set. {f'It is: {what}' if what else ''}".strip())
    if not is_ours(cls) or hasattr(cls, name) or name in declared(cls):
        return
    names = [*declared(cls), *(other for other in dir(cls) if isinstance(getattr(cls, other), property))]
    hint = did_you_mean(name, [other for other in names if not other.startswith("_")])
    raise AttributeError(f"{cls.__name__} has no attribute {name!r}. {hint}")


def is_ours(cls: type) -> bool:
    """Return whether a class is one of this package, not one derived from it elsewhere."""
    return cls.__module__.partition(".")[0] == __name__.partition(".")[0]
