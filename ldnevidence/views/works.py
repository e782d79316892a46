"""Which works stand behind the pages that rows were read on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ldnevidence.evidence import Evidence


def behind(ev: Evidence, source_ids: Iterable[object], also: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the keys of the works whose pages were read, and of others named, each once.

    >>> import ldnevidence as ldn
    >>> behind(ldn.load(), ["rabiner2011-x", "marcus2024-document"], ["younger2013"])
    ('marcus2024', 'younger2013')
    """
    sources = ev.tables["sources"]
    wanted = sources["source_id"].isin(set(source_ids))
    return tuple(sorted({*sources.loc[wanted, "cite_key"], *also}))
