"""What eight calendars write back, what comes back undelivered, and what anybody may have made up."""

import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.mail.answering import CALENDARS, STAMP, STARTS, Says, bounce, evolution, google, ics, out_of_office
from threefold.core import reply as rules
from threefold.core.reply import Answer, CalendarReply, Kept, Said, Settled
from threefold.mail import arriving
from threefold.mail.replies import MOST_BYTES, Bounce, CalendarMail, CameBack, Nothing, addressed_to, read

SECRET = "a-secret-for-tests-only-0123456789abcdef"
SENDER = "practice@elmhouse.example"
SEAT = UUID("0199b7a0-0000-7000-8000-00000000a001")
OTHER = UUID("0199b7a0-0000-7000-8000-00000000a002")
UID = "0123456789abcdef0123456789abcdef@elmhouse.example"
TO = rules.reply_address(SECRET, SENDER, SEAT)
NOW = STAMP + timedelta(minutes=1)
Calendar = Callable[[Says], bytes]


def heard(content: bytes) -> CalendarReply:
    found = read(content)
    assert isinstance(found, CalendarMail), found
    return found.replies[0]


def said(content: bytes, *, email: str = "amara@example.com", uid: str = UID, sequence: int = 0) -> Said | None:
    return rules.believed(heard(content), uid=uid, email=email, sequence=sequence, received_at=NOW)


# --- the address ----------------------------------------------------------------------------------------------


def test_a_seats_reply_address_fits_every_mail_server_and_leads_back_to_the_seat() -> None:
    local, _, domain = TO.rpartition("@")
    assert (local.startswith("practice+"), domain) == (True, "elmhouse.example")
    assert len(local) <= 64
    assert TO.lower() == TO
    for written in (TO, TO.upper(), f" {TO} ", TO.replace("practice", "Practice")):
        assert rules.seat_of(SECRET, SENDER, written) == SEAT


def test_no_other_address_leads_to_a_seat() -> None:
    local, _, domain = TO.rpartition("@")
    wrong = [
        SENDER, "", "@", "practice+@elmhouse.example", TO[:-1], local, f"{local}@elsewhere.example",
        f"x{TO}", TO.replace("practice", "office"), f"{local[:-1]}{'a' if local[-1] != 'a' else 'b'}@{domain}",
        rules.reply_address("another secret", SENDER, SEAT), rules.return_address(SECRET, SENDER, SEAT),
        TO.replace("+", "+é"), "practice+" + "!" * 42 + "@elmhouse.example",
    ]  # fmt: skip
    assert [address for address in wrong if rules.seat_of(SECRET, SENDER, address)] == []
    assert rules.letter_of(SECRET, SENDER, rules.return_address(SECRET, SENDER, SEAT)) == SEAT
    assert rules.letter_of(SECRET, SENDER, TO) is None


def test_a_sender_too_long_for_reply_addresses_is_said() -> None:
    longest = "p" * rules.LONGEST_SENDER
    assert len(rules.reply_address(SECRET, f"{longest}@a.example", SEAT).rpartition("@")[0]) == 64
    with pytest.raises(ValueError, match="before the @"):
        rules.reply_address(SECRET, f"{longest}p@a.example", SEAT)


# --- eight calendars ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("calendar", CALENDARS, ids=lambda each: each.__name__)
@pytest.mark.parametrize("answer", ["ACCEPTED", "DECLINED", "TENTATIVE"])
def test_each_calendars_answer_is_read(calendar: Calendar, answer: str) -> None:
    content = calendar(Says(UID, TO, answer=answer, sequence=3))
    assert said(content, sequence=3) == Said(Answer(answer.lower()), STAMP, 3)
    assert addressed_to(content) == (TO,)


@pytest.mark.parametrize("calendar", CALENDARS, ids=lambda each: each.__name__)
def test_each_calendars_proposal_of_another_time_is_read(calendar: Calendar) -> None:
    proposal = said(calendar(Says(UID, TO, answer="TENTATIVE", counter=True)))
    assert proposal is not None
    assert (proposal.answer, proposal.proposes_start) == (Answer.COUNTER, STARTS + timedelta(hours=1))
    assert proposal.proposes_end in {STARTS + timedelta(hours=3), None}


