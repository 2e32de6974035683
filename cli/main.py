"""The `goalcycle` command. Subcommands are found by file name and imported only when they run."""

import ast
import os
import sys
from importlib import import_module
from pathlib import Path

import click

from cli.exits import Exit

BRIDGE = "temporalio.bridge.temporal_sdk_bridge"
COMMANDS = Path(__file__).parent / "commands"


class LazyGroup(click.Group):
    """Finds `cli/commands/<name>.py`; a name that is a Python keyword ends in an underscore (`import_.py`)."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all subcommands."""
        return sorted(file.stem.strip("_").replace("_", "-") for file in COMMANDS.glob("*.py") if file.stem[0] != "_")

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The subcommand, its module imported now; None when there is none."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module = import_module(f"cli.commands.{_file(cmd_name).stem}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes each command with the first line of its module, read without running it."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, _first_line(_file(name))) for name in self.list_commands(ctx)])


def _file(name: str) -> Path:
    stem = name.replace("-", "_")
    plain = COMMANDS / f"{stem}.py"
    return plain if plain.exists() else COMMANDS / f"{stem}_.py"


def _first_line(file: Path) -> str:
    doc = ast.get_docstring(ast.parse(file.read_bytes())) or ""
    return doc.split("\n", 1)[0]


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="goalcycle")
def cli() -> None:
    """Runs an organization's formal goal cycles: an append-only log, and durable workflows that keep the time.

    Exit codes: 0 done, 1 refused or not so, 2 called wrongly, 3 a server or setting is missing.
    """


def main() -> None:
    """Entry point: turns what a person can mend into one line and an exit code."""
    try:
        _main()
    except SystemExit as leaving:
        if BRIDGE in sys.modules and isinstance(leaving.code, int | None):
            # Threads of Temporal's client may still want Python's lock while the interpreter takes itself apart, which
            # aborts the process (signal 6) after all is done. There is nothing left to take apart.
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(leaving.code or 0)
        raise


def _main() -> None:
    try:
        cli.main(prog_name="goalcycle")
    except Exception as error:
        # Imported late: --help must stay fast.
        from cli.outages import outage
        from cli.stack.errors import StackError
        from eventlog.codec import UnknownEventError
        from eventlog.migrate import ChangedMigrationError
        from eventlog.safety import UnsafeDatabaseError
        from eventlog.settings import NotConfigured, settings_errors

        if isinstance(error, StackError | NotConfigured | ChangedMigrationError | UnsafeDatabaseError):
            lines = [str(error)]
        elif isinstance(error, UnknownEventError):
            click.echo(f"goalcycle: {error}: install the release that wrote it", err=True)
            sys.exit(Exit.FAILED)
        elif (wrong := settings_errors(error)) is not None:
            lines = wrong
        elif (said := outage(error)) is not None:
            lines = [": ".join(said)]
        else:
            raise
        for line in lines:
            click.echo(f"goalcycle: {line}", err=True)
        sys.exit(Exit.UNAVAILABLE)


if __name__ == "__main__":
    main()
