"""Search the works cited, and the same 100 times enlarged: ours against a plain loop of ``in`` tests.

Run in the repository's folder:  python -m benchmarks.bench_citations
Both are timed in this one process, in turn; each figure is the best of the rounds, a query.  The loop finds
only what is spelled as in the file, gives no order and knows nothing of the tables: a yardstick of the
machine, and no rival.
"""

import csv
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from ldnevidence import citations
from ldnevidence.citations.bibliography import Reference
from ldnevidence.citations.facts import facts_of
from ldnevidence.citations.index import Index, build_index, search

QUERIES = Path(__file__).resolve().parents[1] / "tests" / "reference" / "citation_queries.csv"
COPIES = 100
ROUNDS = 5


def queries() -> list[str]:
    """Return the queries of readers from the tests, without the empty one."""
    with QUERIES.open(encoding="utf-8", newline="") as handle:
        return [row["query"] for row in csv.DictReader(handle) if row["query"].strip()]


def enlarged(works: Sequence[Reference], copies: int) -> tuple[list[Reference], Index]:
    """Return copies of the works under keys of their own, and their index."""
    known = facts_of(None)
    many, facts = [], {}
    for copy in range(copies):
        for work in works:
            key = f"{work.key}_{copy}" if copy else work.key
            many.append(replace(work, key=key))
            facts[key] = known[work.key]
    return many, build_index(many, facts)


def plain_loop(haystacks: Sequence[str], query: str) -> list[int]:
    """Return the works whose text holds every word of the query as it is spelled."""
    asked = query.lower().split()
    return [i for i, text in enumerate(haystacks) if all(word in text for word in asked)]


def seconds_a_query(run: Callable[[str], object], asked: Sequence[str]) -> float:
    """Return the best mean time of the rounds."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for query in asked:
            run(query)
        times.append((time.perf_counter() - start) / len(asked))
    return min(times)


def main() -> None:
    """Print one line for each size of the collection."""
    asked = queries()
    print(f"{len(asked)} queries, best of {ROUNDS} rounds, milliseconds a query")
    for copies in (1, COPIES):
        works, index = enlarged(citations.references(), copies)
        haystacks = [f"{w.key} {' '.join(w.fields.values())}".lower() for w in works]
        ours = seconds_a_query(lambda q, index=index: search(index, q, 10), asked)  # type: ignore[misc]
        loop = seconds_a_query(lambda q, texts=haystacks: plain_loop(texts, q), asked)  # type: ignore[misc]
        print(
            f"{len(works):6} works: search {1e3 * ours:8.3f}   plain loop {1e3 * loop:8.3f}   "
            f"ratio {ours / loop:5.2f}"
        )


if __name__ == "__main__":
    main()
