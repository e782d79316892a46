"""Going through the rows of a table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


def each(table: pd.DataFrame) -> Iterator[Any]:
    """Return the rows as named tuples of any type; type checkers cannot know the types of a table's cells.

    >>> import pandas as pd
    >>> [row.a for row in each(pd.DataFrame({"a": [1, 2]}))]
    [1, 2]
    """
    return iter(table.itertuples())
