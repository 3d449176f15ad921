"""What a lab is: settings, a run, and what a page is shown of it.

One `Lab` belongs to one open page, and one thread calls all its methods. A lab of its own is a folder that holds

- ``__init__.py``, which names the class: ``LAB = Playground``;
- ``page/lab.js`` with ``mount``, and what it imports and its styles;
- ``words.json``: ``{"en": {key: text}, "zh": {key: text}}``;
- ``lessons.json``: see `feedforward.labs.lessons`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar, TypeVar

import feedforward as ff
from feedforward.labs.errors import LabError
from feedforward.labs.settings import Control, changed, check_arguments, shown

__all__ = ["Lab", "action"]

F = TypeVar("F", bound=Callable[..., Any])


def action(**arguments: Control) -> Callable[[F], F]:
    """Declare that a page may call a method, and what each argument may be.

    The method returns what the page is answered, as JSON has it and with arrays, or None.

    Examples
    --------
    >>> from feedforward.labs.settings import Whole
    >>> class Counter(Lab):
    ...     @action(by=Whole(1, 10))
    ...     def count(self, by): ...
    >>> sorted(Counter.actions())
    ['count']
    """

    def declare(method: F) -> F:
        method.arguments = arguments  # type: ignore[attr-defined]
        return method

    return declare


class Lab:
    """A lab that one page has open.

    Parameters
    ----------
    settings : Settings
        What the page's controls say; a frozen dataclass made by `settings.control`.
    saved : mapping or None
        What `saved` returned of a lab that a link describes. It comes from elsewhere: check all of it.

    Attributes
    ----------
    is_playing : bool
        Whether `advance` is called, again and again.
    """

    Settings: ClassVar[type]

    def __init__(self, settings: Any, saved: Mapping[str, Any] | None = None) -> None:
        self.settings = settings
        self.is_playing = False

    @classmethod
    def actions(cls) -> dict[str, dict[str, Control]]:
        """Return what a page may call, and with which arguments."""
        found = {name: getattr(getattr(cls, name), "arguments", None) for name in dir(cls) if not name.startswith("_")}
        return {name: arguments for name, arguments in found.items() if arguments is not None}

    def act(self, name: str, given: Mapping[str, Any]) -> Any:
        """Do what a page asks for, and return the answer.

        Raises
        ------
        LabError
            If there is no such action, or an argument cannot be that.
        """
        actions = self.actions()
        if name not in actions:
            raise LabError("no_action", name=shown(name))
        return getattr(self, name)(**check_arguments(actions[name], given))

    def set(self, name: str, value: Any) -> None:
        """Take over a setting that a page has changed.

        Raises
        ------
        LabError
            If it cannot be that; nothing has changed then.
        """
        self.settings = changed(self.settings, name, value)

    def advance(self, seconds: float) -> None:
        """Go on for about so many seconds; called while `is_playing`."""

    def frame(self) -> dict[str, Any]:
        """Return what the page draws: numbers, texts, lists, and arrays of float32, float64, int32 or uint8."""
        return {}

    def measures(self) -> dict[str, float | str]:
        """Return the numbers and names that a lesson's check may ask for."""
        return {}

    def saved(self) -> dict[str, Any]:
        """Return what a link must hold beside the settings: JSON, and arrays."""
        return {}

    def script(self) -> str:
        """Return a program that computes with the package alone what this run has, and prints the same loss."""
        raise LabError("no_script")

    def model(self) -> ff.Model:
        """Return the model that a reader may take away."""
        raise LabError("no_file")

    def file(self) -> bytes:
        """Return the model as the bytes of a file that ``feedforward.load`` reads."""
        with TemporaryDirectory() as folder:
            path = Path(folder) / "model.ff"
            self.model().save(path)
            return path.read_bytes()
