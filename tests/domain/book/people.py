"""What the second book hears of people, teams and roles."""

from __future__ import annotations

from datetime import datetime

from domain.directory import founding, lines, people, roles, teams
from domain.directory.state import Role
from domain.messages import Event
from tests.domain.book.kept import Book, Person


def dates_come(book: Book, at: datetime) -> None:
    """What was decided for a date is so from that date on, whether or not anything says so."""
    come = sorted((one for one in book.later if one[0] <= at), key=lambda one: one[0])
    book.later = [one for one in book.later if one[0] > at]
    for _, event in come:
        told_directory(book, event.model_copy(update={"valid_from": None}))


def told_directory(book: Book, event: Event) -> None:
    dated = getattr(event, "valid_from", None)
    if dated is not None:
        book.later.append((dated, event))
        return
    match event:
        case founding.OrganizationFounded():
            book.people[event.first_person.id] = Person(None)
            book.admin = event.first_person.id
        case people.PersonAdded():
            book.people[event.person] = Person(event.manager, board=Role.BOARD_APPROVER in event.roles)
        case teams.TeamAdded():
            book.teams[event.team] = event.lead
        case people.PersonDeactivated():
            book.people[event.person].active = False
        case people.PersonChanged() if event.returns:
            book.people[event.person].active, book.people[event.person].board = True, False
        case lines.ManagerSet() if event.line is None:
            book.people[event.person].manager = event.manager
        case teams.TeamChanged() if event.lead is not None:
            book.teams[event.team] = event.lead
        case roles.RoleGranted() | roles.RoleRevoked():
            if event.role is Role.BOARD_APPROVER and event.team is None:
                book.people[event.person].board = isinstance(event, roles.RoleGranted)
