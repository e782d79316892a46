"""Deliberately broken data folders, built from the real one, and the fault that each must be told of.

Run ``python -m tests.broken_data`` from the repository to read the message that each folder gets.
"""

from __future__ import annotations

import csv
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ldnevidence import paths, schema


class DataFolder:
    """A copy of the real data that can be edited cell by cell."""

    def __init__(self, parent: Path) -> None:
        self.path = parent / "data"
        shutil.copytree(paths.data_dir(), self.path)
        shutil.copy(paths.references_file(), parent / "references.bib")

    def rows(self, table: str) -> list[list[str]]:
        with (self.path / f"{table}.csv").open(newline="", encoding="utf-8") as handle:
            return list(csv.reader(handle))

    def write(self, table: str, rows: list[list[str]]) -> None:
        with (self.path / f"{table}.csv").open("w", newline="", encoding="utf-8") as handle:
            csv.writer(handle, lineterminator="\n").writerows(rows)

    def find(self, table: str, **cells: str) -> int:
        """Return the line of the first row with these cells (header: 1); ``"*"`` is any filled cell."""
        head, *body = self.rows(table)
        for line, row in enumerate(body, start=2):
            here = dict(zip(head, row, strict=True))
            if all(here[c] == v or (v == "*" and here[c]) for c, v in cells.items()):
                return line
        raise LookupError(f"{table} has no row with {cells}")

    def get(self, table: str, line: int, column: str) -> str:
        rows = self.rows(table)
        return rows[line - 1][rows[0].index(column)]

    def put(self, table: str, line: int, column: str, value: str) -> None:
        rows = self.rows(table)
        rows[line - 1][rows[0].index(column)] = value
        self.write(table, rows)

    def drop_row(self, table: str, line: int) -> None:
        rows = self.rows(table)
        del rows[line - 1]
        self.write(table, rows)

    def repeat_row(self, table: str, line: int) -> int:
        """Append a copy of a row and return its line."""
        rows = self.rows(table)
        self.write(table, [*rows, rows[line - 1]])
        return len(rows) + 1

    def drop_column(self, table: str, column: str) -> None:
        rows = self.rows(table)
        place = rows[0].index(column)
        self.write(table, [r[:place] + r[place + 1 :] for r in rows])


@dataclass(frozen=True)
class Expected:
    """What a fault must name; empty parts are not asked for."""

    file: str
    rule: str
    row: int | None = None
    column: str = ""
    value: str = ""

    def matches(self, fault: schema.Fault) -> bool:
        return (
            fault.file == self.file
            and fault.rule == self.rule
            and (self.row is None or fault.row == self.row)
            and self.column in fault.column
            and self.value in fault.value
        )


@dataclass(frozen=True)
class Broken:
    """One way to break the data: ``spoil`` edits a folder and returns what must be reported."""

    name: str
    spoil: Callable[[DataFolder], list[Expected]] = field(repr=False)


BROKEN: list[Broken] = []


def broken(function: Callable[[DataFolder], list[Expected]]) -> Callable[[DataFolder], list[Expected]]:
    """Register a way to break the data under its own name, in words."""
    BROKEN.append(Broken(function.__name__.replace("_", " "), function))
    return function


@broken
def a_word_in_a_number_cell(data: DataFolder) -> list[Expected]:
    line = data.find("arms", arm_id="younger2013.ldn")
    data.put("arms", line, "dose_mg", "four and a half")
    return [Expected("arms.csv", "type-error", line, "dose_mg", "four and a half")]


@broken
def a_decimal_in_a_count(data: DataFolder) -> list[Expected]:
    line = data.find("arms", arm_id="younger2013.ldn")
    data.put("arms", line, "n", "30.5")
    return [Expected("arms.csv", "type-error", line, "n", "30.5")]


@broken
def a_word_that_is_not_allowed(data: DataFolder) -> list[Expected]:
    line = data.find("studies", study_id="smith2011")
    data.put("studies", line, "design", "randomised")
    return [Expected("studies.csv", "constraint-error", line, "design", "randomised")]


@broken
def an_empty_cell_that_is_required(data: DataFolder) -> list[Expected]:
    line = data.find("results", statistic="events", n="*")
    data.put("results", line, "source_id", "")
    return [Expected("results.csv", "constraint-error", line, "source_id")]


@broken
def more_people_with_an_event_than_people(data: DataFolder) -> list[Expected]:
    line = data.find("results", statistic="events", n="*", value="*")
    value = str(int(data.get("results", line, "n")) + 1)
    data.put("results", line, "value", value)
    return [Expected("results.csv", "events-within-n", line, "value", value)]


@broken
def a_percentage_that_disagrees_with_its_count(data: DataFolder) -> list[Expected]:
    line = data.find("adverse_events", unit="people", events="*", n="*", percent="*")
    data.put("adverse_events", line, "percent", "99.9")
    return [Expected("adverse_events.csv", "percent-agrees", line, "percent", "99.9")]


