"""Whose calendar a cycle keeps: a site of the directory file, or one that the log knows."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from cli.importing.directory import Directory
from cli.importing.options import Known, derived_id


class Place(NamedTuple):
    """A site, and where its days begin."""

    site: UUID
    zone: str


def find_place(asked: str, directory: Directory | None, known: Known | None, secret: bytes) -> Place | None:
    """The site of a key of the file, or of an id, key or name in the log; None where it is none, or several."""
    key = asked.casefold()
    own = derived_id(secret, "site", key)
    for written, entry in (directory.sites if directory is not None else {}).items():
        if written.casefold() == key:
            return Place(own, entry.zone)
    sites = known.sites if known is not None else {}
    meant = {id for id in sites if id == own or str(id) == key} or {
        id for id, site in sites.items() if site.name.casefold() == key
    }
    return Place(id := meant.pop(), sites[id].zone) if len(meant) == 1 else None
