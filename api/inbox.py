"""What a reader's inbox says besides the rows: words, working days left, and what changed since they last looked.

"Looking" is no event. A client that keeps the position of the list it last showed sends it as `since`; for everybody
else their own last act on a plan is when they looked at it last.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from api.texts import Texts
from domain.directory.state import DirectoryState
from domain.waiting import Group
from domain.words import CHANGED, CHANGED_AFTER, GROUPS, REASONS, SIDES, WAITS
from eventlog.calendars import SiteCalendars
from eventlog.views import Standing

URGENCY = {group.value: place for place, group in enumerate((Group.STALE, Group.BLOCKS_GATE, Group.NEEDS_ME))}


def told(
    items: Iterable[Mapping[str, Any]],
    stands: Mapping[UUID, Standing],
    directory: DirectoryState,
    person: UUID,
    since: int | None,
    texts: Texts,
    now: datetime,
) -> list[dict[str, Any]]:
    """The items in the order in which to do them: overdue first, then what keeps a phase from closing, then by date."""
    calendars, site = SiteCalendars(lambda: directory), directory.site_of(person)

    def days_left(due: datetime) -> int:
        if due >= now:
            return calendars.working_days(now, due, site)
        return -calendars.working_days(due, now, site)

    def one(item: Mapping[str, Any]) -> dict[str, Any]:
        due = datetime.fromisoformat(item["due"]) if item["due"] else None
        stand = stands.get(UUID(item["plan"])) if item["plan"] else None
        return {
            **item,
            "text": texts(WAITS[item["what"]]),
            "why": texts(GROUPS[item["group"]]),
            "reason_text": _reason(item, texts),
            "overdue": due is not None and due < now,
            # A simulated organization's clock is its own: days of ours would say nothing.
            "days_left": None if due is None or directory.simulated else days_left(due),
            **_changes(stand, since),
        }

    return sorted(map(one, items), key=_order)


def _reason(item: Mapping[str, Any], texts: Texts) -> str | None:
    """Why it is stale or came to them; of a changed goal what of it, and by whom (R5.1)."""
    reason = item["reason"]
    if not item.get("changes") or not item.get("by_side"):
        return texts(REASONS.get(reason, reason)) if reason else None
    what = texts(", ").join(texts(CHANGED[one]) for one in item["changes"])
    return texts.filled(CHANGED_AFTER, {"what": what, "who": texts(SIDES[item["by_side"]])})


def _changes(stand: Standing | None, since: int | None) -> dict[str, Any]:
    if stand is None:
        return {"changed": False, "difference": None}
    changed = stand.fact_version > stand.own_version if since is None else stand.last_position > since
    has_seen = 0 < stand.own_version < stand.fact_version
    return {
        "changed": changed,
        "difference": {"from": stand.own_version, "to": stand.fact_version} if has_seen else None,
    }


def _order(item: Mapping[str, Any]) -> tuple[bool, int, bool, str, str, str]:
    due = item["due"]
    return not item["overdue"], URGENCY[item["group"]], due is None, due or "", item["plan"] or "", item["what"]
