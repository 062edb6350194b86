"""Promise 6 makes trees; jump pointers find the way up in them, however long a chat has become."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdure.core.ancestry import Node, ancestor_at, is_within, jump_depth, place_below

# For each new node a number that chooses its parent among those before it: near the end, so that trees get deep.
trees = st.lists(st.integers(0, 3), max_size=120)


class Tree:
    """Nodes by their ids; counts how often it is asked."""

    def __init__(self, choices: Sequence[int]) -> None:
        self.nodes: dict[str, Node] = {}
        self.asked = 0
        names: list[str] = []
        for n, choice in enumerate(choices):
            parent = self.nodes[names[-1 - choice]] if choice < len(names) else None
            place = place_below(parent, self.look_up)
            names.append(str(n))
            self.nodes[str(n)] = Node(str(n), parent.id if parent else None, *place)

    def look_up(self, node_id: str) -> Node:
        """One point read."""
        self.asked += 1
        return self.nodes[node_id]


def naive(tree: Tree, node: Node) -> list[str]:
    """The way up, step by step: itself first."""
    way = [node.id]
    while (parent := tree.nodes[way[-1]].parent_id) is not None:
        way.append(parent)
    return way


@given(trees)
def test_a_place_is_the_number_of_steps_to_the_root(choices: list[int]) -> None:
    """And the jump leads to an ancestor, at the depth that follows from the node's own."""
    tree = Tree(choices)
    for node in tree.nodes.values():
        way = naive(tree, node)
        assert node.depth == len(way) - 1
        assert node.jump_id == (None if node.depth == 0 else way[node.depth - jump_depth(node.depth)])


@given(trees, st.data())
def test_the_ancestor_is_the_one_that_single_steps_find(choices: list[int], data: st.DataObject) -> None:
    """At every depth, in every tree."""
    tree = Tree([9, *choices])
    node = tree.nodes[data.draw(st.sampled_from(sorted(tree.nodes)))]
    way = naive(tree, node)
    for depth in range(node.depth + 1):
        assert ancestor_at(node, depth, tree.look_up).id == way[node.depth - depth]
    for other in tree.nodes.values():
        assert is_within(node, other, tree.look_up) == (other.id in way)


@given(trees)
def test_placing_looks_up_one_node_at_most(choices: list[int]) -> None:
    """It is on the way of every message."""
    assert Tree(choices).asked <= len(choices)


def myers(depth: int) -> int:
    """The rule as Myers gives it: where a parent's last two jumps are equally long, its child jumps over both."""
    jumps = [0]
    for n in range(depth):
        near = jumps[n]
        jumps.append(jumps[near] if n - near == near - jumps[near] else n)
    return jumps[depth]


def test_a_jump_reaches_as_far_as_the_reference_says() -> None:
    """Digits of weight 1, 3, 7 …, against the rule of the paper."""
    assert [jump_depth(depth) for depth in range(12)] == [0, 0, 1, 0, 3, 4, 3, 0, 7, 8, 7, 10]
    assert all(jump_depth(depth) == myers(depth) for depth in range(700))


def straight() -> Callable[[str], Node]:
    """A chat without a branch: nobody has to be kept to be looked up."""

    def look_up(node_id: str) -> Node:
        depth = int(node_id)
        return Node(node_id, str(depth - 1), depth, str(jump_depth(depth)))

    return look_up


@pytest.mark.parametrize("length", [1_000, 100_000, 10_000_000])
def test_the_way_up_takes_few_steps(length: int) -> None:
    """At most three for each doubling of the chat."""
    tree = straight()
    steps = 0

    def look_up(node_id: str) -> Node:
        nonlocal steps
        steps += 1
        return tree(node_id)

    for depth in (0, 1, length // 3, length // 2, length - 17, length - 1):
        steps = 0
        assert ancestor_at(tree(str(length)), depth, look_up).depth == depth
        assert steps <= 3 * length.bit_length(), depth
