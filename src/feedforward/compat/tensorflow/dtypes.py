"""TensorFlow's names of dtypes, around NumPy's."""

from __future__ import annotations

from typing import Any

import numpy as np

from feedforward.compat.names import provide, provided

__all__ = ["DType", "as_dtype"]


@provided("tf.DType", "tf.dtypes.DType")
class DType:
    """A dtype as TensorFlow shows it.

    Parameters
    ----------
    name : str
        TensorFlow's name, such as ``float32``.
    is_reference : bool
        Whether it is that of a variable, which prints as ``float32_ref``.
    """

    def __init__(self, name: str, is_reference: bool = False) -> None:
        self._name, self._is_reference = name, is_reference

    @property
    def name(self) -> str:
        """TensorFlow's name."""
        return self._name + ("_ref" if self._is_reference else "")

    @property
    def base_dtype(self) -> DType:
        """The dtype of the values."""
        return _known[self._name]

    @property
    def as_numpy_dtype(self) -> Any:
        """NumPy's type of the elements; `object` for strings."""
        return np.object_ if self._name == "string" else np.dtype(self._name).type

    @property
    def is_floating(self) -> bool:
        """Whether the elements are floating-point numbers."""
        return self._name in ("float16", "float32", "float64")

    @property
    def is_integer(self) -> bool:
        """Whether the elements are integers."""
        return self._name.startswith(("int", "uint"))

    @property
    def is_bool(self) -> bool:
        """Whether the elements are truth values."""
        return self._name == "bool"

    @property
    def size(self) -> int:
        """Bytes of an element."""
        return 1 if self._name == "string" else np.dtype(self._name).itemsize

    @property
    def min(self) -> Any:
        """The least number."""
        return self._limits().min

    @property
    def max(self) -> Any:
        """The largest number."""
        return self._limits().max

    def _limits(self) -> Any:
        return np.finfo(self._name) if self.is_floating else np.iinfo(self._name)

    def reference(self) -> DType:
        """Return the dtype of a variable that holds such values."""
        return DType(self._name, is_reference=True)

    def is_compatible_with(self, other: Any) -> bool:
        """Return whether values of the other dtype are of this one."""
        return as_dtype(other).base_dtype is self.base_dtype

    def __eq__(self, other: object) -> bool:
        if other is None:
            return False
        try:
            return as_dtype(other).name == self.name
        except TypeError:
            return False

    def __hash__(self) -> int:
        return hash(self._name)

    def __repr__(self) -> str:
        return f"tf.{self.name}"

    def __str__(self) -> str:
        return f"<dtype: {self.name!r}>"


_known: dict[str, DType] = {}

for _name in "float16 float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64 bool string".split():
    _known[_name] = provide(DType(_name), f"tf.{_name}", f"tf.dtypes.{_name}")
provide(_known["float32"], "tf.float")
provide(_known["float64"], "tf.double", "tf.dtypes.double")
provide(_known["float16"], "tf.half", "tf.dtypes.half")

_ALIASES: dict[Any, str] = {
    "float": "float32",
    "double": "float64",
    "half": "float16",
    "int": "int32",
    "str": "string",
    float: "float32",
    int: "int32",
    bool: "bool",
    str: "string",
    bytes: "string",
}


_of_numpy = {np.dtype(name): dtype for name, dtype in _known.items() if name != "string"}


@provided("tf.as_dtype", "tf.dtypes.as_dtype")
def as_dtype(dtype: Any) -> DType:
    """Return TensorFlow's dtype for one of NumPy's, Python's or its name.

    Raises
    ------
    TypeError
        If it is none.
    """
    if isinstance(dtype, DType):
        return dtype
    if isinstance(dtype, np.dtype) and dtype in _of_numpy:  # whose name takes NumPy a microsecond
        return _of_numpy[dtype]
    if isinstance(dtype, str | type) and dtype in _ALIASES:
        return _known[_ALIASES[dtype]]
    if isinstance(dtype, str) and dtype in _known:
        return _known[dtype]
    if isinstance(dtype, str) and dtype.endswith("_ref") and dtype[:-4] in _known:
        return _known[dtype[:-4]].reference()
    try:
        found = np.dtype(dtype)
    except TypeError:
        raise TypeError(f"{dtype!r} is no dtype. Expected one such as tf.float32 or 'int64'.") from None
    name = "string" if found.kind in "OSU" else found.name
    if name not in _known:
        raise TypeError(f"dtype {found.name!r} is not provided. Expected one of {', '.join(_known)}.")
    return _known[name]
