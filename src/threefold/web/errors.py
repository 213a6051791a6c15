"""Every way a request can end other than as hoped, and the one place where such an end becomes an HTTP status."""

from typing import Any
from uuid import UUID

from litestar import Response


class MustAccept(Exception):  # noqa: N818 - said the way a person would
    """The privacy notice and the group's contract come first; the page sends the person there."""

    def __init__(self, cohort_id: UUID) -> None:
        super().__init__(cohort_id)
        self.cohort_id = cohort_id


class Answered(Exception):  # noqa: N818 - carries the answer that is to leave instead
    """The request has its answer already (a sign-in page with the words kept, say)."""

    def __init__(self, response: Response[Any]) -> None:
        super().__init__()
        self.response = response


class Gone(Exception):  # noqa: N818 - said the way a person would
    """It was here and is over. The page that says so is made once the unit of work has ended; 410."""

    def __init__(self, template: str, sentence: str, **values: Any) -> None:
        super().__init__(sentence)
        self.template, self.sentence, self.values = template, sentence, values


# status -> heading, sentence
SAID = {
    400: (
        "That request couldn’t be read",
        "Go back and try once more. If it keeps happening, tell us under Help and contact.",
    ),
    403: (
        "That didn’t come from this site",
        "For your safety we only take forms from our own pages. Open the page again and send it from there.",
    ),
    404: (
        "There’s nothing here for you",
        "The address may be mistyped, or it belongs to somebody else. Your home page has everything that is yours.",
    ),
    405: ("That address doesn’t take this", "Go back to the page you came from and use its buttons."),
    413: ("That’s more than we can take at once", "Send a smaller file or fewer words at a time: up to 2 MB."),
    429: ("That’s a lot of tries", "Wait a few minutes, then try again. Nothing is lost."),
    500: ("Something went wrong on our side", "It has been noted. Nothing half-done was kept. Try again in a moment."),
    503: ("This page can’t be shown just now", "Nothing is lost. Try again in a moment."),
}
# What a form hears instead, on a page that holds its words.
NOT_SAVED = {
    500: (
        "A letter couldn’t be written, so nothing was saved",
        "Nobody was told anything. Your words are still on this page; please tell us under Help and contact.",
    ),
    503: ("We couldn’t save just now", "Your words are still on this page. Try again in a moment."),
}
