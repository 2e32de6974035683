"""Goals written as a Markdown outline: what a reader sees in the file, with the line of everything.

The structural rule, the only one there is (no file is known by its name):

1. The title is the only heading of level 1, where it comes first. A list of nothing but links into the document is
   its table of contents, and so is a heading over nothing else.
2. Objectives are the headings of the shallowest level that occurs more than once below the title; where no level
   does, those of the deepest level; where there are no headings, the top-level list items.
3. Except that priorities such as `[P0]` rank key results: where nested items carry them, and neither those headings
   nor any top-level item carries a mark (tick, priority or tag), the top-level items are the objectives and the
   headings only group them.
4. Directly below an objective, a list item is a key result; so is a deeper heading, unless it has no items of its own
   and only groups further headings.
5. Below a key result, every list item that has a tick of its own or nothing below it is a milestone, at any depth. An
   item that only groups others is the context of those.

Nothing is lost: what stands above the first objective, or under a heading that only groups objectives, is refused as
`import.outside_objective`. A quotation (`>`) is prose, whatever it holds.

`objective_level` overrides 2 and 3: 1 to 6 names a heading level, 0 the top-level list items.
"""

from cli.outline.model import Account, KeyResult, Milestone, Objective, Outline, Role
from cli.outline.problems import OutlineError, OutlineProblem
from cli.outline.reading import decode_outline, read_outline

__all__ = [
    "Account",
    "KeyResult",
    "Milestone",
    "Objective",
    "Outline",
    "OutlineError",
    "OutlineProblem",
    "Role",
    "decode_outline",
    "read_outline",
]