@broken
def limits_of_an_interval_out_of_order(data: DataFolder) -> list[Expected]:
    line = data.find("contrasts", estimate="*", ci_low="*", ci_high="*")
    low, high = (data.get("contrasts", line, c) for c in ("ci_low", "ci_high"))
    data.put("contrasts", line, "ci_low", high)
    data.put("contrasts", line, "ci_high", low)
    return [Expected("contrasts.csv", "interval-order", line, "estimate", high)]


@broken
def a_source_that_does_not_exist(data: DataFolder) -> list[Expected]:
    line = data.find("adverse_events", source_id="*")
    data.put("adverse_events", line, "source_id", "nowhere-abstract")
    return [Expected("adverse_events.csv", "foreign-key", line, "source_id", "nowhere-abstract")]


@broken
def a_study_that_references_do_not_know(data: DataFolder) -> list[Expected]:
    line = data.find("reviews", study_id="*")
    old = data.get("reviews", line, "study_id")
    for table in ("reviews", "pooled"):
        rows = data.rows(table)
        place = rows[0].index("study_id")
        for row in rows[1:]:
            row[place] = "nobody1999" if row[place] == old else row[place]
        data.write(table, rows)
    return [Expected("reviews.csv", "entry-in-references", line, "study_id", "nobody1999")]


@broken
def a_day_missing_between_two_steps(data: DataFolder) -> list[Expected]:
    line = data.find("titrations", schedule_id="marcus2024", step="2")
    data.put("titrations", line, "day_start", str(int(data.get("titrations", line, "day_start")) + 1))
    return [Expected("titrations.csv", "titration-follows-on", line, "day_start", "step 2")]


@broken
def the_same_key_twice(data: DataFolder) -> list[Expected]:
    line = data.repeat_row("outcomes", data.find("outcomes", study_id="smith2011"))
    return [Expected("outcomes.csv", "primary-key", line)]


@broken
def a_byte_that_is_not_utf8(data: DataFolder) -> list[Expected]:
    path = data.path / "claims.csv"
    lines = path.read_bytes().split(b"\n")
    lines[79] += b"\xe9"  # far beyond the first block that a reader decodes
    path.write_bytes(b"\n".join(lines))
    return [Expected("claims.csv", "encoding", 80)]


@broken
def a_deleted_column(data: DataFolder) -> list[Expected]:
    data.drop_column("results", "statistic")
    return [Expected("results.csv", "column-present", 1, "statistic")]


@broken
def a_deleted_key_column(data: DataFolder) -> list[Expected]:
    data.drop_column("studies", "study_id")
    return [Expected("studies.csv", "column-present", 1, "study_id")]


@broken
def a_missing_file(data: DataFolder) -> list[Expected]:
    (data.path / "pooled.csv").unlink()
    return [Expected("pooled.csv", "file-present")]


@broken
def a_missing_contract(data: DataFolder) -> list[Expected]:
    (data.path / "datapackage.json").unlink()
    return [Expected("datapackage.json", "contract-present")]


@broken
def a_contract_that_is_no_json(data: DataFolder) -> list[Expected]:
    path = data.path / "datapackage.json"
    path.write_text(path.read_text(encoding="utf-8")[:-20], encoding="utf-8")
    return [Expected("datapackage.json", "contract-json", None)]


@broken
def an_arm_of_another_study(data: DataFolder) -> list[Expected]:
    line = data.find("results", arm_id="smith2011.ldn")
    data.put("results", line, "arm_id", "younger2013.ldn")
    return [Expected("results.csv", "same-study", line, "arm_id", "younger2013.ldn")]


@broken
def a_p_value_without_its_operator(data: DataFolder) -> list[Expected]:
    line = data.find("contrasts", p="*", p_operator="*")
    data.put("contrasts", line, "p_operator", "")
    return [Expected("contrasts.csv", "p-operator", line, "p")]


@broken
def a_known_fault_that_has_healed(data: DataFolder) -> list[Expected]:
    line = data.find("results", result_id="brewer2018.cgi-worse#2")
    data.put("results", line, "value", "13.5")
    return [Expected("known_faults.csv", "strict-expected-fault", 2, "row_key", "brewer2018.cgi-worse#2")]


@broken
def a_cell_too_many(data: DataFolder) -> list[Expected]:
    rows = data.rows("conditions")
    rows[3].append("one more")
    data.write("conditions", rows)
    return [Expected("conditions.csv", "extra-cell", 4, "", "one more")]


@broken
def five_faults_in_five_files(data: DataFolder) -> list[Expected]:
    faults = [
        function(data)
        for function in (
            a_word_that_is_not_allowed,
            more_people_with_an_event_than_people,
            a_percentage_that_disagrees_with_its_count,
            limits_of_an_interval_out_of_order,
            a_day_missing_between_two_steps,
        )
    ]
    return [expected for group in faults for expected in group]


def show() -> None:
    """Print the message that each broken folder gets."""
    for case in BROKEN:
        with tempfile.TemporaryDirectory() as parent:
            data = DataFolder(Path(parent))
            case.spoil(data)
            print(f"## {case.name}")
            for fault in schema.validate(data.path):
                print(f"   {fault}")


if __name__ == "__main__":
    show()
