"""What people agree to before they practise: the centre's privacy notice and the group's contract, each in a version.

Both are shown at the first sign-in to a cohort and again when they change. A tutor may put the contract into the
group's own words; the usual one is here.
"""

from dataclasses import dataclass

PRIVACY_VERSION = "2026-11-23"


@dataclass(frozen=True)
class Passage:
    """A heading and what is said under it."""

    heading: str
    words: str


PRIVACY_NOTICE: tuple[Passage, ...] = (
    Passage(
        "Who looks after it",
        "Your training centre runs this service and is responsible for what is kept in it. Your tutor can tell you "
        "whom to ask there, and on which lawful basis it is kept.",
    ),
    Passage(
        "What is kept",
        "Your name, your e-mail address, the groups you belong to, when you practised and in which role, the "
        "feedback people gave and received. Also when you are free and how you’d rather practise, if you told us, and "
        "what you write when you are worried about someone. If you add a calendar of your own, its address is kept "
        "and the times it has you busy for the months ahead: never what for, and only until you remove it. Nothing a "
        "client says is ever asked for or kept.",
    ),
    Passage(
        "Who sees it",
        "Feedback on a round is read by the person who counselled, by whoever wrote it, and by your tutors. Nobody "
        "else sees it. Other trainees see your name where you practise together, and never your address. Nobody is "
        "shown your calendar: others see whether you are free at a time, and no more. A worry about someone is read "
        "by your centre’s named readers alone, and never by a tutor who is not one of them.",
    ),
    Passage(
        "What it is for",
        "Arranging practice and learning from it. Nobody is ranked, no decision about you is made by a machine, and "
        "nothing is passed to anyone outside your training centre.",
    ),
    Passage(
        "How long",
        "As long as your course needs it. Your centre decides how long that is, and tells you when you ask.",
    ),
    Passage(
        "What you can ask for",
        "To see what is kept about you, to have a copy, to have it corrected or removed, or to object to how it is "
        "used: ask your tutor. If the answer leaves you uneasy, the authority for data protection will listen; in the "
        "UK that is the Information Commissioner’s Office.",
    ),
    Passage(
        "E-mail and cookies",
        "Letters go out through your centre’s own mail server and carry no tracking. One cookie keeps you signed in; "
        "two short-lived ones carry your address while you sign in and bring back words you had typed. No page asks "
        "anything of another site.",
    ),
)

USUAL_CONTRACT: tuple[Passage, ...] = (
    Passage(
        "What stays in the room",
        "What somebody says as a client stays with the people who heard it. We don’t retell it, post it, write it down "
        "or come back to it afterwards, unless the person who said it wants to. Our own part we may talk over with a "
        "tutor.",
    ),
    Passage(
        "When it can’t stay there",
        "If somebody may come to serious harm, if a child or an adult who needs care is at risk, or if the law asks, "
        "we tell the safeguarding lead. Wherever that is safe, we tell the person first.",
    ),
    Passage(
        "What you bring",
        "As a client you choose what to bring and how much. Something real, small and current is plenty. You may ask "
        "to work from a brief instead, and nobody needs to know why.",
    ),
    Passage(
        "Stopping",
        "Anybody can say “stop” at any point, without a reason. The round then ends and we look after each other.",
    ),
    Passage(
        "Notes and feedback",
        "Observers note what the counsellor says and does, never the client’s story. Feedback is about the work in "
        "the round: what helped, with an example, and one thing to try.",
    ),
    Passage(
        "People we know outside",
        "If you work, live or are close with somebody here, or one of you has counselled the other, tell your tutor. "
        "You will be placed apart, and nobody is told why.",
    ),
    Passage(
        "Phones and screens",
        "Phones are silent and face down, but for the clock and the observer’s notes. Online, we are alone in a room "
        "with the door closed, and our tutor knows where we are in case we need help. Nothing is recorded unless "
        "everybody there has agreed.",
    ),
)


def usual_contract() -> str:
    """The usual contract as text that a tutor can put into the group's own words: a heading, then its words."""
    return "\n\n".join(f"{passage.heading}\n{passage.words}" for passage in USUAL_CONTRACT)


def passages(contract: str) -> tuple[Passage, ...]:
    """A contract as it is shown: blocks between empty lines, the first line of each its heading.

    A block of one line has no heading. An empty contract is the usual one.
    """
    if not contract.strip():
        return USUAL_CONTRACT
    found = []
    for block in contract.strip().replace("\r\n", "\n").split("\n\n"):
        first, _, rest = block.strip().partition("\n")
        found.append(Passage(first, rest.strip()) if rest.strip() else Passage("", first))
    return tuple(found)


def accepted(accepted_version: str | int | None, current_version: str | int) -> bool:
    """Whether what somebody accepted is what holds now."""
    return accepted_version == current_version
