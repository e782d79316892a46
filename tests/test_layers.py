"""One direction only: who may import whom, what is loaded when, and what may not stand in the repository."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from ldnevidence import paths

ROOT = paths.root()
PACKAGE = ROOT / "ldnevidence"
MODULES = sorted(PACKAGE.rglob("*.py"))
HEAVY = (
    "scipy.stats",
    "statsmodels",
    "plotly",
    "ipywidgets",
    "frictionless",
    "bibtexparser",
    "rapidfuzz",
    "citeproc",
)


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(path: Path) -> list[tuple[str, bool]]:
    """Return the modules that a file imports, and whether at its top; type checkers' imports are left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    top = {id(node) for node in tree.body}
    found = []
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            found += [(alias.name, id(node) in top) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path.name}: imports are absolute"
            found += [(f"{node.module}.{alias.name}", id(node) in top) for alias in node.names]
    return found


def layer(module: str) -> int:
    """Return how high a module stands: 0 evidence, 1 calculations, 2 views, 3 app, lessons and commands."""
    part = ([*module.split("."), ""])[1].lstrip("_")
    if part in ("paths", "rows", "schema", "rules", "bands", "evidence"):
        return 0
    if part == "views":
        return 2
    return 3 if part in ("app", "cli") or part.startswith(("quiz", "lesson", "site")) else 1


def inside(imported: str) -> bool:
    return imported.split(".")[0] == "ldnevidence" and imported != "ldnevidence"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_imports_only_from_its_own_layer_or_below(path):
    here = name_of(path)
    if here == "ldnevidence":
        return  # the public face: names every module, imports none before it is used
    for imported, _ in imports(path):
        if inside(imported):
            assert layer(imported) <= layer(here), f"{here} imports {imported}, which stands above it"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_widgets_stay_in_the_app_and_plotly_in_the_views(path):
    here = layer(name_of(path))
    for imported, _ in imports(path):
        library = imported.split(".")[0]
        if library in ("ipywidgets", "traitlets", "voila", "IPython"):
            assert here == 3, f"{name_of(path)} imports {library}"
        if library == "plotly":
            assert here >= 2, f"{name_of(path)} imports plotly"
        assert library not in ("statsmodels", "pymare"), "peers are for tests"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_heavy_libraries_are_imported_where_they_are_used_and_not_before(path):
    if layer(name_of(path)) >= 2:
        return
    for imported, at_top in imports(path):
        if at_top:
            assert not any(f"{imported}.".startswith(f"{heavy}.") for heavy in HEAVY), (
                f"{path.name}: {imported}"
            )


READS = re.compile(r"\bopen\(|\.read_text\(|\.read_bytes\(|\bread_csv\(|\bread_json\(|\.open\(|parse_file\(")


def test_only_the_evidence_and_the_citations_read_files():
    for path in MODULES:
        part = [*name_of(path).split("."), ""][1]
        text = path.read_text(encoding="utf-8")
        if READS.search(text):
            about_works = part == "citations"
            assert about_works or part in {"schema", "rules", "cli", "app", "export"}, (
                f"{path.name} reads files"
            )


def run_python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(
    "code",
    [
        "import ldnevidence",
        "import ldnevidence as l; l.load()",
        "import ldnevidence as l; l.load().select(condition='ibd', dose_band='low')",
    ],
)
def test_importing_and_loading_bring_in_no_heavy_library(code):
    assert run_python(f"{code}\nimport sys; print([m for m in {HEAVY!r} if m in sys.modules])") == "[]"


def test_importing_the_package_brings_in_nothing_but_itself():
    assert run_python("import ldnevidence, sys; print('pandas' in sys.modules)") == "False"


def test_every_public_module_can_be_reached_from_the_package():
    import ldnevidence as ldn

    for name in ("doses", "effects", "pooling", "dose_response", "audit", "citations", "views", "schema"):
        assert getattr(ldn, name).__name__ == f"ldnevidence.{name}"
    with pytest.raises(AttributeError):
        _ = ldn.nonsense


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_modules_stay_small_and_say_what_they_are_for(path):
    text = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text))
    assert text.count("\n") <= 480, f"{path.name} is asking to be two"


# -- the repository ---------------------------------------------------------------------------------------


def requirement_name(text: str) -> str:
    return re.split(r"[<>=!~\[; ]", text.strip(), maxsplit=1)[0].lower()


def test_conda_and_pip_ask_for_the_same_libraries():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = {re.sub(r"\s", "", d).lower().replace("_", "-") for d in project["dependencies"]}
    text = (ROOT / "environment.yml").read_text(encoding="utf-8")
    names = re.findall(r"^\s+- ([\w.-]+[^\s#:]*)", text, flags=re.MULTILINE)
    listed = {name.lower().replace("_", "-") for name in names}
    listed -= {"conda-forge", "pip", "-e", "."}
    python = {d for d in listed if requirement_name(d) == "python"}
    assert python == {f"python{project['requires-python']}"}
    assert listed - python == asked


def test_the_lock_file_pins_every_dependency_and_names_no_address():
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in text and "@ " not in text and "index" not in text
    pinned = {requirement_name(line) for line in text.splitlines() if re.match(r"[\w.-]+==", line)}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for asked in (*project["dependencies"], *project["optional-dependencies"]["test"]):
        assert requirement_name(asked) in pinned


def committed_texts() -> list[tuple[str, str]]:
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("no repository")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    found = []
    for name in listed.decode().split("\0"):
        path = ROOT / name
        if name and path.is_file() and b"\0" not in path.read_bytes()[:4000]:
            found.append((name, path.read_text(encoding="utf-8")))
    return found


# Written in pieces, so that this file does not name what it looks for.
FORBIDDEN = {
    "a registry's host": r"pypi\.o"
    + r"rg|files\.pythonho"
    + r"sted|registry\.npm"
    + r"js|repo\.anacon"
    + r"da",
    "a path of one machine": r"(?<![\w.])/(?:work|ro" + r"ot|home/\w+|Users/\w+)/",
    "a path outside the repository": r"\.\./sha" + r"red",
    "a word of how it was made": r"\b(?:sub-?ag" + r"ent|co-?pil" + r"ot|chat" + r"gpt|clau" + r"de|lang"
    r"uage mod" + r"el)\b",
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_committed_text_holds(what):
    pattern = re.compile(FORBIDDEN[what], re.IGNORECASE)
    found = [(n, m.group()) for n, text in committed_texts() if (m := pattern.search(text))]
    assert not found


def test_committed_texts_are_utf8_with_unix_line_ends():
    for name, text in committed_texts():
        assert "\r" not in text, name
