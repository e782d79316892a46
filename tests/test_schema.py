"""The contract: it documents every column, loading trusts hashes, and a fault is named by its place."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys

import pytest
from broken_data import BROKEN, Broken, DataFolder

import ldnevidence as ldn
from ldnevidence import cli, paths, schema

DESCRIPTOR = schema.contract(paths.data_dir())
RESOURCES = {r["name"]: r for r in DESCRIPTOR["resources"]}


def run_python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=paths.root())
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


# -- what the contract says -------------------------------------------------------------------------------


def test_every_csv_file_is_in_the_contract_and_every_entry_has_its_file():
    files = {p.name for p in paths.data_dir().glob("*.csv")}
    assert files == {r["path"] for r in DESCRIPTOR["resources"]}


@pytest.mark.parametrize("name", RESOURCES)
def test_every_column_is_documented_with_meaning_type_and_key(name):
    resource = RESOURCES[name]
    fields = resource["schema"]["fields"]
    assert resource["description"] and resource["schema"]["primaryKey"]
    for field in fields:
        assert field["description"].strip(), f"{name}.{field['name']} has no meaning"
        assert field["type"] in schema.DTYPES, f"{name}.{field['name']} has the type {field['type']}"
    with (paths.data_dir() / resource["path"]).open(newline="", encoding="utf-8") as handle:
        assert next(csv.reader(handle)) == [f["name"] for f in fields]


@pytest.mark.parametrize("name", RESOURCES)
def test_columns_of_doses_days_weeks_and_percentages_state_their_unit(name):
    for field in RESOURCES[name]["schema"]["fields"]:
        measured = re.search(r"_mg$|_days$|_weeks$|percent$|^week$|_per_kg$", field["name"])
        if measured and field["type"] in ("number", "integer"):
            assert field.get("unit"), f"{name}.{field['name']} has no unit"


def test_foreign_keys_point_at_columns_that_exist():
    columns = {n: {f["name"] for f in r["schema"]["fields"]} for n, r in RESOURCES.items()}
    for name, resource in RESOURCES.items():
        for key in resource["schema"].get("foreignKeys", []):
            target = key["reference"]["resource"] or name
            assert set(key["fields"]) <= columns[name]
            assert set(key["reference"]["fields"]) <= columns[target]


@pytest.mark.parametrize("table", ["results", "contrasts", "adverse_events"])
def test_the_contract_asks_a_source_of_every_figure(table):
    field = next(f for f in RESOURCES[table]["schema"]["fields"] if f["name"] == "source_id")
    assert field["constraints"]["required"]


def test_the_contract_names_licence_version_and_title():
    assert DESCRIPTOR["licenses"][0]["name"] == "CC-BY-4.0"
    assert re.fullmatch(r"\d+\.\d+\.\d+", DESCRIPTOR["version"])
    assert DESCRIPTOR["title"]


def test_the_changelog_has_an_entry_for_the_version_of_the_data(root):
    text = (root / "data" / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## {re.escape(DESCRIPTOR['version'])}\b", text, flags=re.MULTILINE)


def test_the_readme_counts_the_rows_that_are_there(root):
    text = (root / "data" / "README.md").read_text(encoding="utf-8")
    stated = dict(re.findall(r"^\| `(\w+)` \| ([\d,]+) \|", text, flags=re.MULTILINE))
    counted = {name: len(table) for name, table in ldn.load().tables.items()}
    assert {name: int(n.replace(",", "")) for name, n in stated.items()} == counted


# -- loading ----------------------------------------------------------------------------------------------


def test_the_hashes_of_the_contract_are_those_of_the_files():
    assert schema.changed_files(paths.data_dir()) == []


def test_the_data_as_committed_have_no_fault_when_checked_in_full():
    assert schema.validate(paths.data_dir()) == []


def test_rows_are_sorted_by_key_so_that_diffs_read_well():
    for name, resource in RESOURCES.items():
        if name in ("conditions", "dose_bands"):  # in the order in which readers see them
            continue
        rows = schema.read_cells(paths.data_dir() / resource["path"])
        key = resource["schema"]["primaryKey"]
        keys = [[re.sub(r"\d+", lambda m: m.group().zfill(6), row[c]) for c in key] for row in rows]
        assert keys == sorted(keys), f"{name} is not sorted by its key"


def test_loading_unchanged_files_imports_no_validator():
    code = "import sys, ldnevidence as l; l.load(); print('frictionless' in sys.modules)"
    assert run_python(code) == "False"


def test_loading_gives_the_types_of_the_contract():
    tables = schema.read_tables(paths.data_dir())
    for name, resource in RESOURCES.items():
        for field in resource["schema"]["fields"]:
            found = str(tables[name][field["name"]].dtype)
            assert found == schema.DTYPES[field["type"]], f"{name}.{field['name']} is {found}"


def test_no_word_of_a_cell_is_taken_for_a_missing_value(data: DataFolder):
    line = data.find("studies", study_id="smith2011")
    data.put("studies", line, "note", "NA")
    ev = ldn.load(data.path)
    assert ev.studies.set_index("study_id").at["smith2011", "note"] == "NA"


def test_a_changed_file_without_fault_is_checked_and_loads(data: DataFolder):
    line = data.find("studies", study_id="smith2011")
    data.put("studies", line, "note", "a remark")
    assert schema.changed_files(data.path) == ["studies"]
    assert ldn.load(data.path).studies.set_index("study_id").at["smith2011", "note"] == "a remark"


def test_accept_records_a_sound_change_and_refuses_a_fault(data: DataFolder):
    line = data.find("studies", study_id="smith2011")
    data.put("studies", line, "note", "a remark")
    assert schema.accept(data.path) == ["studies"]
    assert schema.changed_files(data.path) == []
    data.put("studies", line, "n_randomized", "many")
    before = (data.path / "datapackage.json").read_text(encoding="utf-8")
    with pytest.raises(schema.DataError):
        schema.accept(data.path)
    assert (data.path / "datapackage.json").read_text(encoding="utf-8") == before


def test_a_fault_is_a_value_error_that_names_file_row_column_value_and_rule(data: DataFolder):
    line = data.find("studies", study_id="smith2011")
    data.put("studies", line, "n_randomized", "many")
    with pytest.raises(ValueError) as caught:
        ldn.load(data.path)
    text = str(caught.value)
    for part in ("studies.csv", f"row {line}", "n_randomized", "'many'", "type-error", "1 fault"):
        assert part in text


# -- broken folders ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.name)
def test_a_broken_folder_gets_every_fault_named_in_one_run_and_exit_status_2(
    case: Broken, data: DataFolder, capsys: pytest.CaptureFixture[str]
):
    expected = case.spoil(data)
    status = cli.main(["validate", str(data.path)])
    said = capsys.readouterr()
    faults = schema.validate(data.path) if len(expected) > 1 else None
    assert status == cli.BAD_INPUT and said.out == ""
    assert "Traceback" not in said.err
    lines = said.err.splitlines()
    assert len(lines) == 1 + len(expected), f"one line a fault and no other:\n{said.err[:2000]}"
    for fault in expected:
        parts = [fault.file, f"[{fault.rule}]", fault.column, fault.value]
        parts += [f"row {fault.row},"] if fault.row and fault.column else []
        assert any(all(p in line for p in parts) for line in lines[1:]), f"{fault} is not in {said.err}"
    if faults is not None:
        assert all(any(e.matches(f) for f in faults) for e in expected)


def test_there_are_at_least_ten_ways_to_break_the_data_and_one_with_several_faults():
    assert len(BROKEN) > 10
    assert any("faults" in case.name for case in BROKEN)


def test_the_command_ends_without_a_traceback_on_a_broken_folder(data: DataFolder):
    data.drop_column("studies", "study_id")
    done = subprocess.run(
        [sys.executable, "-m", "ldnevidence.cli", "validate", str(data.path)],
        capture_output=True, text=True, cwd=paths.root(),
    )  # fmt: skip
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "studies.csv, row 1, column study_id: the column is missing" in done.stderr


def test_a_fault_elsewhere_is_still_named_when_a_file_is_missing(data: DataFolder):
    (data.path / "pooled.csv").unlink()
    line = data.find("studies", study_id="smith2011")
    data.put("studies", line, "n_randomized", "many")
    found = {(f.file, f.rule) for f in schema.validate(data.path)}
    assert found == {("pooled.csv", "file-present"), ("studies.csv", "type-error")}


def test_a_known_fault_needs_a_reason_and_an_entry_in_the_discrepancies(ev):
    listed = ev.known_faults
    assert listed["reason"].notna().all() and listed["discrepancy_id"].notna().all()


def test_a_known_fault_listed_without_its_fault_is_reported(data: DataFolder):
    rows = data.rows("known_faults")
    healed = dict(zip(rows[0], rows[1], strict=True)) | {"row_key": "smith2011.cdai-response#1"}
    data.write("known_faults", [*rows, [healed[c] for c in rows[0]]])
    faults = schema.validate(data.path)
    assert [(f.file, f.row, f.rule) for f in faults] == [("known_faults.csv", 3, "strict-expected-fault")]


def test_the_contract_is_plain_json_that_other_tools_can_read():
    text = (paths.data_dir() / "datapackage.json").read_text(encoding="utf-8")
    assert json.loads(text)["resources"][0]["schema"]["fields"]
    assert text == json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n"
