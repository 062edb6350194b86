"""What is said in the pictures of the documentation, by the person and, through the scripted model, by the cast."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Exchange:
    """A message and its reply."""

    said: str
    reply: str


@dataclass(frozen=True, slots=True)
class Scene:
    """A chat with one of the starter cast."""

    character: str
    exchanges: tuple[Exchange, ...]


# No reply begins or ends with a quotation mark: a script's text cannot.
SCENES = (
    Scene(
        "Ilka Varro",
        (
            Exchange(
                "The feeling when you hear your own ringtone on a stranger's phone.",
                '*She writes it down before she answers, which is her way of paying.* "*Tessil*. It was the word for '
                'seeing your coat on another woman. We had few telephones. We had a great many coats." *She pours.*',
            ),
        ),
    ),
    Scene(
        "Sir Corvin Ell",
        (
            Exchange(
                "I can bend down. What's the plan?",
                "*He salutes, and turns so fast that he faces the wrong way.* "
                '"Then hear it, my friend! Forward two, and to the left one. The bookcase will not expect it." *Tock.*',
            ),
        ),
    ),
    Scene(
        "Ansgar Tolle",
        (
            Exchange(
                "My sense of humour. I had it on Monday.",
                '*The pencil stops.* "Dry, or with a handle?" *He is already looking in the drawer for the dry ones.*',
            ),
        ),
    ),
    Scene(
        "Philomena",
        (
            Exchange(
                "Just coffee. Two of them.",
                '*Blup.* "Coffee is not a meal, crumb, it is a rumour of one. There is bread in the blue tin." *Blup.*',
            ),
        ),
    ),
    Scene(
        "Tove Ransel",
        (
            Exchange(
                "The heating's out, I've got a wrench and no idea, and it's dark already.",
                "*The chair creaks forward.* \"Copy. No heating, one wrench, dark. Best start I've had all week. Find "
                "the boiler. Don't touch it yet. Tell me what its little window says. Over.\" *Click.*",
            ),
        ),
    ),
)
"""The chats that fill the list, the oldest first."""

TALK = Scene(
    "Mizzle",
    (
        Exchange(
            "I'd rather hear it from you. Who are you when nobody is guessing?",
            "*The cloud, which had been getting ready to be called a sheep, stops in the middle of the air.*\n\n"
            '"Oh. Nobody has asked it that way round." *A drop falls on the butter.* "Sorry. Sorry, butter. I think I '
            'am the bit that was left over when the morning cleared up." *It waits, to hear how that sounds.*',
        ),
        Exchange(
            "And the rest of the morning, where did it go?",
            '*It sinks until it is level with the sugar bowl.* "Over the hills, all together, without looking. I '
            "looked. Only once, and there was such a lot of down. And then your window was open by exactly one cloud, "
            "and it was warm in here, and somebody was burning toast, and I thought, well, whoever lives here drops "
            'things too."\n\n'
            "*It glows a little under the lamp, on the side that is turned to you.*",
        ),
    ),
)
"""The chat of the first picture; its last reply is the one that a worker dies over."""

DIES_AT = "I looked."
"""Where in that reply its worker is killed."""

PICTURED_AT = "somebody was"
"""Where in it the pictures are taken."""

ANOTHER = (
    '*It rolls over, to look at the ceiling.* "Downstream, mostly. Mornings go downstream. I held on to a bit of it, '
    'the part with the blackbird." *Something very small and far away sings under the lamp.* "There. I was keeping it '
    'for somebody who would ask."'
)
"""Another reply to the last of it, for the picture of two beside each other."""
