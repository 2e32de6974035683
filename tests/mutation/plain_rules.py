"""Rewrites decorated functions so that mutmut sees them: it skips every function with a decorator, which is every rule.

    @plan.decides(SignPlan)                 def sign_plan(state, command, context): ...
    def sign_plan(...): ...         →
                                            sign_plan = plan.decides(SignPlan)(sign_plan)

The same function is registered under the same name; in a class it is kept apart under a name of its own, because
pydantic and `property` bind what they decorate.
"""

from __future__ import annotations

import libcst as cst

LEFT_TO_MUTMUT = {"classmethod", "staticmethod"}
PLAIN = "plain_"


def plain_rules(source: str) -> str:
    """The module with every decorator applied after its function instead of above it."""
    code: str = cst.parse_module(source).visit(_Undecorating()).code
    return code


class _Undecorating(cst.CSTTransformer):
    def __init__(self) -> None:
        self.classes = 0

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        self.classes += 1

    def leave_ClassDef(self, original_node: cst.ClassDef, updated_node: cst.ClassDef) -> cst.ClassDef:
        self.classes -= 1
        return updated_node

    def leave_FunctionDef(
        self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef
    ) -> cst.FunctionDef | cst.FlattenSentinel[cst.BaseStatement]:
        decorators = [found.decorator for found in updated_node.decorators]
        if not decorators or _is_left(decorators):
            return updated_node
        name = updated_node.name.value
        plain = PLAIN + name if self.classes else name
        applied: cst.BaseExpression = cst.Name(plain)
        for decorator in reversed(decorators):
            applied = cst.Call(decorator, [cst.Arg(applied)])
        assigned = cst.Assign([cst.AssignTarget(cst.Name(name))], applied)
        return cst.FlattenSentinel(
            [
                updated_node.with_changes(decorators=[], name=cst.Name(plain)),
                cst.SimpleStatementLine([assigned]),
            ]
        )


def _is_left(decorators: list[cst.BaseExpression]) -> bool:
    only = decorators[0]
    return len(decorators) == 1 and isinstance(only, cst.Name) and only.value in LEFT_TO_MUTMUT
