"""Watch one goal cycle run on the real servers, and see the proof that nothing was lost."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import asdict
from pathlib import Path

import click

from eventlog.settings import Settings


@click.command()
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the summary as one JSON object.")
def command(file: Path | None, as_json: bool) -> None:
    """Runs one formal cycle in a compressed calendar: the example organization's, or FILE's goals.

    Ends with 1 where any check fails.
    """
    from cli.demo.acting import DemoFailed
    from cli.demo.narration import Narrator
    from cli.demo.organization import example, from_file
    from cli.demo.running import run_demo
    from cli.exits import Exit
    from cli.logs import configure_logs
    from cli.outline import OutlineError, decode_outline, read_outline

    settings = Settings(log_level="warning")
    configure_logs(settings)
    try:
        if file is None:
            given = example()
        else:
            data = file.read_bytes()
            given = from_file(file, data, read_outline(decode_outline(data)))
        summary = asyncio.run(run_demo(given, settings, Narrator()))
    except OutlineError as error:
        name = file or "examples/harbour"
        for problem in error.problems:
            click.echo(f"{name}:{problem.line}: {problem.code}: {problem.message}", err=True)
        sys.exit(Exit.USAGE)
    except DemoFailed as error:
        click.secho(f"goalcycle: the demo failed: {error}", fg="red", err=True)
        sys.exit(Exit.FAILED)
    failures = summary.failures(scenes=given.is_example)
    if as_json:
        click.echo(json.dumps(asdict(summary), ensure_ascii=False))
    else:
        click.echo(_told(asdict(summary), settings.home / "demo"))
    for failure in failures:
        click.secho(f"goalcycle: check failed: {failure}", fg="red", err=True)
    sys.exit(Exit.FAILED if failures else Exit.OK)


def _told(summary: dict[str, object], home: Path) -> str:
    width = max(len(name) for name in summary)
    lines = [f"  {name.replace('_', ' '):<{width}}  {_value(value)}" for name, value in summary.items()]
    return "\n".join(
        [
            "",
            "Summary",
            *lines,
            "",
            "Try next, with this very log:",
            f"  GOALCYCLE_HOME={home} make dev        # leave it running, then in another terminal:",
            f"  GOALCYCLE_HOME={home} .venv/bin/goalcycle verify chain --organization {summary['organization']}",
            f"  GOALCYCLE_HOME={home} .venv/bin/goalcycle rebuild workflows",
            "  make demo FILE=your-goals.md",
        ]
    )


def _value(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {item}" for key, item in value.items())
    if isinstance(value, list):
        return " → ".join(value)
    return str(value)
