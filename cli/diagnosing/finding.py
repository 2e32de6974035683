"""What a check can find: every fault has a stable code, a sentence and the command that mends it."""

from __future__ import annotations

from dataclasses import dataclass

CODES: dict[str, str] = {
    "postgres.program": "The programs of Postgres cannot be found or used.",
    "postgres.account": "The account that runs Postgres cannot reach its programs or its folder.",
    "postgres.unreachable": "The database does not answer.",
    "temporal.program": "Temporal's program cannot be found or used.",
    "temporal.unreachable": "Temporal does not answer, or does not have the namespace.",
    "port.taken": "Another program listens on a port that was asked for.",
    "secret.missing": "There is no secret for callers' tokens, so no API can start.",
    "secret.weak": "The secret for callers' tokens has fewer than 32 bytes.",
    "secret.open": "Others on this machine may read a secret or the keys.",
    "keyring.unreadable": "The folder of the keys cannot be read or written by this account.",
    "keyring.damaged": "A key file does not hold a key. What it sealed cannot be opened, and its subject cannot write.",
    "keyring.lost": "The log has an organization of which this keyring holds no key at all.",
    "database.fsync": "Postgres may lose what it has answered for.",
    "database.full_page_writes": "Postgres may keep half-written pages after a crash.",
    "database.synchronous_commit": "Postgres answers before a commit is safe.",
    "database.role": "The application's role could change events.",
    "database.trigger": "A trigger that keeps events unchanged is off.",
    "schema.pending": "The database lacks migrations of this release.",
    "schema.changed": "A migration that was applied is not the one that this release ships.",
    "clock.skewed": "The clocks of this machine and of the database differ, so commands are refused.",
    "relay.behind": "Workflows are not told what happened.",
    "duties.overdue": "Duties are overdue: no worker performs them, or their workflows are lost.",
    "workflows.missing": "Open streams have no running workflow, so nobody keeps their time.",
    "worker.absent": "No worker asks Temporal for work.",
    "projection.behind": "Boards and inboxes are out of date.",
    "projection.stopped": "An event cannot be applied to the read models.",
    "views.ahead": "The read models show more than the log holds: the log was replaced by an older copy.",
}
"""Every fault there is. docs/doctor.md explains each."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something is wrong."""

    code: str
    what: str
    """One sentence, with ids and numbers, never a text or a secret."""
    mend: str
    """The command or setting that mends it; commands in backticks."""

    def __post_init__(self) -> None:
        assert self.code in CODES


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check, or one of its faults."""

    check: str
    ok: bool
    what: str
    mend: str = ""
    code: str = ""
    """Of the fault; empty where all is well."""


Outcome = str | list[Fault]
"""What a check says: a sentence where all is well, else its faults."""


def findings(check: str, outcome: Outcome) -> list[Finding]:
    """A check's outcome as findings."""
    if isinstance(outcome, str):
        return [Finding(check, True, outcome)]
    return [Finding(check, False, fault.what, fault.mend, fault.code) for fault in outcome]
