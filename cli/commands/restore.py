"""Bring a backup back, and prove that all of it came."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.exits import Exit
from eventlog.settings import Settings

if TYPE_CHECKING:
    from cli.backup.restoring import Proof


@click.command()
@click.argument("folder", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--keys",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The copy of the keyring; left out where the keyring itself survived.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def command(context: click.Context, folder: Path | None, keys: Path | None, as_json: bool) -> None:
    """Restores a backup's FOLDER into the empty database of GOALCYCLE_DATABASE_URL (else of the local stack).

    Stop everything that writes first. Keys come back unless they were erased; then every hash is recomputed and
    compared with what the backup says. Without FOLDER only keys are brought back. Exit code 1: refused, or some is
    missing.
    """
    if folder is None and keys is None:
        raise click.UsageError("name the FOLDER of a backup, or a copy of the keyring with --keys FOLDER, or both")
    from cli.backup.manifest import BackupError
    from cli.backup.restoring import prove, restore_log
    from cli.backup.trouble import plainly
    from cli.logs import configure_logs
    from eventlog.keycopy import copy_keys

    settings = Settings()
    configure_logs(settings)
    told: dict[str, object] = {}
    faults: list[str] = []
    manifest = None
    try:
        with plainly():
            if folder is not None:  # first: where it is refused, nothing at all has changed
                manifest = asyncio.run(restore_log(settings, folder.absolute()))
            if keys is not None:
                copy = copy_keys(keys, settings.keyring_directory)
                told |= {"keys": copy.keys, "keys_restored": copy.copied}
                _say(as_json, f"{settings.keyring_directory}: {copy.copied} keys restored, {copy.keys} there now")
                faults += [f"{keys}: the key of {subject} in {org} is damaged" for org, subject in copy.damaged]
                faults += [f"the keyring keeps its own key for {subject} in {org}" for org, subject in copy.differing]
            if manifest is not None:
                proof = asyncio.run(prove(settings, manifest))
                told |= {"events": proof.events, "organizations": len(manifest.organizations)}
                _say(
                    as_json, f"order and content of {proof.events} events checked, as of {manifest.made_at.isoformat()}"
                )
                faults += [*proof.faults, *_lost_texts(proof)]
    except BackupError as error:
        click.echo(f"goalcycle: {error}", err=True)
        context.exit(Exit.FAILED)
    if as_json:
        click.echo(json.dumps({**told, "faults": faults}))
    for fault in faults:
        click.echo(f"goalcycle: {fault}", err=True)
    if manifest is not None and not faults:
        _say(as_json, "now start everything, then `goalcycle rebuild workflows` (--restart where Temporal survived)")
    context.exit(Exit.FAILED if faults else Exit.OK)


def _lost_texts(proof: Proof) -> list[str]:
    return [
        f"no key for {subject} in {organization}, and nobody erased it: its texts cannot be read until "
        "`goalcycle restore --keys FOLDER` brings it back"
        for organization, subject in proof.keyless
    ]


def _say(as_json: bool, line: str) -> None:
    click.echo(line, err=as_json)
