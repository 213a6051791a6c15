"""Every table: columns, constraints and conversion to core values; no behaviour.

State that matters is a row or a pair of columns that say when and by whom, never a bare yes or no. Constraints
guard what must never happen (two people in one place); code gives the kind explanation.
"""

from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    String,
    Text,
    Time,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from threefold.store.columns import Json, UtcDateTime

# Every constraint has a name, so that a later revision can change it on both databases.
NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Table(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {  # noqa: RUF012 - the name and shape SQLAlchemy asks for
        UUID: Uuid(as_uuid=True),
        datetime: UtcDateTime(),
        date: Date(),
        time: Time(),
        dict[str, Any]: Json(),
        list[Any]: Json(),
        str: Text(),
        bytes: LargeBinary(),
    }


metadata = Table.metadata


def key() -> Mapped[UUID]:
    return mapped_column(primary_key=True)


def to(target: str, *, index: bool = True) -> Mapped[Any]:
    """A reference that holds its target in place; removing anything is always said in an action."""
    return mapped_column(ForeignKey(target), index=index)


# --- people -------------------------------------------------------------------------------------------------


class Person(Table):
    """Somebody with an address. Roles belong to a membership, not to a person."""

    __tablename__ = "person"
    id: Mapped[UUID] = key()
    name: Mapped[str]
    email: Mapped[str]
    email_key: Mapped[str] = mapped_column(unique=True)  # core.roster.email_key: how addresses are compared
    pronouns: Mapped[str] = mapped_column(default="")
    zone: Mapped[str | None]  # the viewer's own time zone, if they chose one
    takes_feed_since: Mapped[datetime | None]  # prefers the calendar feed: gets no invitations
    feed_number: Mapped[int] = mapped_column(default=0)  # raised to replace the feed's secret address
    calendar_shows: Mapped[str] = mapped_column(default="roles")  # core.diary.Shows: how much a calendar may show
    unreachable_since: Mapped[datetime | None]  # a mail server refused this address for good, or a letter came back
    created_at: Mapped[datetime]
    __table_args__ = (CheckConstraint("calendar_shows IN ('roles', 'quiet')", name="calendar_shows"),)


class Wish(Table):
    """How somebody wants one kind of letter: in a weekly digest, or not at all. No row: as it comes."""

    __tablename__ = "wish"
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(32), primary_key=True)
    how: Mapped[str] = mapped_column(String(16))
    since: Mapped[datetime]
    __table_args__ = (CheckConstraint("how IN ('digest', 'off')", name="how"),)


class Staff(Table):
    """Who may set up cohorts in this centre, since when and by whose word (nobody's: the command line)."""

    __tablename__ = "staff"
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    since: Mapped[datetime]
    by: Mapped[UUID | None]


class SignInRequest(Table):
    """Somebody asked for a link and a code. A row exists for unknown addresses too: both look the same."""

    __tablename__ = "sign_in_request"
    id: Mapped[UUID] = key()
    person_id: Mapped[UUID | None] = to("person.id")
    address_digest: Mapped[bytes]  # keyed digests, for limits per address and network: no address is kept
    network_digest: Mapped[bytes]
    link_digest: Mapped[bytes | None] = mapped_column(unique=True)
    code_digest: Mapped[bytes | None]
    destination: Mapped[str]
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    wrong_codes: Mapped[int] = mapped_column(default=0)
    spent_at: Mapped[datetime | None]
    __table_args__ = (
        Index("ix_sign_in_request_address", "address_digest", "asked_at"),
        Index("ix_sign_in_request_network", "network_digest", "asked_at"),
    )


class SignInSession(Table):
    """A browser that is signed in. Only the digest of its token is kept; the token changes at sign-in."""

    __tablename__ = "sign_in_session"
    id: Mapped[UUID] = key()
    person_id: Mapped[UUID] = to("person.id")
    token_digest: Mapped[bytes] = mapped_column(unique=True)
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    browser: Mapped[str] = mapped_column(default="")