def test_outlook_leaves_the_organiser_out_and_is_believed() -> None:
    content = next(each for each in CALENDARS if each.__name__ == "exchange")(Says(UID, TO))
    assert heard(content).organizer == ""
    assert said(content) is not None


@pytest.mark.parametrize("answer", ["NEEDS-ACTION", "DELEGATED", "COMPLETED", ""])
def test_what_is_no_answer_says_nothing(answer: str) -> None:
    assert said(google(Says(UID, TO, answer=answer))) is None


def test_an_invitation_of_ours_that_comes_back_is_no_reply() -> None:
    content = google(Says(UID, TO)).replace(b"method=REPLY", b"method=REQUEST")
    as_request = evolution(Says(UID, TO)).replace(b"METHOD:REPLY", b"METHOD:REQUEST")
    assert isinstance(read(as_request), Nothing)
    assert said(content) is not None, "the calendar itself says which method it is"


def test_another_uid_is_not_about_this_seat() -> None:
    assert said(google(Says("another@elmhouse.example", TO))) is None
    assert said(google(Says(UID.upper(), TO))) is not None


def test_an_alias_is_taken_for_the_member_and_strangers_are_not() -> None:
    alias = evolution(Says(UID, TO, attendee="a.okafor@outlook.example"))
    assert said(alias) is not None
    several = alias.replace(b"ORGANIZER", b"ATTENDEE;PARTSTAT=DECLINED:mailto:x@example.com\nORGANIZER")
    assert said(several) is None
    assert said(evolution(Says(UID, TO, attendee="AMARA@Example.com"))) is not None


def test_a_clock_that_runs_ahead_does_not_have_the_last_word_for_ever() -> None:
    ahead = said(google(Says(UID, TO, stamp=NOW + timedelta(days=400), sequence=99)), sequence=2)
    assert ahead == Said(Answer.ACCEPTED, NOW, 2)


def test_what_a_calendar_leaves_out_means_the_invitation_as_it_stands() -> None:
    bare = ics(
        "BEGIN:VCALENDAR", "METHOD:REPLY", "BEGIN:VEVENT", f"UID:{UID}",
        "ATTENDEE;PARTSTAT=DECLINED:amara@example.com", "END:VEVENT", "END:VCALENDAR",
    )  # fmt: skip
    content = f"Content-Type: text/calendar\r\n\r\n{bare}".encode()
    assert said(content, sequence=4) == Said(Answer.DECLINED, NOW, 4)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("DTSTART:20261008T190000Z", datetime(2026, 10, 8, 19, tzinfo=UTC)),
        ("DTSTART;TZID=Europe/London:20261008T190000", datetime(2026, 10, 8, 18, tzinfo=UTC)),
        ("DTSTART;TZID=W. Europe Standard Time:20261008T190000", datetime(2026, 10, 8, 17, tzinfo=UTC)),
        (
            "DTSTART;TZID=/mozilla.org/20050126_1/America/New_York:20261008T190000",
            datetime(2026, 10, 8, 23, tzinfo=UTC),
        ),
        ("DTSTART;TZID=tzone://Microsoft/Custom:20261008T190000", None),
        ("DTSTART;TZID=../../etc/passwd:20261008T190000", None),
        ("DTSTART;VALUE=DATE:20261008", None),
        ("DTSTART:20261340T190000Z", None),
        ("DTSTART;TZID=Asia/Kolkata:00010101T000000", None),
    ],
)
def test_a_proposed_time_is_read_or_left(written: str, meant: datetime | None) -> None:
    calendar = ics(
        "BEGIN:VCALENDAR", "METHOD:COUNTER", "BEGIN:VEVENT", f"UID:{UID}", written,
        "ATTENDEE:mailto:amara@example.com", "END:VEVENT", "END:VCALENDAR",
    )  # fmt: skip
    proposal = said(f"Content-Type: text/calendar\r\n\r\n{calendar}".encode())
    assert proposal is not None
    assert proposal.proposes_start == meant


