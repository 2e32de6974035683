"""What an import is told besides its file, and the ids that follow from it.

Every id is an HMAC under a secret of the organization: the same file into the same cycle makes the same ids, so a
second import is recognised, and nobody without the organization's key can test a guess of a text against an id.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple
from uuid import UUID

from domain.cycle.policy import Framework, Policy
from domain.cycle.windows import Period, Windows
from domain.values import SYSTEM
from eventlog.identity import command_id
from eventlog.keyring import Keyring


def import_secret(keyring: Keyring, organization: UUID) -> bytes:
    """The secret that an organization's imports derive ids from; makes the organization's key if there is none."""
    return hmac.digest(keyring.key(organization, organization), b"goalcycle/import/1", "sha256")


def derived_id(secret: bytes, *parts: str) -> UUID:
    """The id of a thing that these words name in the organization of this secret."""
    message = b"".join(len(part.encode()).to_bytes(8, "big") + part.encode() for part in parts)
    digest = bytearray(hmac.digest(secret, message, "sha256")[:16])
    digest[6] = digest[6] & 0x0F | 0x80  # RFC 9562, version 8: made by a rule of one's own
    digest[8] = digest[8] & 0x3F | 0x80
    return UUID(bytes=bytes(digest))


class KnownSite(NamedTuple):
    """A site that is there."""

    name: str
    """Empty where erased."""
    zone: str


@dataclass(frozen=True)
class Known:
    """What the log knows of an organization, and of the cycle that is imported into."""

    people: Mapping[UUID, str]
    """Active people and their names; empty where erased."""
    teams: Mapping[UUID, str]
    leads: Mapping[UUID, UUID]
    """Team and lead."""
    admin: UUID
    """Who acts unless told otherwise: the cycle's facilitator, else the first active administrator."""
    participants: frozenset[UUID] = frozenset()
    name: str = ""
    cycle_name: str = ""
    zone: str = "UTC"
    sites: Mapping[UUID, KnownSite] = field(default_factory=dict)


@dataclass(frozen=True)
class ImportOptions:
    """What an import is told besides its file."""

    organization: UUID
    secret: bytes = field(repr=False)
    """See `import_secret`."""
    data: bytes = field(repr=False)
    """The file's bytes: what makes two imports the same."""
    period: Period
    known: Known | None = None
    """None: the import founds the organization."""
    cycle: UUID | None = None
    """An open cycle; None: the import opens one."""
    cycle_name: str | None = None
    """None: the outline's title, else the period."""
    site: UUID | None = None
    """By whose calendar the cycle's phases close; None: the organization's own (R2.2)."""
    actor: str | None = None
    """Who acts: a person's id, key of the directory, or name. None: the first person, or see `Known.admin`."""
    framework: Framework = Framework.COMPOSITE
    preset: Literal["light", "formal"] = "formal"
    policy: Policy | None = None
    windows: Windows = field(default_factory=Windows)
    simulated: bool = False

    def new_id(self, *parts: str) -> UUID:
        """The id of a thing that these words name in this organization."""
        return derived_id(self.secret, *parts)

    @property
    def file_mac(self) -> str:
        """What identifies the file in this organization."""
        return hmac.digest(self.secret, b"file" + self.data, "sha256").hex()

    @property
    def cycle_id(self) -> UUID:
        """The cycle imported into. A new one follows from file and period: the same import opens the same cycle."""
        return self.cycle or self.new_id("cycle", self.file_mac, str(self.period.starts), str(self.period.ends))

    @property
    def command_id(self) -> UUID:
        """The same for the same file and cycle, whoever imports."""
        return command_id(self.organization, SYSTEM, f"import/{self.cycle_id}", self.file_mac)

    @property
    def body(self) -> bytes:
        """What is compared when the command id was used before."""
        return b"import/1\n" + self.cycle_id.bytes + self.data
