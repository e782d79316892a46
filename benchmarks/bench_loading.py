"""How long loading takes, as ratios within the same process or the same run.

Run ``python benchmarks/bench_loading.py`` in the repository. Printed are the median of several repeats of

- reading all tables with their contract (hashes, types, linking) against plain ``pandas.read_csv`` of the
  same files, alternately in one process;
- ``import ldnevidence`` against ``import pandas``, each in fresh interpreters, alternately;
- checking the whole folder in full, as it happens when a file was edited.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import pandas as pd

from ldnevidence import paths, schema
from ldnevidence.evidence import Evidence


def seconds(run: Callable[[], object]) -> float:
    """Return how long one call takes."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def alternately(
    first: Callable[[], object], second: Callable[[], object], repeats: int
) -> tuple[float, float]:
    """Return the median times of two calls that take turns, so that a busy machine slows both."""
    pairs = [(seconds(first), seconds(second)) for _ in range(repeats)]
    return statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs)


def plain() -> None:
    """Read the same files as anyone would."""
    for path in sorted(paths.data_dir().glob("*.csv")):
        pd.read_csv(path)


def contracted() -> None:
    """Read the tables as ``load()`` does on its first call in a process."""
    Evidence(schema.read_tables(paths.data_dir()))


def interpreter(code: str) -> Callable[[], object]:
    """Return a call that runs code in a fresh interpreter."""
    return lambda: subprocess.run([sys.executable, "-c", code], check=True, cwd=paths.root())


def measure(repeats: int) -> dict[str, float]:
    """Return the times in seconds and their ratios."""
    contracted(), plain()  # both warm
    load, read = alternately(contracted, plain, repeats)
    ours, theirs = alternately(interpreter("import ldnevidence"), interpreter("import pandas"), repeats)
    loaded, _ = alternately(
        interpreter("import ldnevidence as l; l.load()"), lambda: None, max(3, repeats // 3)
    )
    return {
        "load, s": load,
        "read_csv, s": read,
        "load / read_csv": load / read,
        "import ldnevidence, s": ours,
        "import pandas, s": theirs,
        "import ldnevidence / import pandas": ours / theirs,
        "fresh process to loaded evidence, s": loaded,
        "full check of an edited folder, s": seconds(lambda: schema.validate(paths.data_dir())),
    }


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--repeats", type=int, default=15)
    for name, value in measure(parser.parse_args().repeats).items():
        print(f"{name:40} {value:8.3f}")


if __name__ == "__main__":
    main()