# --- what else arrives ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("whole", [True, False])
def test_a_letter_that_came_back_says_which_and_for_whom(whole: bool) -> None:  # noqa: FBT001 - a case, not a switch
    content = bounce(to=SENDER, recipient="amara@example.com", message_id="<abc@elmhouse.example>", whole=whole)
    back = CameBack("amara@example.com", "5.1.1", permanent=True)
    assert read(content, "") == Bounce("<abc@elmhouse.example>", (back, back))


@pytest.mark.parametrize(
    ("status", "action", "permanent"),
    [
        ("5.1.1", "failed", True), ("5.4.4", "failed", True), ("5.5.0", "failed", True), ("5.0.0", "failed", True),
        ("5.2.1", "failed", True), ("5.2.2", "failed", False), ("5.7.1", "failed", False), ("5.3.4", "failed", False),
        ("4.4.1", "failed", False), ("nonsense", "failed", False),
        ("4.4.1", "delayed", None), ("2.0.0", "delivered", None),
    ],
)  # fmt: skip
def test_only_a_dead_address_is_called_dead(status: str, action: str, permanent: bool | None) -> None:  # noqa: FBT001 - as above
    found = read(bounce(to=SENDER, recipient="amara@example.com", status=status, action=action))
    assert (found.came_back[0].permanent if isinstance(found, Bounce) else None) is permanent


def test_automatic_replies_and_words_are_left_alone() -> None:
    assert read(out_of_office(to=TO)) == Nothing("an automatic reply")
    assert read(b"Subject: Sorry\r\n\r\nI can't come.\r\n", "") == Nothing("an automatic reply")
    assert read(b"Subject: Sorry\r\n\r\nI can't come.\r\n", "amara@example.com") == Nothing("no reply of a calendar")


def test_a_reply_enclosed_in_another_message_is_not_its_senders() -> None:
    enclosed = b"Content-Type: message/rfc822\r\n\r\n" + google(Says(UID, TO))
    assert isinstance(read(enclosed), Nothing)


# --- whatever anybody writes ----------------------------------------------------------------------------------


def nested(depth: int) -> bytes:
    return b"".join(b"Content-Type: multipart/mixed; boundary=%d\r\n\r\n--%d\r\n" % (n, n) for n in range(depth))