class KeptForm(Table):
    """Words sent while nobody was signed in, kept for the same browser until the person is back."""

    __tablename__ = "kept_form"
    id: Mapped[UUID] = key()
    browser_digest: Mapped[bytes]
    network_digest: Mapped[bytes] = mapped_column(index=True)
    path: Mapped[str]
    fields: Mapped[list[Any]]  # [[name, value], …] in order
    kept_at: Mapped[datetime]
    expires_at: Mapped[datetime]


# --- cohorts ------------------------------------------------------------------------------------------------


class FrameworkDocument(Table):
    """A centre's own framework; the one that ships lies in the package."""

    __tablename__ = "framework"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    version: Mapped[str] = mapped_column(String(32), primary_key=True)
    document: Mapped[dict[str, Any]]
    added_at: Mapped[datetime]
    added_by: Mapped[UUID] = to("person.id", index=False)


class FrameworkDraft(Table):
    """What somebody has typed on the editing sheet of a framework's version and not yet kept; theirs alone.

    `version` rises with each save, so two tabs notice each other.
    """

    __tablename__ = "framework_draft"
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    framework_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    framework_version: Mapped[str] = mapped_column(String(32), primary_key=True)
    fields: Mapped[list[Any]]  # [[name, value], …] as typed
    version: Mapped[int]
    saved_at: Mapped[datetime]


class Cohort(Table):
    """A group that practises together for a term. `version` rises with every change of anything inside it."""

    __tablename__ = "cohort"
    id: Mapped[UUID] = key()
    name: Mapped[str]
    version: Mapped[int] = mapped_column(default=1)
    # sessions: empty until step two is done
    zone: Mapped[str] = mapped_column(default="Europe/London")
    starts: Mapped[time | None]
    minutes: Mapped[int | None]
    first_date: Mapped[date | None]
    how_many: Mapped[int | None]
    skip: Mapped[list[Any]] = mapped_column(default=list)  # ISO dates
    place: Mapped[str] = mapped_column(default="")
    link: Mapped[str] = mapped_column(default="")
    rooms: Mapped[list[Any]] = mapped_column(default=list)  # names of rooms, one for each triad in turn
    rounds: Mapped[int] = mapped_column(default=3)
    practice_minutes: Mapped[int] = mapped_column(default=20)
    feedback_minutes: Mapped[int] = mapped_column(default=10)
    opening_minutes: Mapped[int] = mapped_column(default=15)
    closing_minutes: Mapped[int] = mapped_column(default=15)
    # framework: empty until step three is done
    framework_id: Mapped[str | None]
    framework_version: Mapped[str | None]
    competencies: Mapped[list[Any]] = mapped_column(default=list)  # codes, three to eight
    looked_before: Mapped[list[Any]] = mapped_column(default=list)  # what was looked for until when
    labels: Mapped[dict[str, Any]] = mapped_column(default=dict)  # role -> word, {} for the usual ones
    remainder: Mapped[str] = mapped_column(default="quads")  # matching.Remainder
    turning: Mapped[str] = mapped_column(default="client_rests")  # core.roles.Turning, where there is time to turn
    even_quads: Mapped[bool] = mapped_column(default=False)  # fours shared evenly, even where that costs repeats
    invites_ahead: Mapped[int | None]  # days before each session; None: the whole term's at publication
    declines_after: Mapped[int] = mapped_column(default=24)  # hours after which a calendar's unconfirmed "no" counts
    safeguarding_lead: Mapped[str] = mapped_column(default="")  # name and how to reach them
    contract: Mapped[str] = mapped_column(default="")  # this group's own words; empty: the usual contract
    contract_version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    created_by: Mapped[UUID] = to("person.id", index=False)
    published_at: Mapped[datetime | None]
    published_by: Mapped[UUID | None]
    archived_at: Mapped[datetime | None]
    archived_by: Mapped[UUID | None]
    __table_args__ = (
        CheckConstraint("remainder IN ('quads', 'pair_with_tutor', 'pairs_with_tutors')", name="remainder"),
        CheckConstraint("turning IN ('client_rests', 'client_counsels')", name="turning"),
    )


