"""The rows of chains, withdrawn signatures and amendments."""

from __future__ import annotations

from domain.cycle.windows import Phase
from domain.plan.sending_back import WithdrawSignature
from tests.domain.rows import Row
from tests.support.given import HEAD, World

ROWS: dict[str, Row] = {
    "WithdrawSignature": Row(
        lambda world: WithdrawSignature(hash=world.hash(), reason="A second look"),
        lambda: World().in_commit().submitted().signed(HEAD),
        frozenset({HEAD}),
        (Phase.COMMIT,),
    ),
}
