"""Back up the log and its keys: what nothing else can give back."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.exits import Exit
from eventlog.settings import Settings

if TYPE_CHECKING:
    from cli.backup.manifest import Manifest
    from eventlog.keycopy import KeyCopy

FEW = 5
"""Lost keys that are told one by one."""


@click.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option("--keys", type=click.Path(file_okay=False, path_type=Path), help="The second copy of the keyring.")
@click.option("--without-keys", is_flag=True, help="The keyring is backed up by other means, after this.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def command(context: click.Context, folder: Path | None, keys: Path | None, without_keys: bool, as_json: bool) -> None:
    """Writes the log into a new FOLDER and brings the one copy of the keyring up to date; without FOLDER, only that.

    People go on writing meanwhile. Keep the two apart: either without the other reveals nothing. A key that was erased
    is removed from the copy too. Exit code 1: no backup was made, or the keyring has lost or altered a key.
    """
    if (keys is None) != without_keys or (folder is None and keys is None):
        raise click.UsageError("name the copy of the keyring with --keys FOLDER, or say --without-keys and a FOLDER")
    from cli.backup.making import back_up_log
    from cli.backup.manifest import BackupError
    from cli.backup.trouble import plainly
    from cli.logs import configure_logs
    from eventlog.keycopy import copy_keys

    settings = Settings()
    configure_logs(settings)
    if keys is not None and keys.resolve() == settings.keyring_directory.resolve():
        raise click.BadParameter("that is the keyring itself: name a folder on another disk", param_hint="--keys")
    told: dict[str, object] = {}
    began = time.monotonic()
    faults: list[str] = []
    try:
        with plainly():
            if folder is not None:
                manifest = asyncio.run(back_up_log(settings, folder.absolute()))
                told |= {"folder": str(folder), "events": manifest.events, "organizations": len(manifest.organizations)}
                told["seconds"] = round(time.monotonic() - began, 3)
                _say(as_json, f"{folder}: {manifest.events} events of {len(manifest.organizations)} organizations")
            if keys is not None:
                copy = copy_keys(settings.keyring_directory, keys)
                told |= {"keys": copy.keys, "keys_copied": copy.copied, "keys_erased": copy.erased}
                _say(as_json, f"{keys}: {copy.keys} keys ({copy.copied} new, {copy.erased} erased)")
                faults = _faults(copy, settings.keyring_directory, keys)
                if folder is not None:
                    faults += _unknown(manifest, settings.keyring_directory, keys)
    except BackupError as error:
        click.echo(f"goalcycle: {error}", err=True)
        context.exit(Exit.FAILED)
    if as_json:
        click.echo(json.dumps({**told, "faults": faults}))
    for fault in faults:
        click.echo(f"goalcycle: {fault}", err=True)
    context.exit(Exit.FAILED if faults else Exit.OK)


def _faults(copy: KeyCopy, keyring: Path, keys: Path) -> list[str]:
    """What the copy tells of the keyring itself; the copy keeps what it has."""
    return [
        *_lost(copy, keyring, keys),
        *(
            f"{keyring} holds another key for {subject} in {organization} than {keys}, which keeps its own"
            for organization, subject in copy.differing
        ),
        *(
            f"{keyring}: the key of {subject} in {organization} is damaged: `goalcycle restore --keys {keys}` "
            "brings it back"
            for organization, subject in copy.damaged
        ),
    ]


def _lost(copy: KeyCopy, keyring: Path, keys: Path) -> list[str]:
    if len(copy.absent) > FEW:  # a folder that was not mounted, and not a line for each person
        return [
            f"{keyring} has lost {len(copy.absent)} keys, which nobody erased: mount the folder that held them, or "
            f"`goalcycle restore --keys {keys}` brings them back"
        ]
    return [
        f"{keyring} has lost the key of {subject} in {organization}, which nobody erased: `goalcycle restore "
        f"--keys {keys}` brings it back"
        for organization, subject in copy.absent
    ]


def _unknown(manifest: Manifest, keyring: Path, keys: Path) -> list[str]:
    """Organizations of the log whose keys neither the keyring nor the copy ever held: another keyring is theirs."""
    from eventlog.keycopy import keys_of, known_erased

    held = {organization for organization, _ in keys_of(keys)}
    return [
        f"{keyring} holds no key at all of the organization {each}: point GOALCYCLE_KEYRING to the keys of this log"
        for each in (standing.organization for standing in manifest.organizations)
        if each not in held and not known_erased(keys, (each, each))
    ]


def _say(as_json: bool, line: str) -> None:
    click.echo(line, err=as_json)
