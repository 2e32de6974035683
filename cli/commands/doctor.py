"""Say what is wrong with this machine, the database, Temporal and what lies behind the log, and what mends it."""

import asyncio
import json
from dataclasses import asdict

import click

from cli.exits import Exit
from eventlog.settings import Settings


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the findings as one JSON object.")
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """Looks at this machine, the database, the read models, the relay, the workflows and the workers.

    Changes nothing. Each fault has a code (docs/doctor.md), a sentence and the command that mends it.

    Exit codes: 0 all is well, 1 something is wrong, 2 called wrongly, 3 a setting cannot be read.
    """
    from cli.diagnosis import examine

    findings = asyncio.run(examine(Settings()))
    healthy = all(finding.ok for finding in findings)
    if as_json:
        click.echo(json.dumps({"healthy": healthy, "findings": [asdict(finding) for finding in findings]}, indent=1))
    else:
        for finding in findings:
            click.echo(f"{'ok   ' if finding.ok else 'WRONG'}  {finding.code or finding.check}: {finding.what}")
            if finding.mend:
                click.echo(f"       mend: {finding.mend}")
    context.exit(Exit.OK if healthy else Exit.FAILED)
