"""The text of ``references.bib`` without any parser.

The text of an entry is cut out by counting braces, which takes milliseconds and no other library, because
every picture offers it for download.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ldnevidence.paths import references_file

_ENTRY = re.compile(r"^[ \t]*@(\w+)\s*\{\s*([^,\s{}]+)\s*,", re.MULTILINE)
_FOLDED = str.maketrans(
    {
        "ø": "o", "œ": "oe", "æ": "ae", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i",
        "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "κ": "kappa", "μ": "mu",
    }
)  # fmt: skip


def fold(text: str) -> str:
    """Return a text in lower case and without accents, so that spellings can be compared.

    >>> fold("Trøstheim, Löhn, Småbrekke")
    'trostheim, lohn, smabrekke'
    """
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c)).translate(_FOLDED)


@dataclass(frozen=True)
class RawEntry:
    """An entry as it stands in the file, with the line on which it begins."""

    entry_type: str
    key: str
    line: int
    text: str


def raw_entries(text: str) -> list[RawEntry]:
    """Cut a BibTeX text into its entries by counting braces.

    An entry whose braces do not close ends where the next one begins.

    >>> [e.key for e in raw_entries("@misc{a, title={A}}@misc{b,\\n title={B}}") if e.line == 1]
    ['a']
    """
    found = []
    starts = list(_ENTRY.finditer(text))
    for i, match in enumerate(starts):
        limit = starts[i + 1].start() if i + 1 < len(starts) else len(text)
        end, depth = limit, 0
        for brace in re.finditer(r"(?<!\\)[{}]", text[match.start() : limit]):
            depth += 1 if brace.group() == "{" else -1
            if depth == 0:
                end = match.start() + brace.end()
                break
        line = text.count("\n", 0, match.start()) + 1
        body = text[match.start() : end].rstrip()
        found.append(RawEntry(match.group(1).lower(), match.group(2), line, body))
    return found


@lru_cache(maxsize=4)
def _raw(path: Path, stamp: int) -> dict[str, RawEntry]:
    return {e.key: e for e in raw_entries(path.read_text(encoding="utf-8"))}


def raw_bibliography(path: Path | None = None) -> dict[str, RawEntry]:
    """Return the raw entries of a file by key; of two with the same key the last one."""
    path = Path(path) if path else references_file()
    return _raw(path, path.stat().st_mtime_ns)


def entries_text(keys: Iterable[str], path: Path | None = None) -> str:
    """Return the BibTeX text of some works, as it stands in the file, in the order asked for.

    Parameters
    ----------
    keys : iterable of str
        Citation keys; a key named twice is given once.
    path : Path, optional
        Another BibTeX file.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        Where a key is not in the file; the message names the nearest ones.

    Examples
    --------
    >>> entries_text(["younger2013"]).splitlines()[0]
    '@article{younger2013,'
    """
    known = raw_bibliography(path)
    parts = []
    for key in dict.fromkeys(keys):
        if key not in known:
            raise unknown_key(key, known)
        parts.append(known[key].text)
    return "\n\n".join(parts) + "\n" if parts else ""


def unknown_key(key: str, known: Iterable[str]) -> ValueError:
    """Return the error for a key that is in no entry, with the nearest keys as suggestions."""
    from difflib import get_close_matches

    names = list(known)
    plain = re.sub(r"[^a-z0-9]", "", fold(str(key)))
    close = [k for k in names if plain and plain in k][:3]
    close += [k for k in get_close_matches(plain, names, n=3, cutoff=0.6) if k not in close]
    hint = f"did you mean {', '.join(close[:3])}?" if close else "search with find(...) to see what there is"
    return ValueError(f"no work with the key {key!r} in references.bib; {hint}")
