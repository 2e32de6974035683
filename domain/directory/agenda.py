"""What a directory owes: to say that the date of what was decided earlier has come."""

from __future__ import annotations

from datetime import datetime
from itertools import groupby

from domain.agenda import Agenda, Duty, agenda_of
from domain.decider import Context
from domain.directory.effects import TakeEffect
from domain.directory.state import DirectoryState, directory


def directory_agenda(state: DirectoryState, context: Context, now: datetime) -> Agenda:
    """One duty for each date on which something takes effect."""
    del context
    duties = [
        Duty(key=f"TakeEffect:v{next(waiting).version}:{due.isoformat()}", due=due, command=TakeEffect(due=due))
        for due, waiting in groupby(state.pending, key=lambda one: one.due)
    ]
    return agenda_of(duties, now, phase="open", summary=f"Directory of {len(state.people)} people")


directory.agenda = directory_agenda
