"""The command line: ``ldnevidence dashboard | validate``."""

from __future__ import annotations

import argparse
import sys
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
    validate = commands.add_parser("validate", help="check a data folder against its contract")
    validate.add_argument(
        "folder", nargs="?", type=Path, metavar="DIR", help="data folder (the package's own)"
    )
    validate.add_argument("--accept", action="store_true", help="record new hashes where there is no fault")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run one command; bad input gives exit status 2 and a clear line on standard error."""
    arguments = build_parser().parse_args(argv)
    try:
        return {"dashboard": _dashboard, "validate": _validate}[arguments.command](arguments)
    except ValueError as error:
        print(f"ldnevidence: {error}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        return 0


def _dashboard(arguments: argparse.Namespace) -> int:
    from ldnevidence.app.server import serve

    print(f"The dashboard opens at http://127.0.0.1:{arguments.port}/ (stop it with Ctrl+C).", flush=True)
    return serve(arguments.port, not arguments.no_browser)


def _validate(arguments: argparse.Namespace) -> int:
    from ldnevidence import schema
    from ldnevidence.paths import data_dir

    folder = arguments.folder or data_dir()
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder")
    faults = schema.validate(folder)
    if faults:
        raise schema.DataError(folder, faults)
    changed = schema.accept(folder) if arguments.accept else schema.changed_files(folder)
    tables = len(schema.contract(folder)["resources"])
    print(f"{folder}: {tables} tables, no fault.")
    if changed:
        done = "recorded anew" if arguments.accept else "differ from the contract; record them with --accept"
        print(f"Hashes of {', '.join(changed)} {done}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