class Membership(Table):
    """A person's place in a cohort: tutor here, trainee there."""

    __tablename__ = "membership"
    id: Mapped[UUID] = key()
    cohort_id: Mapped[UUID] = to("cohort.id", index=False)
    person_id: Mapped[UUID] = to("person.id")
    role: Mapped[str] = mapped_column(String(16))
    joined_at: Mapped[datetime]
    joined_by: Mapped[UUID | None]
    left_at: Mapped[datetime | None]
    left_by: Mapped[UUID | None]
    privacy_version: Mapped[str | None]  # which notice and contract were accepted, and when
    contract_version: Mapped[int | None]
    accepted_at: Mapped[datetime | None]
    __table_args__ = (
        UniqueConstraint("cohort_id", "person_id"),
        CheckConstraint("role IN ('tutor', 'trainee')", name="role"),
    )


class KeepApart(Table):
    """Two people never placed together. Tutors see that it is so; nobody else sees that it exists."""

    __tablename__ = "keep_apart"
    cohort_id: Mapped[UUID] = mapped_column(ForeignKey("cohort.id"), primary_key=True)
    one: Mapped[UUID] = mapped_column(ForeignKey("membership.id"), primary_key=True)
    other: Mapped[UUID] = mapped_column(ForeignKey("membership.id"), primary_key=True)
    since: Mapped[datetime]
    by: Mapped[UUID]


class PracticeSession(Table):
    """One date on which the cohort practises."""

    __tablename__ = "practice_session"
    id: Mapped[UUID] = key()
    cohort_id: Mapped[UUID] = to("cohort.id", index=False)
    number: Mapped[int]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    place: Mapped[str] = mapped_column(default="")
    link: Mapped[str] = mapped_column(default="")
    cancelled_at: Mapped[datetime | None]
    cancelled_by: Mapped[UUID | None]
    __table_args__ = (UniqueConstraint("cohort_id", "number"), Index("ix_practice_session_ends", "ends_at"))


class Away(Table):
    """Somebody has said beforehand that they are away on a date; the plan works round it."""

    __tablename__ = "away"
    practice_id: Mapped[UUID] = mapped_column(ForeignKey("practice_session.id"), primary_key=True)
    membership_id: Mapped[UUID] = mapped_column(ForeignKey("membership.id"), primary_key=True)
    since: Mapped[datetime]
    by: Mapped[UUID]


# --- plans --------------------------------------------------------------------------------------------------


class PlanDraft(Table):
    """A plan somebody can look at; the last five are kept. Publishing lays its triads out as rows.

    `groups`: one list a practice session, each group as `matching.wire` writes it. `pins`: groups that were to stay
    as they are, as [session, [membership ids]]. With `seed` and `steps` the engine draws the same plan again, unless
    two people were swapped since. `cohort_version` is the cohort as it was when the plan was drawn.
    """

    __tablename__ = "plan"
    id: Mapped[UUID] = key()
    cohort_id: Mapped[UUID] = to("cohort.id", index=False)
    number: Mapped[int]
    cohort_version: Mapped[int]
    seed: Mapped[int]
    steps: Mapped[int] = mapped_column(default=0)
    groups: Mapped[list[Any]]
    pins: Mapped[list[Any]] = mapped_column(default=list)
    made_at: Mapped[datetime]
    made_by: Mapped[UUID]
    chosen_at: Mapped[datetime]  # the one chosen last is the one on the page
    published_at: Mapped[datetime | None]
    published_by: Mapped[UUID | None]
    __table_args__ = (
        UniqueConstraint("cohort_id", "number"),
        # one published plan a cohort: a second publish finds this in its way
        Index(
            "uq_plan_published",
            "cohort_id",
            unique=True,
            sqlite_where=text("published_at IS NOT NULL"),
            postgresql_where=text("published_at IS NOT NULL"),
        ),
    )


class Triad(Table):
    """Three people (or four, or two with a tutor) in one practice session."""

    __tablename__ = "triad"
    id: Mapped[UUID] = key()
    practice_id: Mapped[UUID] = to("practice_session.id", index=False)
    number: Mapped[int]
    room: Mapped[str] = mapped_column(default="")
    tutor_id: Mapped[UUID | None] = to("membership.id")  # observes a pair
    __table_args__ = (UniqueConstraint("practice_id", "number"),)


