"""Who may see what: the one place that decides it.

For now: every active person of an organization reads its directory, cycles and plans (OKRs are public by default, R8).
Drafts of one's own, restricted plans, auditors and delegates come with the full visibility rules; they belong here.
Which *command* a person may give is a rule of the domain, not of this module.
"""

from __future__ import annotations

from api.auth import Caller
from api.services import Services
from domain.access.refusals import NOT_MEMBER
from domain.directory.founding import NOT_FOUNDED
from domain.directory.state import DIRECTORY, DirectoryState


async def require_reader(services: Services, caller: Caller) -> DirectoryState:
    """Today's directory, if the caller may read.

    Today's rights hold for answers about the past too. Raises `organization.unknown` (not founded, or the caller was
    never in it: invisible) and `access.inactive` (the caller has left).
    """
    directory: DirectoryState = (await services.handler.cache.refresh(caller.organization, DIRECTORY)).state
    if caller.person not in directory.people:
        raise NOT_FOUNDED()
    if not directory.is_active(caller.person):
        raise NOT_MEMBER()
    return directory
