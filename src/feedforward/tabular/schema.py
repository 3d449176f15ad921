"""What the columns of a file were taken for where an `Encoding` brings them to a network.

The counterpart of ``data.columns``, whose records make the inputs of a plain network: it has the same properties and
methods, so that whoever reads files, measures and predicts needs to know neither. Not here: the encoding itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from feedforward.data.columns import Column, Roles, Schema
from feedforward.data.sheet import Sheet
from feedforward.errors import DataError, FormatError
from feedforward.tabular.columns import Column as TypedColumn
from feedforward.tabular.columns import Table
from feedforward.tabular.encoding import ColumnEncoding, Encoding
from feedforward.tabular.sheets import sheet_table

__all__ = ["AnySchema", "TableSchema", "table_schema"]


@dataclass(frozen=True)
class TableSchema:
    """What the columns of a table were taken for.

    Parameters
    ----------
    encoding : Encoding
        How those that are learnt from become what the network is fed.
    target : Column
        The target: its classes, or that it is a number.
    others : tuple of Column
        Those that were dropped, or say what rows count.
    has_header : bool
        Whether the file that was learnt from names its columns.
    forced : tuple of str
        The columns whose numbers the user wants taken for categories.
    """

    encoding: Encoding
    target: Column
    others: tuple[Column, ...] = ()
    has_header: bool = True
    forced: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[ColumnEncoding | Column, ...]:
        """All columns but the target, those that are learnt from first."""
        return (*self.encoding.columns, *self.others)

    @property
    def used(self) -> tuple[ColumnEncoding, ...]:
        """The columns that a file to predict from has to have."""
        return self.encoding.used

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the columns of what `encoded` returns: first numbers, then codes."""
        embedded = [column.name for column in self.used if column.taken_for == "embedding"]
        return (*self.encoding.number_names, *embedded)

    def table(self, sheet: Sheet, is_whole: bool = False) -> Table:
        """Return the columns of a file that are used, or all that the encoding has, each of the kind that it was.

        Raises
        ------
        DataError
            If a column is missing, or a cell is not of its kind.
        """
        columns = self.encoding.columns if is_whole else self.used
        table = sheet_table(sheet, [column.name for column in columns], self.encoding.kinds)
        # New rows may hold the value "-" without the "+" that makes it one.
        found = [
            _with_dashes(typed, sheet) if "-" in column.values else typed
            for column, typed in zip(columns, table.columns, strict=True)
        ]
        return Table(tuple(found))

    def encoded(self, sheet: Sheet) -> tuple[NDArray[np.float64], dict[str, int]]:
        """Return numbers and codes for all rows of a file, shape (n, d), and the unknown values by column.

        Raises
        ------
        DataError
            If a column is missing, or a cell cannot be used.
        """
        found = self.encoding.encoded(self.table(sheet), str(sheet.path))
        return np.concatenate([found.numbers, found.codes], axis=1, dtype=np.float64), found.unknown

    def encoded_values(self, columns: Mapping[str, NDArray[Any]]) -> NDArray[np.float64]:
        """Return numbers and codes for the values of columns, as a typed column holds them, shape (n, d)."""
        kinds = self.encoding.kinds
        table = Table(tuple(TypedColumn(one.name, kinds[one.name], columns[one.name]) for one in self.used))
        found = self.encoding.encoded(table, "predict")
        return np.concatenate([found.numbers, found.codes], axis=1, dtype=np.float64)

    def fed(self, x: NDArray[np.float64]) -> Any:
        """Return rows as the network takes them: an array of numbers, one of codes, or both."""
        count = len(self.encoding.number_names)
        parts = [x[:, :count].astype(np.float32), x[:, count:].astype(np.int32)]
        arrays = [part for part in parts if part.shape[1]]
        return arrays if len(arrays) > 1 else arrays[0]

    def to_config(self) -> dict[str, Any]:
        """Return what the encoding does not say, as JSON can hold it."""
        return Schema(self.others, self.target, self.has_header).to_config()

    @classmethod
    def from_config(cls, encoding: Encoding, config: Any) -> TableSchema:
        """Return what `to_config` wrote, beside an encoding; every type is checked, for anybody may have written it.

        Raises
        ------
        FormatError
            If it is anything else.
        """
        found = Schema.from_config(config, has_inputs=False)
        names = [*(column.name for column in encoding.columns), *(column.name for column in found.columns)]
        names.append(found.target.name)
        if len(set(names)) < len(names):
            raise FormatError("the record of its table names a column twice")
        return cls(encoding, found.target, found.columns, found.has_header)


AnySchema: TypeAlias = Schema | TableSchema
"""What columns were taken for, for whatever network."""


def table_schema(sheet: Sheet, target: Column, roles: Roles, is_learnt: NDArray[np.bool_]) -> TableSchema:
    r"""Return what the columns of a file are taken for; parameters and errors as for `schema_of`.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from feedforward.data.sheet import read_sheet
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "people.csv"
    >>> _ = path.write_text("age,city,paid\n31,Bern,yes\n?,Rome,no\n50,Rome,no\n")
    >>> target = Column("paid", "target", values=("no", "yes"))
    >>> schema = table_schema(read_sheet(path), target, Roles(), np.array([True, True, True]))
    >>> for column in schema.columns:
    ...     print(column.name, column, sep=": ")
    age: number; 1 gap: the median 40.5, and a column that says so
    city: category: 2 values (Bern, Rome), 1 and -1
    """
    uses = roles.of(sheet, target.name)
    names = [name for name in sheet.names if uses.get(name, "categorical") == "categorical" and name != target.name]
    if not names:
        raise DataError(
            f"{sheet.path}: no column is left to learn from: all others are dropped, or say what rows count. At least"
            " one feature is expected. Add a column, or drop fewer."
        )
    others = [one for name in sheet.names if (one := _other(name, uses)) is not None]
    table = sheet_table(sheet, names)
    forced = [name for name in names if name in uses]
    encoding = Encoding.learnt(table.take(is_learnt), categorical=forced, caller=str(sheet.path))
    return TableSchema(encoding, target, tuple(others), sheet.has_header, tuple(forced))


def _with_dashes(column: TypedColumn, sheet: Sheet) -> TypedColumn:
    """Return a category in which ``-`` is a value rather than a gap."""
    texts = sheet.cells(sheet.names.index(column.name)).texts
    return TypedColumn(column.name, column.kind, np.where(np.array(texts) == "-", "-", column.values))


def _other(name: str, uses: Mapping[str, str]) -> Column | None:
    """Return the record of a column that is not learnt from, None for one that is."""
    if uses.get(name) == "drop":
        return Column(name, "dropped", why="you asked for it")
    return Column(name, "weights") if uses.get(name) == "weights" else None