class Seat(Table):
    """A person's place in a practice session, with the invitation that goes with it for as long as they hold it."""

    __tablename__ = "seat"
    id: Mapped[UUID] = key()
    practice_id: Mapped[UUID] = to("practice_session.id", index=False)
    triad_id: Mapped[UUID] = to("triad.id", index=False)
    membership_id: Mapped[UUID] = to("membership.id")
    position: Mapped[int]  # order of taking the counsellor's place
    taken_at: Mapped[datetime]
    given_up_at: Mapped[datetime | None]
    uid: Mapped[str] = mapped_column(unique=True)
    sequence: Mapped[int] = mapped_column(default=0)
    invited_at: Mapped[datetime | None]  # when an invitation was last written (DTSTAMP)
    __table_args__ = (
        # who sits in a triad is read from this alone
        Index("ix_seat_triad_id", "triad_id", "given_up_at", "membership_id"),
        Index(
            "uq_seat_held",
            "practice_id",
            "membership_id",
            unique=True,
            sqlite_where=text("given_up_at IS NULL"),
            postgresql_where=text("given_up_at IS NULL"),
        ),
    )


class Turn(Table):
    """What one seat is in one round (1, 2, …)."""

    __tablename__ = "turn"
    triad_id: Mapped[UUID] = mapped_column(ForeignKey("triad.id"), primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True)
    seat_id: Mapped[UUID] = mapped_column(ForeignKey("seat.id"), primary_key=True)
    role: Mapped[str] = mapped_column(String(16))
    __table_args__ = (
        CheckConstraint("role IN ('counsellor', 'client', 'observer')", name="role"),
        Index(
            "uq_turn_one_counsellor",
            "triad_id",
            "round",
            unique=True,
            sqlite_where=text("role = 'counsellor'"),
            postgresql_where=text("role = 'counsellor'"),
        ),
        Index(
            "uq_turn_one_client",
            "triad_id",
            "round",
            unique=True,
            sqlite_where=text("role = 'client'"),
            postgresql_where=text("role = 'client'"),
        ),
    )


class Reply(Table):
    """What a calendar sent back for a seat. `answer` is core.reply.Answer; a "no" counts once it is confirmed, or
    when it has waited as long as the cohort lets it. `said_at` is the reply's own moment: the latest one holds.
    """

    __tablename__ = "reply"
    id: Mapped[UUID] = key()
    seat_id: Mapped[UUID] = to("seat.id")
    answer: Mapped[str] = mapped_column(String(16))
    said_at: Mapped[datetime]
    sequence: Mapped[int]
    proposes_start: Mapped[datetime | None]
    proposes_end: Mapped[datetime | None]
    received_at: Mapped[datetime]
    digest: Mapped[bytes] = mapped_column(unique=True)  # of the message: the same one twice is one reply
    settled_at: Mapped[datetime | None]  # confirmed, taken back, overtaken, or (a proposal) answered
    settled_as: Mapped[str | None] = mapped_column(String(16))
    __table_args__ = (
        CheckConstraint("answer IN ('accepted', 'declined', 'tentative', 'counter')", name="answer"),
        CheckConstraint("settled_as IN ('confirmed', 'coming', 'by_time', 'overtaken', 'kept')", name="settled_as"),
    )


class Withdrawal(Table):
    """Somebody can't make it: said by whom and when. There is no column for a reason, on purpose."""

    __tablename__ = "withdrawal"
    seat_id: Mapped[UUID] = mapped_column(ForeignKey("seat.id"), primary_key=True)
    at: Mapped[datetime]
    by: Mapped[UUID]
    taken_back_at: Mapped[datetime | None]


# --- feedback -----------------------------------------------------------------------------------------------


