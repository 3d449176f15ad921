"""Frames to columns and back: pandas, polars and Arrow through narwhals, dicts of columns, arrays of two axes.

Nothing is imported until a frame is given. Not here: what cells stand for (``cells``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedforward.arrays import Origin
from feedforward.errors import DataError, ShapeError
from feedforward.tabular.cells import column_of
from feedforward.tabular.columns import Table

__all__ = ["frame_like", "table_of"]

_Given = list[tuple[Any, NDArray[Any], bool]]
"""Of each column: what it is called, None in an array; its cells; and whether they are categories."""


def table_of(x: Any, caller: str, names: Sequence[str] | None = None) -> Table:
    """Return what a user gave as a table of typed columns.

    Parameters
    ----------
    x : frame, dict, array or nested lists
        A data frame of pandas or polars, an Arrow table, a dict of name to cells, an array of shape (n, d) of numbers,
        bools, texts or objects, a structured array, or a `Table`, which is returned.
    caller : str
        What messages begin with.
    names : sequence of str, optional
        What the columns are called instead.

    Returns
    -------
    Table
        Of a frame whose names are no texts, and of an array, the columns have no names that a user gave (`is_named`).

    Raises
    ------
    ShapeError
        If it has other than two axes, no rows or no columns, or columns differ in length.
    DataError
        If two columns have one name, a number is infinite, above 1e300 or complex.
    TypeError
        If it is none of these, is lazy or sparse, or a column holds what is no number, text, boolean, date or duration.

    Examples
    --------
    >>> table = table_of({"age": [31, None], "city": ["Bern", "Rome"]}, "fit")
    >>> [(column.name, column.kind) for column in table.columns]
    [('age', 'number'), ('city', 'category')]
    >>> table_of(np.eye(2), "fit").names
    ('x0', 'x1')
    """
    if isinstance(x, Table):
        return x
    given = _given(x, caller)
    labels: list[Any] = [label for label, _, _ in given]
    if names is not None:
        labels = _checked_names(names, len(given), caller)
    is_named = _are_texts(labels, caller)
    texts = [f"x{place}" if label is None else str(label) for place, label in enumerate(labels)]
    if len(set(texts)) < len(texts):
        second = next(at for at, text in enumerate(texts) if text in texts[:at])
        raise DataError(
            f"{caller}: columns {texts.index(texts[second])} and {second} of x are both called {texts[second]!r}. "
            "Expected different names. Rename one."
        )
    count = len(given[0][1]) if given else len(x)
    for text, (_, cells, _) in zip(texts, given, strict=True):
        if len(cells) != count:
            raise ShapeError(
                f"{caller}: column {texts[0]!r} of x has {count} rows, column {text!r} has {len(cells)}. Expected one "
                "length. Give a cell for each row, None where one is missing."
            )
    for size, what in ((count, "sample(s)"), (len(given), "feature(s)")):
        if size == 0:
            shape = (count, len(given))
            raise ShapeError(f"{caller}: x has 0 {what} (shape={shape}) while a minimum of 1 is required. Give some.")
    origin = Origin(Origin.of(x).index, texts)
    columns = []
    for place, (text, (_, cells, is_category)) in enumerate(zip(texts, given, strict=True)):

        def where(row: int, place: int = place) -> str:
            return f"{caller}: x at {origin.cell((row, place))}"

        columns.append(column_of(text, cells, where, is_category=is_category))
    return Table(tuple(columns), is_named)


def frame_like(x: Any, columns: Mapping[str, NDArray[Any]]) -> Any:
    """Return columns as what `x` is: a frame of the same library, with pandas' index kept; a dict; an array.

    Parameters
    ----------
    x : frame, dict, or anything else
        What was given to predict from.
    columns : mapping of str to array, shape (n,)
        The columns, each with the rows of `x`.

    Returns
    -------
    frame, dict or array, shape (n, number of columns)
        An array for whatever is no frame and no dict.

    Examples
    --------
    >>> frame_like(np.eye(2), {"a": np.array([1, 2]), "b": np.array([3, 4])})
    array([[1, 3],
           [2, 4]])
    """
    if _is_frame(x):
        import narwhals.stable.v1 as narwhals

        given = narwhals.from_native(x, eager_only=True)
        frame: Any = narwhals.from_dict(dict(columns), backend=given.implementation).to_native()
        if given.implementation.is_pandas_like():
            frame.index = x.index
        return frame
    return dict(columns) if isinstance(x, Mapping) else np.column_stack(list(columns.values()))


def _is_frame(x: Any) -> bool:
    """Return whether a thing has named columns; the type is asked, for a lazy frame computes them."""
    return not isinstance(x, Mapping) and (hasattr(type(x), "columns") or hasattr(type(x), "column_names"))


def _given(x: Any, caller: str) -> _Given:
    """Return the columns of whatever was given."""
    if isinstance(x, Mapping) and not hasattr(x, "toarray"):  # which a sparse matrix of SciPy's may be, too
        return [(name, _one_axis(cells, name, caller), False) for name, cells in x.items()]
    if _is_frame(x):
        return _given_by_frame(x, caller)
    if hasattr(x, "toarray"):
        raise TypeError(f"{caller}: x is a {type(x).__name__}, which is sparse. Expected a table. Give x.toarray().")
    mask = getattr(x, "mask", None)
    if mask is not None and isinstance(x, np.ndarray):  # what is masked is missing
        x = np.array(x, object)
        x[mask] = None
    try:
        # Of lists as objects: NumPy would make all of them texts where one is.
        array = np.array(x, object) if isinstance(x, list | tuple) else np.asarray(x)
    except ValueError:
        raise ShapeError(f"{caller}: rows of x differ in length. Expected one length. Give a cell for each.") from None
    if array.dtype.names:
        return [(name, array[name], False) for name in array.dtype.names]
    if array.ndim == 0 or (isinstance(x, list | tuple) and any(isinstance(row, Mapping) for row in x)):
        raise TypeError(
            f"{caller}: x is a {type(x).__name__}{' of dicts' if array.ndim else ''}. Expected a data frame, a dict of "
            "columns or an array of shape (n, d). Give pandas.DataFrame(x)."
        )
    if array.ndim != 2:
        raise ShapeError(
            f"{caller}: x has shape {array.shape}, {array.ndim} axes. Expected 2D array or frame: rows and columns. "
            "Reshape your data with x.reshape(-1, 1) or x.to_frame() if it is one column, x.reshape(1, -1) if one row."
        )
    if array.dtype.kind == "c":
        raise DataError(f"{caller}: x has dtype {array.dtype}. Complex data not supported. Give real numbers.")
    return [(None, array[:, place], False) for place in range(array.shape[1])]


def _given_by_frame(x: Any, caller: str) -> _Given:
    """Return the columns of a data frame."""
    import narwhals.stable.v1 as narwhals

    if type(x).__name__ == "LazyFrame":
        raise TypeError(f"{caller}: x is a LazyFrame, which holds no rows. Expected a frame. Give x.collect().")
    labels = list(x.column_names if hasattr(type(x), "column_names") else x.columns)
    if len(set(labels)) < len(labels):  # narwhals would refuse it in its own words
        return [(label, np.zeros(0), False) for label in labels]
    try:
        frame = narwhals.from_native(x, eager_only=True)
    except TypeError:
        raise TypeError(
            f"{caller}: x is a {type(x).__name__}. Expected a frame of pandas, polars or Arrow, a dict of columns or "
            "an array. Give one of these."
        ) from None
    given: _Given = []
    for label, series in zip(labels, frame.iter_columns(), strict=True):
        is_category = series.dtype in (narwhals.Categorical, narwhals.Enum)
        native = series.to_native()
        if is_category and hasattr(native.dtype if frame.implementation.is_pandas_like() else None, "categories"):
            categories = native.cat  # as cells they change: with a gap, whole numbers become floats
            cells = np.array([*categories.categories, None], object)[np.asarray(categories.codes)]  # -1 is missing
        elif is_category:
            cells = series.cast(narwhals.String).to_numpy()  # Arrow gives other values for gaps in a dictionary
        elif series.dtype in (narwhals.Int128, narwhals.UInt128):
            cells = series.cast(narwhals.Float64).to_numpy()  # NumPy has no such integers
        else:
            cells = series.to_numpy()
        if cells.ndim != 1:  # vectors, to be refused
            cells = np.fromiter(series.to_list(), object, len(series))
        given.append((label, cells, is_category))
    return given


def _one_axis(cells: Any, name: Any, caller: str) -> NDArray[Any]:
    """Return the cells of one column as an array."""
    if hasattr(cells, "to_pylist"):  # of Arrow, whose dictionaries lose what is missing on their way to NumPy
        cells = cells.to_pylist()
    try:
        array = np.asarray(cells)
        if array.dtype.kind in "US" and array.ndim and not isinstance(cells, np.ndarray):
            array = np.array(list(cells), object)  # [1, 'a'] would be two texts
    except ValueError:  # vectors of several lengths
        array = np.fromiter(cells, object, len(cells))
    if array.ndim != 1:
        raise ShapeError(
            f"{caller}: column {name!r} of x has shape {array.shape}. Expected one cell for each row. Give a list."
        )
    return array


def _are_texts(labels: list[Any], caller: str) -> bool:
    """Return whether all columns have texts for names; refuse it where only some have."""
    kinds = sorted({type(label).__name__ if not isinstance(label, str) else "str" for label in labels})
    if "str" in kinds and len(kinds) > 1:
        raise TypeError(
            f"{caller}: Feature names are only supported if all input features have string names, but x has names of "
            f"types {kinds}. Give x.columns = x.columns.astype(str)."
        )
    return kinds == ["str"]


def _checked_names(names: Sequence[str], count: int, caller: str) -> list[str]:
    """Return names that a user gave for the columns."""
    if isinstance(names, str) or not all(isinstance(name, str) for name in names) or len(names) != count:
        raise ShapeError(
            f"{caller}: names={list(names)!r}, x has {count} columns. Expected a str for each. Give these."
        )
    return list(names)
