"""Where a message stands in its chat's tree, and how an ancestor at any depth is found in a few steps.

Each node keeps its depth and, beside its parent, one pointer further up: a skew-binary jump pointer (E. W. Myers, "An
applicative random-access stack", Information Processing Letters 17, 1983). How far it reaches follows from the depth
alone, so a node is placed with one look at its parent's jump, nothing is ever rewritten, and going up from depth n to
any other takes O(log n) steps: in a chat of 100,000 messages some thirty.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol


class Placed(Protocol):
    """A node of a tree: a message, or as much of one as it takes to go up from it."""

    @property
    def id(self) -> str: ...
    @property
    def parent_id(self) -> str | None: ...
    @property
    def depth(self) -> int: ...
    @property
    def jump_id(self) -> str | None: ...


class Node(NamedTuple):
    """A message as far as the way up needs it."""

    id: str
    parent_id: str | None
    depth: int
    jump_id: str | None


class Place(NamedTuple):
    """What a new node keeps: 0 and no jump for a root."""

    depth: int
    jump_id: str | None


def jump_depth(depth: int) -> int:
    """The depth that the jump of a node at `depth` leads to; of a root's, which has none, 0.

    A depth is written in skew-binary digits, which weigh 1, 3, 7, 15 …; a jump takes off the last one of them.
    """
    rest, weight = depth, 0
    while rest:
        weight = (1 << ((rest + 1).bit_length() - 1)) - 1
        rest -= weight
    return depth - weight


def place_below(parent: Placed | None, look_up: Callable[[str], Placed]) -> Place:
    """The place of a new child of `parent`, or of a new root. Looks up one other node at most."""
    if parent is None:
        return Place(0, None)
    depth = parent.depth + 1
    if jump_depth(depth) == parent.depth:
        return Place(depth, parent.id)
    assert parent.jump_id is not None, "only a root has no jump, and its children jump to it"
    # The digit that is taken off is the sum of the last two of the parent's, and one more: two of its jumps.
    return Place(depth, look_up(parent.jump_id).jump_id)


def ancestor_at(node: Placed, depth: int, look_up: Callable[[str], Placed]) -> Placed:
    """The ancestor of `node` at `depth`, which is 0 or more and no deeper than itself: then it is itself."""
    assert 0 <= depth <= node.depth
    while node.depth > depth:
        up = node.jump_id if jump_depth(node.depth) >= depth else node.parent_id
        assert up is not None, "only a root has nothing above it"
        node = look_up(up)
    return node


def is_within(node: Placed, top: Placed, look_up: Callable[[str], Placed]) -> bool:
    """Whether `node` is `top` or stands below it."""
    return node.depth >= top.depth and ancestor_at(node, top.depth, look_up).id == top.id
