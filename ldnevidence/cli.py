"""The command line: ``ldnevidence dashboard | validate | audit | cite | export | bench``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

BAD_INPUT = 2


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="ldnevidence", description="Explore what human studies of LDN found."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    dashboard = commands.add_parser("dashboard", help="serve the dashboard on this machine")
    dashboard.add_argument("--port", type=int, default=8866, help="local port (8866)")
    dashboard.add_argument("--no-browser", action="store_true", help="do not open a browser")
    dashboard.add_argument("--pool", type=int, default=1, help="kernels kept ready for visitors (1)")
    dashboard.add_argument("--base-url", default="/", help="path under which a proxy shows it (/)")
    dashboard.add_argument("--frame-ancestors", default="self", help="who may embed it (self)")
    dashboard.add_argument("--address", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    dashboard.add_argument("--most", type=int, default=0, help="visitors at once (as many as fit)")
    dashboard.add_argument("--no-fork", action="store_true", help="start each kernel as a process of its own")
    dashboard.add_argument("--instance", type=int, default=0, help="number of this process behind a proxy")

    validate = commands.add_parser("validate", help="check a data folder against its contract")
    validate.add_argument(
        "folder", nargs="?", type=Path, metavar="DIR", help="data folder (the package's own)"
    )
    validate.add_argument("--accept", action="store_true", help="record new hashes where there is no fault")

    commands.add_parser("audit", help="recompute what the papers print, and say what does not agree")

    cite = commands.add_parser("cite", help="find works and print them as references")
    cite.add_argument(
        "query", nargs="+", help="authors, words of the title, year, DOI, PMID, registry number"
    )
    cite.add_argument("--style", default="vancouver", help="vancouver, apa, plain, html")
    cite.add_argument("--format", dest="fmt", help="bibtex, ris or csl-json instead of a style")
    cite.add_argument("--limit", type=int, default=5, help="most works printed (5)")

    export = commands.add_parser("export", help="write the data, or a static site, into a folder")
    export.add_argument(
        "what", nargs="+", metavar="[site] DIR", help="'site' for the static edition; a folder"
    )

    bench = commands.add_parser("bench", help="run the benchmarks of a checkout")
    bench.add_argument("names", nargs="*", metavar="NAME", help="which ones, such as pooling (all)")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run one command; bad input gives exit status 2 and a clear line on standard error."""
    arguments = build_parser().parse_args(argv)
    commands: dict[str, Callable[[argparse.Namespace], int]] = {
        "dashboard": _dashboard,
        "validate": _validate,
        "audit": _audit,
        "cite": _cite,
        "export": _export,
        "bench": _bench,
    }
    try:
        return commands[arguments.command](arguments)
    except (ValueError, OSError) as error:
        print(f"ldnevidence: {error}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        return 0


def _dashboard(arguments: argparse.Namespace) -> int:
    from ldnevidence.app.server import serve

    return serve(
        arguments.port,
        not arguments.no_browser,
        pool=arguments.pool,
        base_url=arguments.base_url,
        frame_ancestors=arguments.frame_ancestors,
        address=arguments.address,
        most=arguments.most,
        instance=arguments.instance,
        fork=not arguments.no_fork,
    )


def _validate(arguments: argparse.Namespace) -> int:
    from ldnevidence import schema
    from ldnevidence.citations import check_references
    from ldnevidence.paths import data_dir

    folder = arguments.folder or data_dir()
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder")
    faults = schema.validate(folder)
    if not faults:
        names = [resource["path"] for resource in schema.contract(folder)["resources"]]
        cells = {Path(name).stem: schema.read_cells(folder / name) for name in names}
        faults = check_references(schema.references_beside(folder), cells)
    if faults:
        raise schema.DataError(folder, faults)
    changed = schema.accept(folder) if arguments.accept else schema.changed_files(folder)
    tables = len(schema.contract(folder)["resources"])
    print(f"{folder}: {tables} tables, no fault; none in the references.")
    if changed:
        done = "recorded anew" if arguments.accept else "differ from the contract; record them with --accept"
        print(f"Hashes of {', '.join(changed)} {done}.")
    return 0


def _audit(arguments: argparse.Namespace) -> int:
    from ldnevidence.audit import audit_command
    from ldnevidence.evidence import load

    print(audit_command(load()))
    return 0


def _cite(arguments: argparse.Namespace) -> int:
    from ldnevidence.citations import cite_command

    status, text = cite_command(" ".join(arguments.query), arguments.style, arguments.fmt, arguments.limit)
    print(text, file=sys.stderr if status else sys.stdout)
    return status


def _export(arguments: argparse.Namespace) -> int:
    what = arguments.what
    if len(what) > 2 or (len(what) == 2 and what[0] != "site"):
        raise ValueError(f"export takes a folder, or 'site' and a folder, not {' '.join(what)!r}")
    folder = Path(what[-1])
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is no folder")
    if len(what) == 2:
        from ldnevidence import site

        site.build(folder)
    else:
        from ldnevidence import export

        export.write(folder)
    print(f"Written into {folder}.")
    return 0


def _bench(arguments: argparse.Namespace) -> int:
    import subprocess

    from ldnevidence.paths import root

    folder = root() / "benchmarks"
    known = {path.stem.removeprefix("bench_"): path for path in sorted(folder.glob("bench_*.py"))}
    if not known:
        raise ValueError("benchmarks come with a checkout of the project, not with the installed package")
    unknown = set(arguments.names) - set(known)
    if unknown:
        raise ValueError(f"unknown benchmark {', '.join(sorted(unknown))}; known: {', '.join(known)}")
    for name in arguments.names or known:
        print(f"== {name}", flush=True)
        done = subprocess.run(
            [sys.executable, "-m", f"benchmarks.{known[name].stem}"], cwd=root(), check=False
        )
        if done.returncode:
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