class Piece(Table):
    """One person's words on one round. `author_id` is a membership; for a pair the tutor is the observer.

    kind: observer, client or self. `answers` is the form as sent: for an observer or the counsellor
    {"helped", "to_try"}, for a client {"did"}; ratings and the client's answers are rows of their own.
    `skipped_at`: the counsellor chose not to reflect.
    """

    __tablename__ = "piece"
    id: Mapped[UUID] = key()
    triad_id: Mapped[UUID] = to("triad.id", index=False)
    round: Mapped[int]
    author_id: Mapped[UUID] = to("membership.id")
    kind: Mapped[str] = mapped_column(String(16))
    words: Mapped[dict[str, Any]]
    sent_at: Mapped[datetime]
    changed_at: Mapped[datetime | None]
    skipped_at: Mapped[datetime | None]
    flagged: Mapped[int] = mapped_column(default=0)  # how many harm cues are ticked in it
    __table_args__ = (
        UniqueConstraint("triad_id", "round", "author_id"),
        CheckConstraint("kind IN ('observer', 'client', 'self')", name="kind"),
    )


class Rating(Table):
    """A level for one competency, or one of the client's four answers. No level: not seen, or rather not say."""

    __tablename__ = "rating"
    piece_id: Mapped[UUID] = mapped_column(ForeignKey("piece.id"), primary_key=True)
    code: Mapped[str] = mapped_column(String(32), primary_key=True)
    level: Mapped[int | None]
    moments: Mapped[list[Any]] = mapped_column(default=list)
    cues: Mapped[list[Any]] = mapped_column(default=list)
    what_was_said: Mapped[str] = mapped_column(default="")
    __table_args__ = (CheckConstraint("level BETWEEN 1 AND 4", name="level"),)


