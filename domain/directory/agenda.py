"""What a directory owes: nothing with a date yet; its workflow sleeps until a fact wakes it."""

from __future__ import annotations

from datetime import datetime

from domain.agenda import Agenda
from domain.decider import Context
from domain.directory.state import DirectoryState, directory


def directory_agenda(state: DirectoryState, context: Context, now: datetime) -> Agenda:
    """The agenda of a directory."""
    del context, now
    return Agenda(phase="open", summary=f"Directory of {len(state.people)} people")


directory.agenda = directory_agenda
