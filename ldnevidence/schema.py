"""The contract enforced: ``datapackage.json`` says what a column may hold; this module sees to it.

Reading is cheap as long as every file has the hash that the contract records. Only a file that differs is
checked in full, by the frictionless library (types, required cells, allowed values, keys) and by the rules of
:mod:`ldnevidence.rules` (arithmetic and meaning), and every fault is named in one run.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

DTYPES = {"string": "str", "integer": "Int64", "number": "float64", "boolean": "boolean"}


@dataclass(frozen=True)
class Fault:
    """One place where a file breaks the contract.

    Attributes
    ----------
    file : str
        Name of the file.
    row : int or None
        Line in the file, the header being line 1; None where the fault concerns no single row.
    column : str
        Column, or several joined by ``+``; empty where the fault concerns a whole row or file.
    value : str
        The offending cell as it stands in the file.
    rule : str
        Short name of the broken rule.
    message : str
        What the rule asks, in words.
    """

    file: str
    row: int | None
    column: str
    value: str
    rule: str
    message: str

    def __str__(self) -> str:
        """Return one line that names place, value and rule."""
        place = self.file + (f", row {self.row}" if self.row else "")
        place += f", column {self.column}" if self.column else ""
        value = f": {self.value!r}" if self.value else ""
        return f"{place}{value}: {self.message} [{self.rule}]"


class DataError(ValueError):
    """The tables break their contract; ``faults`` lists every place."""

    def __init__(self, folder: Path, faults: list[Fault]) -> None:
        self.faults = faults
        head = f"{folder}: {len(faults)} fault{'s' if len(faults) != 1 else ''} in the data"
        super().__init__("\n".join([head, *map(str, faults)]))


@lru_cache(maxsize=8)
def _read_contract(path: Path, stamp: int) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def contract(folder: Path) -> dict[str, Any]:
    """Return the descriptor of a data folder.

    Raises
    ------
    DataError
        Where ``datapackage.json`` is missing, is no JSON or lists no resources.
    """
    path = folder / "datapackage.json"
    try:
        descriptor = _read_contract(path, path.stat().st_mtime_ns)
        if isinstance(descriptor, dict) and isinstance(descriptor.get("resources"), list):
            return descriptor
        fault = Fault(path.name, None, "", "", "contract-shape", "the contract lists no resources")
    except FileNotFoundError:
        fault = Fault(path.name, None, "", "", "contract-present", "the contract is missing")
    except json.JSONDecodeError as error:
        fault = Fault(path.name, error.lineno, "", "", "contract-json", f"not valid JSON: {error.msg}")
    raise DataError(folder, [fault])


def file_hash(path: Path) -> str:
    """Return the hash of a file in the form that the contract uses."""
    return "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()


def changed_files(folder: Path) -> list[str]:
    """Return the resources whose file is missing or differs from the hash in the contract."""
    changed = []
    for resource in contract(folder)["resources"]:
        path = folder / resource["path"]
        if not path.is_file() or file_hash(path) != resource["hash"]:
            changed.append(resource["name"])
    return changed


def read_tables(folder: Path) -> dict[str, pd.DataFrame]:
    """Read every table of a folder with the types of the contract.

    An empty cell is missing; no word is taken for a missing value. Files that differ from their hash are
    checked in full first.

    Raises
    ------
    DataError
        With every fault, where a changed file breaks the contract.
    """
    import pandas as pd

    if changed_files(folder):
        faults = validate(folder)
        if faults:
            raise DataError(folder, faults)
    tables = {}
    for resource in contract(folder)["resources"]:
        dtype: Any = {f["name"]: DTYPES[f["type"]] for f in resource["schema"]["fields"]}
        tables[resource["name"]] = pd.read_csv(
            folder / resource["path"], dtype=dtype, keep_default_na=False, na_values=[""], encoding="utf-8"
        )
    return tables


def read_cells(path: Path) -> list[dict[str, str]]:
    """Read a CSV as text, each row with its cells by column, so that a fault can quote what stands there."""
    with path.open(newline="", encoding="utf-8") as handle:
        return [{k: (v or "") for k, v in row.items() if k is not None} for row in csv.DictReader(handle)]


def references_beside(folder: Path) -> Path:
    """Return the ``references.bib`` beside a data folder, or else the one of this package."""
    from ldnevidence.paths import references_file

    beside = folder.resolve().parent / "references.bib"
    return beside if beside.is_file() else references_file()


def validate(folder: Path, references: Path | None = None) -> list[Fault]:
    """Check a whole data folder against its contract and return every fault.

    Parameters
    ----------
    folder : Path
        Folder with ``datapackage.json`` and the CSV files.
    references : Path, optional
        The ``references.bib`` to hold the keys against; by default the one beside the folder, or else the
        one of this package.

    Returns
    -------
    list of Fault
        Empty where all is well. Faults listed in ``known_faults.csv`` are left out; a listing whose fault
        has healed is itself a fault.
    """
    from ldnevidence import rules

    try:
        descriptor = contract(folder)
    except DataError as error:
        return error.faults
    faults: list[Fault] = []
    tables: dict[str, list[dict[str, str]]] = {}
    for resource in descriptor["resources"]:
        broken = _file_faults(folder / resource["path"], [f["name"] for f in resource["schema"]["fields"]])
        faults += broken
        if not broken:
            tables[resource["name"]] = read_cells(folder / resource["path"])
    faults += _contract_faults(folder, [r for r in descriptor["resources"] if r["name"] in tables])
    bib = references or references_beside(folder)
    faults += rules.check(tables, descriptor, bib)
    order = {r["path"]: i for i, r in enumerate(descriptor["resources"])}
    return sorted(faults, key=lambda f: (order.get(f.file, 99), f.row or 0, f.column))


def _file_faults(path: Path, columns: list[str]) -> list[Fault]:
    """Return why a file cannot be read as the table that the contract describes."""
    name = path.name
    if not path.is_file():
        return [Fault(name, None, "", "", "file-present", "the file is missing")]
    raw = path.read_bytes()
    try:
        header = next(csv.reader(io.StringIO(raw.decode("utf-8"), newline=""), strict=True), [])
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        return [Fault(name, line, "", "", "encoding", "the text is not UTF-8")]
    except csv.Error as error:
        return [Fault(name, 1, "", "", "csv", str(error))]
    faults = [
        Fault(name, 1, c, "", "column-present", "the column is missing") for c in columns if c not in header
    ]
    faults += [
        Fault(name, 1, c, "", "column-known", "the contract has no such column")
        for c in header
        if c not in columns
    ]
    if not faults and header != columns:
        faults = [
            Fault(name, 1, "", "", "column-order", "each column stands once, in the order of the contract")
        ]
    return faults


def _contract_faults(folder: Path, resources: list[dict[str, Any]]) -> list[Fault]:
    """Let frictionless check types, constraints, keys and references of the tables that can be read."""
    from frictionless import Package, system

    here = {r["name"] for r in resources}
    bare = []
    for resource in resources:
        # Hashes tell load() what to check; here the content itself is checked, edited or not.
        resource = {k: v for k, v in resource.items() if k not in {"hash", "bytes"}}
        links = resource["schema"].get("foreignKeys", [])
        links = [f for f in links if (f["reference"]["resource"] or resource["name"]) in here]
        bare.append(resource | {"schema": resource["schema"] | {"foreignKeys": links}})
    with system.use_context(trusted=True):
        report = Package.from_descriptor({"resources": bare}, basepath=str(folder)).validate()
    schemas = {r["name"]: (r["path"], r["schema"]) for r in resources}
    return [_in_words(error.to_dict(), *schemas[task.name]) for task in report.tasks for error in task.errors]


KINDS = {"number": "a number", "integer": "a whole number", "boolean": "true or false", "string": "text"}


def _in_words(error: dict[str, Any], path: str, schema: dict[str, Any]) -> Fault:
    """Turn an error of frictionless into a fault with column, value and a plain message."""
    rule, message = error["type"], error["note"]
    columns, values = [error.get("fieldName", "")], [error.get("cell", "") or ""]
    field: dict[str, Any] = next((f for f in schema["fields"] if f["name"] == columns[0]), {})
    if rule == "type-error":
        message = f"must be {KINDS[field['type']]}"
    elif rule == "constraint-error":
        name = message.split('"')[1]
        limit = field["constraints"][name]
        message = {
            "required": "must not be empty",
            "enum": f"must be one of: {', '.join(map(str, limit)) if name == 'enum' else ''}",
            "minimum": f"must be {limit} or more",
            "maximum": f"must be {limit} or less",
            "pattern": f"must have the form {limit}",
        }.get(name, message)
    elif rule == "foreign-key":
        columns, values = error["fieldNames"], error["fieldCells"]
        message = f"no such key in {error['referenceName'] or path.removesuffix('.csv')}.csv"
    elif rule == "primary-key":
        columns = schema["primaryKey"]
        names = [f["name"] for f in schema["fields"]]
        values = [error["cells"][names.index(c)] for c in columns]
        message = f"a key stands once: {message}"
    elif rule == "extra-cell":
        message = "the row has more cells than there are columns"
    elif rule == "missing-cell":
        message = "the row has fewer cells than there are columns"
    return Fault(path, error.get("rowNumber"), "+".join(columns), " / ".join(map(str, values)), rule, message)


def accept(folder: Path) -> list[str]:
    """Record the present files in the contract, after they were validated; return the names that changed.

    Raises
    ------
    DataError
        Where the folder has faults; nothing is written then.
    """
    faults = validate(folder)
    if faults:
        raise DataError(folder, faults)
    descriptor = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    changed = changed_files(folder)
    for resource in descriptor["resources"]:
        path = folder / resource["path"]
        resource["hash"], resource["bytes"] = file_hash(path), path.stat().st_size
    text = json.dumps(descriptor, indent=2, ensure_ascii=False) + "\n"
    (folder / "datapackage.json").write_text(text, encoding="utf-8")
    return changed