HOSTILE = {
    "nested": nested(20_000)[:MOST_BYTES],
    "nested alike": (b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n" * 20_000)[:MOST_BYTES],
    "parts": b"Content-Type: multipart/mixed; boundary=a\r\n\r\n" + b"--a\r\n\r\n" * 100_000,
    "headers": b"A: b\r\n" * 160_000,
    "one header": b"Content-Type: " + b";a=" * 300_000,
    "quotes": (b'Content-Type: multipart/mixed; boundary="' + b';a="' * 240_000)[:MOST_BYTES],
    "folded": b"Content-Type:" + b"\r\n " * 300_000,
    "addresses": b"To: " + b"a" * 900_000,
    "many addresses": b"To: aaaa\r\n" * 490 + b"Delivered-To: " + b"a." * 400_000,
    "colons": b"Content-Type: text/calendar\r\n\r\nBEGIN:VEVENT\r\n" + b'";:' * 300_000,
    "lines": b"Content-Type: text/calendar\r\n\r\n" + b"BEGIN:VEVENT\r\n" * 70_000,
    "base64": b"Content-Type: text/calendar\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b"=A" * 400_000,
    "quoted": b"Content-Type: text/calendar\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + b"=" * 900_000,
    "charset": b"Content-Type: text/calendar; charset=punycode\r\n\r\n" + b"a-" * 400_000,
    "report": b"Content-Type: message/delivery-status\r\n\r\n" + b"\r\n \t" * 240_000,
    "attendees": b"Content-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR\nMETHOD:REPLY\nBEGIN:VEVENT\nUID:a\n"
    + b"ATTENDEE;PARTSTAT=ACCEPTED:mailto:a@b\n" * 24_000,
    "too large": b"A: b\r\n\r\n" + b"x" * MOST_BYTES,
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_a_megabyte_made_to_hurt_is_read_in_bounded_memory(content: bytes) -> None:
    """Each of these ends; the standard library's own parser needs minutes for some of them."""
    tracemalloc.start()
    try:
        found = read(content)
        addressed_to(content)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert isinstance(found, Nothing | CalendarMail)
    assert peak < 20 * MOST_BYTES


@given(st.binary(max_size=2_000))
def test_no_bytes_are_an_error(content: bytes) -> None:
    assert read(content) is not None
    assert isinstance(addressed_to(content), tuple)


PIECES = st.lists(
    st.sampled_from(
        [
            b"Content-Type: multipart/mixed; boundary=a\r\n", b"Content-Type: text/calendar; method=REPLY\r\n",
            b"Content-Type: message/delivery-status\r\n", b"Content-Transfer-Encoding: base64\r\n", b"\r\n", b"\n",
            b"Content-Transfer-Encoding: quoted-printable\r\n", b"--a\r\n", b"--a--\r\n", b"BEGIN:VCALENDAR\r\n",
            b"METHOD:REPLY\r\n", b"BEGIN:VEVENT\r\n", b"UID:x\r\n", b"ATTENDEE;PARTSTAT=DECLINED:mailto:a@b\r\n",
            b"DTSTAMP:20261007T110000Z\r\n", b"DTSTART;TZID=Europe/London:00010101T000000\r\n", b"DURATION:P9999D\r\n",
            b"SEQUENCE:-1\r\n", "SEQUENCE:²\r\n".encode(), b"END:VEVENT\r\n", b"END:VCALENDAR\r\n",
            b"Status: 5.1.1\r\n",
            b"Final-Recipient: rfc822; a@b\r\n", b"Action: failed\r\n", b"\xff\xfe", b"\x00", b'"', b";", b":", b" ",
        ]
    ),
    max_size=40,
)  # fmt: skip


@given(PIECES)
def test_no_pieces_of_a_message_put_together_are_an_error(pieces: list[bytes]) -> None:
    found = read(b"".join(pieces))
    if isinstance(found, CalendarMail):
        for each in found.replies:
            rules.believed(each, uid="x", email="a@b", sequence=0, received_at=NOW)


@given(st.sampled_from(CALENDARS), st.integers(0, 3_000), st.binary(max_size=40), st.integers(0, 200))
def test_no_damage_to_a_real_reply_is_an_error(calendar: Calendar, at: int, noise: bytes, gone: int) -> None:
    content = calendar(Says(UID, TO))
    assert read(content[:at] + noise + content[at + gone :]) is not None


@given(st.text(max_size=120))
def test_no_text_is_an_error_as_an_address(address: str) -> None:
    assert rules.seat_of(SECRET, SENDER, address) is None
    assert rules.seat_of(SECRET, SENDER, f"practice+{address}@elmhouse.example") is None


def test_depth_parts_and_headers_are_counted() -> None:
    for name, sentence in (("nested", "parts within"), ("parts", "too many parts"), ("headers", "too many headers")):
        with pytest.raises(arriving.TooMuch, match=sentence):
            arriving.take_apart(HOSTILE[name])


# --- which answer holds ---------------------------------------------------------------------------------------


def kept(number: int, answer: Answer, minutes: int, settled: Settled | None = None, sequence: int = 0) -> Kept:
    moment = STAMP + timedelta(minutes=minutes)
    return Kept(UUID(int=number), answer, moment, sequence, moment, settled)


def outcome(
    new: Kept, *before: Kept, sequence: int = 0, to_come: bool = True, withdrawn: bool = False
) -> rules.Outcome:
    return rules.outcome(new, before, sequence=sequence, to_come=to_come, withdrawn=withdrawn)


NO, YES, MAYBE, ELSE = Answer.DECLINED, Answer.ACCEPTED, Answer.TENTATIVE, Answer.COUNTER


def test_a_no_is_asked_about_once_and_a_later_yes_overtakes_it() -> None:
    no = kept(1, NO, 0)
    assert outcome(no) == rules.Outcome(None, asks=True)
    assert outcome(kept(2, NO, 1), no) == rules.Outcome(None, (no.id,))
    assert outcome(kept(3, YES, 2), no) == rules.Outcome(None, (no.id,))
    assert outcome(kept(4, NO, 3), kept(3, YES, 2)) == rules.Outcome(None, (UUID(int=3),), asks=True)


def test_what_was_said_earlier_changes_nothing_when_it_comes_later() -> None:
    assert outcome(kept(2, NO, -5), kept(1, YES, 0)) == rules.NOTHING_NEW
    assert outcome(kept(2, ELSE, -5), kept(1, ELSE, 0)) == rules.NOTHING_NEW


def test_an_answer_to_an_invitation_that_has_changed() -> None:
    assert outcome(kept(1, YES, 0, sequence=1), sequence=2) == rules.NOTHING_NEW
    assert outcome(kept(1, NO, 0, sequence=1), sequence=2).asks
    before = kept(1, NO, 0, sequence=1)
    assert outcome(kept(2, NO, 1, sequence=2), before, sequence=2) == rules.Outcome(None, (before.id,), asks=True)


def test_a_proposal_answers_nothing() -> None:
    no = kept(1, NO, 0)
    assert outcome(kept(2, ELSE, 1), no) == rules.Outcome(None, tells=True)
    assert rules.holding([no, kept(2, ELSE, 1)]) == no


def test_which_proposals_a_tutor_can_still_answer() -> None:
    def may(one: Kept, *, sequence: int = 0, to_come: bool = True, withdrawn: bool = False) -> bool:
        return rules.may_be_kept_to(one, sequence=sequence, to_come=to_come, withdrawn=withdrawn)

    proposal = kept(1, ELSE, 0)
    assert may(proposal)
    assert not may(kept(1, NO, 0))
    assert not any(may(replace(proposal, settled_as=each)) for each in Settled)
    assert not any((may(proposal, sequence=1), may(proposal, to_come=False), may(proposal, withdrawn=True)))


def test_after_it_has_begun_or_when_they_have_said_so_themselves() -> None:
    assert outcome(kept(1, NO, 0), to_come=False) == rules.NOTHING_NEW
    assert outcome(kept(1, NO, 0), withdrawn=True) == rules.Outcome(Settled.CONFIRMED)


def test_a_calendar_that_repeats_itself_does_not_put_its_answer_off() -> None:
    run = [kept(1, NO, 0, Settled.OVERTAKEN), kept(2, NO, 60, Settled.OVERTAKEN), kept(3, NO, 120)]
    assert rules.first_heard(run) == STAMP
    assert rules.first_heard([*run, kept(4, YES, 180)]) is None
    assert rules.first_heard([kept(0, NO, -9, Settled.COMING), *run]) == STAMP
    assert rules.first_heard([kept(1, NO, 0, Settled.CONFIRMED)]) is None


def test_a_no_never_counts_by_itself_once_the_session_has_begun() -> None:
    assert rules.counts_at(STAMP, 24, STARTS) == STAMP + timedelta(hours=24)
    assert rules.counts_at(STARTS - timedelta(hours=24), 24, STARTS) is None


@given(st.permutations(range(6)))
def test_whatever_the_order_of_arrival_the_latest_answer_holds(order: list[int]) -> None:
    answers = [kept(n + 1, [NO, YES, MAYBE][n % 3], n) for n in range(6)]
    taken: list[Kept] = []
    for number in order:
        new = answers[number]
        follows = outcome(new, *taken)
        for number_before, one in enumerate(taken):
            if one.id in follows.overtakes:
                taken[number_before] = replace(one, settled_as=Settled.OVERTAKEN)
        taken.append(replace(new, settled_as=follows.settled_as))
    assert rules.holding(taken) == answers[-1]
    assert [k.id for k in taken if k.settled_as is None] == [answers[-1].id]
