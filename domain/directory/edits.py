"""What an event changes of a person, a team or a delegation: at once, or when its date has come."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from domain.sealed import CommonName, PersonName
from domain.values import Frozen, Instant

Placed = UUID | Literal["none"] | None
"""A place that an edit gives somebody: absent, they keep theirs; `none`, they have one no longer."""


class PersonEdit(Frozen):
    """What changes of a person; absent fields stay."""

    kind: Literal["person"] = "person"
    person: UUID
    name: PersonName | None = None
    manager: Placed = None
    functional_manager: Placed = None
    team: Placed = None
    site: Placed = None
    account_of: Placed = None
    returns: bool = False

    @property
    def subject(self) -> UUID:
        """What it changes."""
        return self.person


class TeamEdit(Frozen):
    """What changes of a team; absent fields stay."""

    kind: Literal["team"] = "team"
    team: UUID
    name: CommonName | None = None
    lead: UUID | None = None
    parent: Placed = None
    legal_entity: bool | None = None

    @property
    def subject(self) -> UUID:
        """What it changes."""
        return self.team


class DelegationTurn(Frozen):
    """A delegation begins or ends."""

    kind: Literal["delegation"] = "delegation"
    delegation: UUID
    active: bool

    @property
    def subject(self) -> UUID:
        """What it changes."""
        return self.delegation


Edit = PersonEdit | TeamEdit | DelegationTurn


class Pending(Frozen):
    """What is decided and takes effect later."""

    due: Instant
    version: int
    """The version of the event that decided it."""
    change: Annotated[Edit, Field(discriminator="kind")]
