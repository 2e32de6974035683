"""What random people count: rules for the walks of test_walks and test_state_machine."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import rule

from domain.messages import Command
from domain.metric.defining import ChangeMetric, DefineMetric
from domain.metric.retiring import RetireMetric
from domain.plan.metric_change import KeepDefinition
from domain.plan.negotiation import ProposeRevision
from tests.domain.linking import Linking
from tests.domain.talking import owners, speakers
from tests.support.given import HEAD, LEAD, OTHER, QUARTER, milestones, okr, who
from tests.support.metrics import at_version, counted, counted_by, metric_ref, metric_state

MEANINGS = ("At noon", "At noon and at midnight", "By the hour")


class Counting(Linking):
    """Linking, and counting key results by a metric that changes under them."""

    @rule(
        actor=st.sampled_from([LEAD, LEAD, OTHER, HEAD]),
        act=st.sampled_from(["define", "define", "change", "change", "change", "hand on", "retire"]),
        meaning=st.sampled_from(MEANINGS),
        days=st.sampled_from([0, 0, 20, 400]),
    )
    def the_metric_changes(self, actor: UUID, act: str, meaning: str, days: int) -> None:
        begins = QUARTER.ends if days == 400 else self.world.now + timedelta(days=days)
        commands: dict[str, Command] = {
            "define": DefineMetric(name="secret", data_owner=OTHER, definition=counted(meaning=meaning)),
            "change": ChangeMetric(definition=counted(meaning=meaning), valid_from=begins, reason="secret"),
            "hand on": ChangeMetric(data_owner=HEAD, reason="secret"),
            "retire": RetireMetric(reason="secret"),
        }
        self.send(actor, metric_ref(), commands[act])

    @rule(owner=owners, behind=st.integers(0, 2), by_head=st.booleans())
    def is_counted_by_it(self, owner: UUID, behind: int, by_head: bool) -> None:
        """At the last version of its definition, or at one before."""
        version = max(1, len(metric_state(self.world).definitions) - behind)
        changed = okr(key_results=(counted_by(version), milestones()))
        reasons = dict.fromkeys((f"key_results.{who('berths')}.{field}" for field in ("metric", "target")), "secret")
        person = HEAD if by_head else self.world.directory.responsible(owner)
        command = {"goal": who(f"okr of {owner}"), "definition": changed, "reasons": reasons}
        self.send(person, self.refs[owner], ProposeRevision.model_validate(command))

    @rule(actor=speakers, owner=owners, mine=st.booleans(), behind=st.sampled_from([0, 0, 1]))
    def keeps_what_it_names(self, actor: UUID, owner: UUID, mine: bool, behind: int) -> None:
        seen = at_version(max(1, len(metric_state(self.world).definitions) - behind))
        person = self.world.directory.responsible(owner) if mine else actor
        self.send(person, self.refs[owner], KeepDefinition(goal=who(f"okr of {owner}"), seen=seen, reason="secret"))
