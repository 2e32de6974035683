"""The rows of chains, withdrawn signatures and amendments."""

from __future__ import annotations

from domain.cycle.windows import Phase
from domain.plan.amending import RequestAmendment, RevertToSigned
from domain.plan.sending_back import WithdrawSignature
from tests.domain.rows import BEFORE_TRACK, Row
from tests.support.given import HEAD, LEAD, STAFF, World


def _amended() -> World:
    world = World().in_track()
    world.when(STAFF, world.plan_ref(), RequestAmendment(reason="A new quay"))
    return world


SIDES = frozenset({STAFF, HEAD, LEAD})
"""The owner, the counterpart, and the facilitator."""
ROWS: dict[str, Row] = {
    "WithdrawSignature": Row(
        lambda world: WithdrawSignature(hash=world.hash(), reason="A second look"),
        lambda: World().in_commit().submitted().signed(HEAD),
        frozenset({HEAD}),
        (Phase.COMMIT,),
    ),
    "RequestAmendment": Row(
        lambda _: RequestAmendment(reason="A new quay"), lambda: World().in_track(), SIDES, (Phase.TRACK,)
    ),
    "RevertToSigned": Row(
        lambda _: RevertToSigned(reason="No new quay"), _amended, SIDES, (*BEFORE_TRACK, Phase.TRACK)
    ),
}
