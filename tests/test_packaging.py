"""The wheel: it carries all that a reader needs, and works from any folder."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from ldnevidence import paths, schema

PROJECT = "ldnevidence"
# Names in code that differ from the names of their packages.
CALLED = {"IPython": "ipython", "citeproc": "citeproc-py", "axe_playwright_python": "axe-playwright-python"}
ROOT = paths.root()
BUNDLE = "ldnevidence/_bundle/"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from the checkout, without asking any index."""
    if not (ROOT / "pyproject.toml").is_file():
        pytest.skip("no checkout")
    folder = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--wheel-dir",
        str(folder),
        str(ROOT),
    ]
    try:
        import hatchling  # noqa: F401  # an own copy builds without the network

        command.insert(4, "--no-build-isolation")
    except ImportError:
        pass
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("ldnevidence-*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel alone into a folder of its own."""
    target = tmp_path_factory.mktemp("installed")
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--target",
        str(target),
        str(wheel),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return target


def run(installed: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in another folder, with the installed copy alone on the path."""
    command = [sys.executable, "-P", *arguments]
    env = {"PYTHONPATH": str(installed)}
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=env)


def test_the_wheel_carries_data_references_notebook_and_template(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    for resource in schema.contract(paths.data_dir())["resources"]:
        assert f"{BUNDLE}data/{resource['path']}" in names
    about = [f"data/{name}" for name in ("datapackage.json", "README.md", "CHANGELOG.md", "LICENSE")]
    for name in (*about, "references.bib", "notebooks/dashboard.ipynb"):
        assert BUNDLE + name in names
    template = "ldnevidence/app/jupyter/voila/templates/ldn/"
    assert {template + "index.html.j2", template + "conf.json"} <= names
    assert any(n.startswith(template + "static/") and n.endswith(".css") for n in names)


def test_the_wheel_carries_both_licences_and_no_tests(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert any(n.endswith("licenses/LICENSE") for n in names)
    assert not any(n.startswith(("tests/", "benchmarks/")) or "__pycache__" in n for n in names)


def test_the_wheel_holds_every_file_of_the_package(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    package = ROOT / "ldnevidence"
    files = {
        p.relative_to(ROOT).as_posix()
        for p in package.rglob("*")
        if p.is_file() and "__pycache__" not in p.parts
    }
    assert files <= names


def test_the_installed_copy_validates_its_own_data_from_another_folder(installed, tmp_path):
    done = run(installed, tmp_path, "-m", "ldnevidence.cli", "validate")
    assert done.returncode == 0, done.stderr
    assert "no fault" in done.stdout and "_bundle" in done.stdout and str(installed) in done.stdout


def test_the_installed_copy_loads_the_same_evidence(installed, tmp_path):
    code = "import ldnevidence as l, json; print(json.dumps({n: len(t) for n, t in l.load().tables.items()}))"
    done = run(installed, tmp_path, "-c", code)
    assert done.returncode == 0, done.stderr
    import ldnevidence as ldn

    assert json.loads(done.stdout) == {n: len(t) for n, t in ldn.load().tables.items()}


def test_the_installed_copy_finds_notebook_template_and_references(installed, tmp_path):
    code = (
        "from ldnevidence import paths; from ldnevidence.app import server; "
        "print(paths.dashboard_notebook().is_file(), paths.references_file().is_file(), "
        "(server.TEMPLATES / 'voila/templates/ldn/index.html.j2').is_file(), server.headline()['version'])"
    )
    done = run(installed, tmp_path, "-c", code)
    assert done.returncode == 0, done.stderr
    version = schema.contract(paths.data_dir())["version"]
    assert done.stdout.split() == ["True", "True", "True", version]


def test_the_command_stands_in_the_wheel(wheel):
    archive = zipfile.ZipFile(wheel)
    entry = next(n for n in archive.namelist() if n.endswith("entry_points.txt"))
    assert "ldnevidence = ldnevidence.cli:main" in archive.read(entry).decode()


# -- what the project needs -------------------------------------------------------------------------------


def normal(name: str) -> str:
    """Return a package's name as indexes spell it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def asked(requirements: list[str]) -> dict[str, str]:
    """Return name and bounds of requirements."""
    found = (re.fullmatch(r"([\w.-]+)\s*(.*)", line) for line in requirements)
    return {normal(match[1]): match[2] for match in found if match}


@pytest.fixture(scope="module")
def project() -> dict[str, list[str]]:
    """The dependencies of the package, and those of its tests."""
    if not (ROOT / "pyproject.toml").is_file():
        pytest.skip("no checkout")
    table = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {"package": table["dependencies"], "tests": table["optional-dependencies"]["test"]}


def imported(*folders: str) -> set[str]:
    """Return the packages that the code of some folders imports, but ours and the standard library."""
    names = set()
    for path in (path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                names.add(node.module.partition(".")[0])
    own = {"tests", "benchmarks", PROJECT} | {path.stem for path in (ROOT / "tests").glob("*.py")}
    return {normal(CALLED.get(name, name)) for name in names - own - set(sys.stdlib_module_names)}


def test_what_is_imported_is_named_as_a_dependency(project):
    package, tests = asked(project["package"]), asked(project["tests"])
    assert imported(PROJECT) <= set(package)
    assert imported("tests") - {"hatchling"} <= set(package) | set(
        tests
    )  # without it, pip fetches the builder


def test_conda_asks_for_the_same_as_pip(project):
    text = (ROOT / "environment.yml").read_text(encoding="utf-8")
    lines = [line.strip().removeprefix("- ") for line in text.splitlines() if line.strip().startswith("- ")]
    conda = asked([line for line in lines if line not in ("conda-forge", "pip", "pip:", "-e .")])
    assert conda.pop("python").startswith(">=3.11")
    assert conda == asked(project["package"])


def test_every_dependency_is_pinned_within_its_bounds(project):
    from packaging.requirements import Requirement

    pins: dict[str, set[str]] = {}
    for line in (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines():
        if match := re.match(r"([\w.-]+)==([^ ;]+)", line):
            pins.setdefault(normal(match[1]), set()).add(match[2])
    for line in [*project["package"], *project["tests"]]:
        wanted = Requirement(line)
        versions = pins.get(normal(wanted.name), set())
        assert versions and all(wanted.specifier.contains(version) for version in versions), line
