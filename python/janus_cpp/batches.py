"""Batches of rows as pipelines hand them over: a dict of numpy arrays, a pyarrow table or batch, a pandas frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ._core import RequestError

Kind = Literal["text", "bytes", "int", "float"]
_NUMPY_TYPES: dict[str, Any] = {"text": object, "bytes": object, "int": np.int64, "float": np.float64}


@dataclass(frozen=True)
class Column:
    """A column that a batch gets: a value a row, None only in texts and bytes."""

    kind: Kind
    values: Sequence[Any]


def values_of(batch: Any, name: str, argument: str) -> list[Any]:
    """A value a row. argument: where the caller names the column. Raises RequestError that lists the columns."""
    names = names_of(batch)
    if name not in names:
        if not names:  # an empty batch has none
            return []
        raise RequestError(
            f'column "{name}": expected it in the batch, found {", ".join(map(str, names))}; give {argument}="..."'
        )
    column = batch[name] if not _is_arrow(batch) else batch.column(name)
    if not _is_arrow(batch):
        return list(column)
    if _is_extension(column.type):  # tensors of Ray
        chunks = column.chunks if hasattr(column, "chunks") else [column]
        return [value for chunk in chunks for value in chunk.to_numpy(zero_copy_only=False)]
    return list(column.to_pylist())


def names_of(batch: Any) -> list[str]:
    if isinstance(batch, Mapping):
        return list(batch)
    if _is_arrow(batch):
        return list(batch.schema.names)
    if hasattr(batch, "columns"):
        return list(batch.columns)
    raise TypeError(
        f"batch: expected a dict of arrays, a pyarrow table or a pandas frame, found {type(batch).__name__}"
    )


def with_columns(batch: Any, added: Mapping[str, Column], dropped: Sequence[str] = ()) -> Any:
    """The batch, of its own kind, with columns more and others less. Raises RequestError where a name is taken."""
    kept = [name for name in names_of(batch) if name not in dropped]
    for name in added:
        if name in kept:
            raise RequestError(
                f'column "{name}": expected a name that the batch does not have yet; rename it, or give another name'
            )
    if isinstance(batch, Mapping):
        return {name: batch[name] for name in kept} | {name: _as_numpy(column) for name, column in added.items()}
    if _is_arrow(batch):
        return _with_arrow(batch, kept, added)
    return batch[kept].assign(**{name: _as_numpy(column) for name, column in added.items()})


def _is_arrow(batch: Any) -> bool:
    return hasattr(batch, "schema") and hasattr(batch, "column")


def _is_extension(arrow_type: Any) -> bool:
    import pyarrow as pa

    return isinstance(arrow_type, pa.BaseExtensionType)


def _as_numpy(column: Column) -> np.ndarray:
    array = np.empty(len(column.values), _NUMPY_TYPES[column.kind])
    array[:] = column.values
    return array


def _with_arrow(batch: Any, kept: Sequence[str], added: Mapping[str, Column]) -> Any:
    import pyarrow as pa

    types = {"text": pa.string(), "bytes": pa.large_binary(), "int": pa.int64(), "float": pa.float64()}
    arrays = [batch.column(name) for name in kept]
    fields = [batch.schema.field(name) for name in kept]
    for name, column in added.items():
        arrays.append(pa.array(column.values, types[column.kind]))
        fields.append(pa.field(name, types[column.kind]))
    return type(batch).from_arrays(arrays, schema=pa.schema(fields))
