"""What people agree to: the usual contract, a group's own words, and a new version that asks again."""

import re
from hashlib import sha256

import pytest

from threefold.core.contract import (
    PRIVACY_NOTICE,
    PRIVACY_VERSION,
    USUAL_CONTRACT,
    Passage,
    accepted,
    passages,
    usual_contract,
)

DISCOURAGING = re.compile(r"\b(fail\w*|poor\w*|weak\w*|bad|badly|overdue|non-compliant)\b|!", re.IGNORECASE)

WORDS_OF = {"2026-11": "48224c2ae24b", "2026-11-22": "64a49c21a40e", "2026-11-23": "569c88a733ed"}
"""The first figures of what each version says. New words are a new version: people accept what they have read."""


def test_the_usual_contract_covers_what_a_group_agrees_on() -> None:
    assert [passage.heading for passage in USUAL_CONTRACT] == [
        "What stays in the room",
        "When it can’t stay there",
        "What you bring",
        "Stopping",
        "Notes and feedback",
        "People we know outside",
        "Phones and screens",
    ]


def test_the_privacy_notice_answers_what_people_have_a_right_to_know() -> None:
    assert [passage.heading for passage in PRIVACY_NOTICE] == [
        "Who looks after it",
        "What is kept",
        "Who sees it",
        "What it is for",
        "How long",
        "What you can ask for",
        "E-mail and cookies",
    ]


def test_the_privacy_notice_says_something_new_only_under_a_new_version() -> None:
    said = "\n".join(f"{passage.heading}\n{passage.words}" for passage in PRIVACY_NOTICE)
    assert sha256(said.encode()).hexdigest()[:12] == WORDS_OF[PRIVACY_VERSION]


@pytest.mark.parametrize("passage", [*PRIVACY_NOTICE, *USUAL_CONTRACT], ids=lambda passage: passage.heading)
def test_it_is_plain_and_frightens_nobody(passage: Passage) -> None:
    said = f"{passage.heading}\n{passage.words}"
    assert DISCOURAGING.search(said) is None
    assert "'" not in said
    assert '"' not in said
    longest = max(len(sentence.split()) for sentence in re.split(r"(?<=[.:;])\s", passage.words))
    assert longest <= 35


def test_a_group_that_changes_nothing_reads_the_usual_contract() -> None:
    assert passages("") == passages("  \r\n ") == passages(usual_contract()) == USUAL_CONTRACT


def test_a_groups_own_words_are_read_block_by_block() -> None:
    own = "We listen.\r\n\r\nPhones\r\nOff, please.\r\nAll of them.\r\n\r\n\r\nStopping\r\nSay “stop”.\r\n"
    assert passages(own) == (
        Passage("", "We listen."),
        Passage("Phones", "Off, please.\nAll of them."),
        Passage("Stopping", "Say “stop”."),
    )


@pytest.mark.parametrize(("then", "now"), [("2026-10", "2026-11"), (None, "2026-11"), (None, 1), (1, 2), ("1", 1)])
def test_a_version_nobody_accepted_is_asked_about(then: str | int | None, now: str | int) -> None:
    assert not accepted(then, now)


@pytest.mark.parametrize("version", ["2026-11", 1])
def test_what_somebody_accepted_holds_until_it_changes(version: str | int) -> None:
    assert accepted(version, version)
