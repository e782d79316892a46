"""The command line: right input ends with status 0, bad input with 2, one clear line and no traceback."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from broken_data import DataFolder

from ldnevidence import cli, paths, schema


def run(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ldnevidence.cli", *arguments]
    env = {"PYTHONPATH": str(paths.root()), "PATH": "/usr/bin:/bin"}
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd or paths.root(), env=env)


def test_validate_without_a_folder_checks_the_own_data_from_anywhere(tmp_path):
    done = run("validate", cwd=tmp_path)
    tables = len(schema.contract(paths.data_dir())["resources"])
    assert done.returncode == 0, done.stderr
    assert f"{tables} tables, no fault" in done.stdout and not done.stderr


def test_validate_tells_of_a_sound_change_and_records_it_when_told(data: DataFolder, capsys):
    line = data.find("studies", study_id="smith2011")
    data.put("studies", line, "note", "a remark")
    assert cli.main(["validate", str(data.path)]) == 0
    assert "--accept" in capsys.readouterr().out
    assert cli.main(["validate", str(data.path), "--accept"]) == 0
    assert "recorded anew" in capsys.readouterr().out
    recorded = json.loads((data.path / "datapackage.json").read_text(encoding="utf-8"))
    studies = next(r for r in recorded["resources"] if r["name"] == "studies")
    assert studies["hash"] == schema.file_hash(data.path / "studies.csv")
    assert studies["bytes"] == (data.path / "studies.csv").stat().st_size


def test_accept_of_untouched_data_changes_nothing(data: DataFolder):
    before = (data.path / "datapackage.json").read_bytes()
    assert cli.main(["validate", str(data.path), "--accept"]) == 0
    assert (data.path / "datapackage.json").read_bytes() == before


@pytest.mark.parametrize(
    "arguments",
    [["validate", "nowhere"], ["dashboard", "--port", "0"], ["dashboard", "--port", "70000"]],
    ids=" ".join,
)
def test_bad_input_ends_with_status_2_and_one_line(arguments, capsys):
    assert cli.main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("ldnevidence: ") and error.count("\n") == 1


@pytest.mark.parametrize(
    "arguments", [[], ["nonsense"], ["dashboard", "--port", "many"], ["validate", "a", "b"]]
)
def test_an_unknown_command_or_option_ends_with_status_2(arguments):
    done = run(*arguments)
    assert done.returncode == 2 and "usage:" in done.stderr and "Traceback" not in done.stderr


def test_a_taken_port_is_said_to_be_taken(capsys):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert cli.main(["dashboard", "--no-browser", "--port", str(port)]) == 2
    error = capsys.readouterr().err
    assert f"port {port} is taken" in error and "--port" in error


def test_a_file_instead_of_a_folder_is_refused(tmp_path, capsys):
    path = tmp_path / "data.csv"
    path.write_text("a,b\n", encoding="utf-8")
    assert cli.main(["validate", str(path)]) == 2
    assert "is no folder" in capsys.readouterr().err


def test_help_names_every_command():
    done = run("--help")
    assert done.returncode == 0 and "dashboard" in done.stdout and "validate" in done.stdout
