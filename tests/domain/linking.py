"""How random people align goals: a rule for the walks of test_walks and test_state_machine."""

from __future__ import annotations

from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import rule

from domain.plan.alignment import RequestAlignment
from domain.plan.alignment_answers import AcceptAlignment, DeclineAlignment
from domain.plan.links import End
from tests.domain.talking import Talking, goals, owners, speakers
from tests.support.given import who

NOTHING = "1" * 64


class Linking(Talking):
    """Talking, and asking for parents in every direction."""

    @rule(actor=speakers, owner=owners, up=st.tuples(owners, goals), name=goals, act=st.integers(0, 9))
    def aligns(self, actor: UUID, owner: UUID, up: tuple[UUID, str], name: str, act: int) -> None:
        goal, parent = who(f"{name} of {owner}"), who(f"{up[1]} of {up[0]}")
        child, above = self.spoken_of(owner, name), self.spoken_of(up[0], up[1])
        responsible = self.world.directory.responsible
        asks, answers = (responsible(owner), responsible(up[0])) if act else (actor, actor)
        edge, end = who(f"{goal} to {parent}"), End(plan=self.refs[up[0]].stream, goal=parent)
        seen = above.hash if above is not None else NOTHING
        ask = RequestAlignment(edge=edge, goal=goal, parent=end, parent_hash=seen, reason="secret")
        self.send(asks, self.refs[owner], ask)
        accept = AcceptAlignment(edge=edge, hash=child.hash if child is not None else NOTHING)
        decline = DeclineAlignment(edge=edge, reason="secret")
        self.send(answers, self.refs[owner], decline if act in (1, 2) else accept)