class PieceDraft(Table):
    """What somebody has typed and not yet sent; `version` rises with each save, so two tabs notice each other."""

    __tablename__ = "piece_draft"
    triad_id: Mapped[UUID] = mapped_column(ForeignKey("triad.id"), primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[UUID] = mapped_column(ForeignKey("membership.id"), primary_key=True)
    fields: Mapped[list[Any]]  # [[name, value], …] exactly as typed
    version: Mapped[int]
    saved_at: Mapped[datetime]


class Opening(Table):
    """The counsellor opened the words on a round. From then on they are changed by an addendum only."""

    __tablename__ = "opening"
    triad_id: Mapped[UUID] = mapped_column(ForeignKey("triad.id"), primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    by: Mapped[UUID]


class Clearance(Table):
    """A tutor has read a round in which something got in the way; its words need not wait any longer."""

    __tablename__ = "clearance"
    triad_id: Mapped[UUID] = mapped_column(ForeignKey("triad.id"), primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    by: Mapped[UUID]


class Addendum(Table):
    """Words added to a piece after it was opened."""

    __tablename__ = "addendum"
    id: Mapped[UUID] = key()
    piece_id: Mapped[UUID] = to("piece.id")
    words: Mapped[str]
    at: Mapped[datetime]


class Answer(Table):
    """The counsellor's one answer to a piece: thanks, a question, or a private note to the tutors."""

    __tablename__ = "answer"
    piece_id: Mapped[UUID] = mapped_column(ForeignKey("piece.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    words: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime]
    __table_args__ = (CheckConstraint("kind IN ('thanks', 'question', 'unease')", name="kind"),)


class Focus(Table):
    """The one thing a trainee takes into the next session; their next observer reads it before the round.

    `code`: the competency it belongs to, which is then looked for in that round.
    """

    __tablename__ = "focus"
    triad_id: Mapped[UUID] = mapped_column(ForeignKey("triad.id"), primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True)
    membership_id: Mapped[UUID] = to("membership.id")
    words: Mapped[str]
    at: Mapped[datetime]
    code: Mapped[str | None] = mapped_column(String(32))


class PieceBefore(Table):
    """What a piece said before its author changed it; nothing that was sent is ever lost. `ratings` as JSON."""

    __tablename__ = "piece_before"
    piece_id: Mapped[UUID] = mapped_column(ForeignKey("piece.id"), primary_key=True)
    until: Mapped[datetime] = mapped_column(primary_key=True)
    words: Mapped[dict[str, Any]]
    ratings: Mapped[list[Any]]


class Nudge(Table):
    """A tutor asked somebody for a piece that had not come in."""

    __tablename__ = "nudge"
    id: Mapped[UUID] = key()
    triad_id: Mapped[UUID] = to("triad.id", index=False)
    round: Mapped[int]
    author_id: Mapped[UUID] = to("membership.id")
    at: Mapped[datetime]
    by: Mapped[UUID] = to("person.id", index=False)
    __table_args__ = (Index("ix_nudge_piece", "triad_id", "round", "author_id", "at"),)


# --- observing live -----------------------------------------------------------------------------------------


class Observation(Table):
    """An observer's live page on one round: when its clock was started, and when they were done noting."""

    __tablename__ = "observation"
    triad_id: Mapped[UUID] = mapped_column(ForeignKey("triad.id"), primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[UUID] = mapped_column(ForeignKey("membership.id"), primary_key=True)
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class Note(Table):
    """Something noted live, under an id that the observer's own device made: the same one twice is one note.

    `seconds` into the round. `code`: the competency, or none for the round as a whole. `quoted`: the words are the
    counsellor's own. `edition` rises with each change on the device; an older one never replaces a newer one.
    """

    __tablename__ = "note"
    id: Mapped[UUID] = key()
    triad_id: Mapped[UUID] = to("triad.id", index=False)
    round: Mapped[int]
    author_id: Mapped[UUID] = to("membership.id", index=False)
    seconds: Mapped[int]
    code: Mapped[str | None] = mapped_column(String(32))
    effect: Mapped[str | None] = mapped_column(String(16))
    words: Mapped[str] = mapped_column(default="")
    quoted: Mapped[bool] = mapped_column(default=False)
    edition: Mapped[int] = mapped_column(default=1)
    noted_at: Mapped[datetime]
    received_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]
    __table_args__ = (
        Index("ix_note_round", "triad_id", "round", "author_id"),
        CheckConstraint("effect IN ('helped', 'in_the_way')", name="effect"),
    )


class VignetteRating(Table):
    """How somebody rated one competency of a written practice scene; they may try again, the last one is kept."""

    __tablename__ = "vignette_rating"
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    vignette: Mapped[str] = mapped_column(String(32), primary_key=True)
    code: Mapped[str] = mapped_column(String(32), primary_key=True)
    level: Mapped[int]
    at: Mapped[datetime]
    __table_args__ = (CheckConstraint("level BETWEEN 1 AND 4", name="level"),)


class Conversation(Table):
    """A tutor talked with somebody they had noticed, or noted something for the tutors alone."""

    __tablename__ = "conversation"
    id: Mapped[UUID] = key()
    cohort_id: Mapped[UUID] = to("cohort.id", index=False)
    membership_id: Mapped[UUID] = to("membership.id")
    about: Mapped[str] = mapped_column(String(16))
    words: Mapped[str] = mapped_column(default="")
    talked_at: Mapped[datetime | None]
    at: Mapped[datetime]
    by: Mapped[UUID] = to("person.id", index=False)
    __table_args__ = (CheckConstraint("about IN ('person', 'ratings')", name="about"),)


class Naming(Table):
    """Somebody agrees that their full name, not initials, stands beside their words in others' portfolios."""

    __tablename__ = "naming"
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    agreed_at: Mapped[datetime]


# --- choices that nobody has to explain -----------------------------------------------------------------------


class Preference(Table):
    """How somebody would rather practise, for one date or the term: from a brief as client, or not as client at all.

    There is no column for a reason, on purpose.
    """

    __tablename__ = "preference"
    id: Mapped[UUID] = key()
    membership_id: Mapped[UUID] = to("membership.id")
    kind: Mapped[str] = mapped_column(String(16))
    practice_id: Mapped[UUID | None] = to("practice_session.id", index=False)
    since: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    __table_args__ = (CheckConstraint("kind IN ('brief', 'not_client')", name="kind"),)


class ApartRequest(Table):
    """Somebody asked not to be placed with somebody else. There is no column for a reason, on purpose."""

    __tablename__ = "apart_request"
    id: Mapped[UUID] = key()
    membership_id: Mapped[UUID] = to("membership.id")
    other_id: Mapped[UUID] = to("membership.id", index=False)
    asked_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[UUID | None]
    settled_as: Mapped[str | None] = mapped_column(String(16))
    __table_args__ = (CheckConstraint("settled_as IN ('kept_apart', 'left', 'taken_back')", name="settled_as"),)


# --- concerns: read by their own readers alone, never part of feedback or an export ----------------------------


class ConcernReader(Table):
    """Who reads concerns in this centre, since when and by whose word."""

    __tablename__ = "concern_reader"
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    since: Mapped[datetime]
    by: Mapped[UUID | None]
    ended_at: Mapped[datetime | None]


class Concern(Table):
    """Somebody is worried about someone. `words` are read by the readers alone, each look kept in `concern_look`."""

    __tablename__ = "concern"
    id: Mapped[UUID] = key()
    person_id: Mapped[UUID] = to("person.id")
    cohort_id: Mapped[UUID | None] = to("cohort.id", index=False)
    words: Mapped[str]
    at: Mapped[datetime]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[UUID | None]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[UUID | None]


class ConcernLook(Table):
    """A reader opened a concern."""

    __tablename__ = "concern_look"
    id: Mapped[UUID] = key()
    concern_id: Mapped[UUID] = to("concern.id")
    by: Mapped[UUID] = to("person.id", index=False)
    at: Mapped[datetime]


class ConcernNote(Table):
    """What a reader wrote down about a concern, for the readers alone."""

    __tablename__ = "concern_note"
    id: Mapped[UUID] = key()
    concern_id: Mapped[UUID] = to("concern.id")
    words: Mapped[str]
    by: Mapped[UUID] = to("person.id", index=False)
    at: Mapped[datetime]


# --- letters and what was done -------------------------------------------------------------------------------


class Letter(Table):
    """A letter exactly as it will leave. Rows are written in the transaction of the change that causes them.

    `once`: what makes it unique (kind, uid, person, sequence, due), so that nothing is ever posted twice.
    `lane`: letters of one lane leave in the order of their ids, the next only after the one before.
    `trouble`: why it has not left ("", "later: 451 …", "stopped: 550 …"), without addresses or words.
    """

    __tablename__ = "letter"
    id: Mapped[UUID] = key()
    once: Mapped[str] = mapped_column(unique=True)
    lane: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(32))
    person_id: Mapped[UUID] = to("person.id")
    cohort_id: Mapped[UUID | None] = to("cohort.id")
    recipient: Mapped[str]
    subject: Mapped[str]
    message: Mapped[bytes]
    message_id: Mapped[str] = mapped_column(unique=True)
    written_at: Mapped[datetime]
    due_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]  # a sign-in code is of no use an hour later
    tries: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None]
    leased_by: Mapped[str | None]
    sent_at: Mapped[datetime | None]
    stopped_at: Mapped[datetime | None]  # will not be tried again by itself
    trouble: Mapped[str] = mapped_column(default="")
    # An invitation's own numbers; what it shows is kept so that the next one can say "was … now …".
    seat_id: Mapped[UUID | None] = to("seat.id")
    sequence: Mapped[int | None]
    method: Mapped[str | None] = mapped_column(String(8))
    shows: Mapped[dict[str, Any] | None]
    __table_args__ = (
        Index(
            "ix_letter_waiting",
            "due_at",
            sqlite_where=text("sent_at IS NULL AND stopped_at IS NULL"),
            postgresql_where=text("sent_at IS NULL AND stopped_at IS NULL"),
        ),
        Index("ix_letter_lane", "lane", "id"),
    )


class Deed(Table):
    """The audit: who did what to which row and when; ids only, never a word of what anybody wrote."""

    __tablename__ = "deed"
    id: Mapped[UUID] = key()
    at: Mapped[datetime]
    by: Mapped[UUID | None]
    cohort_id: Mapped[UUID | None]
    verb: Mapped[str] = mapped_column(String(48))
    subject: Mapped[dict[str, Any]]
    __table_args__ = (Index("ix_deed_cohort", "cohort_id", "at"),)


# The schema is complete for the first revision.
