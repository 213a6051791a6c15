"""What they said of each other's rounds. None of it was ever said in a room."""

import random
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import insert

from threefold.core.feedback import CLIENT_QUESTIONS
from threefold.core.roles import Role
from threefold.core.sampling import asked_for
from threefold.core.slots import Round, round_times
from threefold.demo.term import COMPETENCIES, Begun, Term
from threefold.store.rows import CohortRow, value
from threefold.store.tables import Opening, Piece, PracticeSession, Rating

HELPED = (
    "You waited. After a long pause you let nearly ten seconds go by, and the next words were theirs.",
    "You named the feeling tentatively, and checked whether it fitted.",
    "You asked where to begin rather than choosing for them.",
    "Your voice slowed down when theirs did.",
)
TO_TRY = (
    "Name the time when five minutes are left, so the ending belongs to both of you.",
    "Stay with one feeling before reaching for the next question.",
    "Say a little less after a reflection, and see what comes.",
    "Ask whether the direction suits them, about half way through.",
)
MOMENTS = (
    "“It sounds as if both are true at once.”",
    "“Where would you like to start?”",
    "“I’m wondering if I’ve got that right.”",
)
DID = ("They never hurried me.", "They remembered the word I had used.", "They let me change direction.")


def give_feedback(at: Begun, term: Term) -> UUID | None:
    """Feedback on what was held: all of it on the older evenings, some still to come on the last one.

    Whose observing is still waited for first (a membership).
    """
    layout, held, chance = term.layout, term.held, random.Random(14)
    shape = value(CohortRow, term.cohort).shape
    by_triad: dict[object, PracticeSession] = {
        triad["id"]: session for triad in layout.triads for session in held if triad["practice_id"] == session.id
    }
    member_of = {seat["id"]: UUID(str(seat["membership_id"])) for seat in layout.seats}
    sizes: dict[object, int] = {}
    for turn in layout.turns:
        sizes[turn["triad_id"]] = max(sizes.get(turn["triad_id"], 0), int(str(turn["round"])))
    waiting: UUID | None = None
    pieces: list[dict[str, object]] = []
    ratings: list[dict[str, object]] = []
    for turn in layout.turns:
        session = by_triad.get(turn["triad_id"])
        if session is None:
            continue
        author, role = member_of[turn["seat_id"]], Role(str(turn["role"]))
        if session is held[-1] and chance.random() < 0.4:
            if role is Role.OBSERVER:
                waiting = waiting or author
            continue
        piece = _piece(
            turn, author, role, round_times(session.starts_at, shape, sizes[turn["triad_id"]]), chance, at.new_id()
        )
        pieces.append(piece)
        ratings.extend(_ratings(piece["id"], role, session.number, chance))
    at.db.execute(insert(Piece), pieces)
    at.db.execute(insert(Rating), ratings)
    opened = {
        (piece["triad_id"], piece["round"]): {
            "triad_id": piece["triad_id"],
            "round": piece["round"],
            "at": by_triad[piece["triad_id"]].ends_at + timedelta(days=3),
            "by": piece["author_id"],
        }
        for piece in pieces
        if piece["kind"] == "self" and by_triad[piece["triad_id"]] is not held[-1]
    }
    at.db.execute(insert(Opening), list(opened.values()))
    return waiting


def _piece(
    turn: dict[str, object], author: UUID, role: Role, times: Sequence[Round], chance: random.Random, id_: UUID
) -> dict[str, object]:
    number = int(str(turn["round"]))
    words: dict[str, str] = (
        {"did": chance.choice(DID)}
        if role is Role.CLIENT
        else {"helped": chance.choice(HELPED), "to_try": chance.choice(TO_TRY)}
    )
    kind = {Role.CLIENT: "client", Role.OBSERVER: "observer", Role.COUNSELLOR: "self"}[role]
    return {
        "id": id_,
        "triad_id": turn["triad_id"],
        "round": number,
        "author_id": author,
        "kind": kind,
        "words": words,
        "sent_at": times[number - 1].ends_at + timedelta(minutes=chance.randrange(4, 300)),
        "flagged": 0,
    }


def _ratings(piece_id: object, role: Role, session: int, chance: random.Random) -> list[dict[str, object]]:
    codes = [q.code for q in CLIENT_QUESTIONS] if role is Role.CLIENT else asked_for(COMPETENCIES, session)
    rows = []
    for code in codes:
        level = chance.choice((2, 3, 3, 3, 4, None))
        said = [chance.choice(MOMENTS)] if level in {3, 4} and role is not Role.CLIENT else []
        rows.append(
            {"piece_id": piece_id, "code": code, "level": level, "moments": said, "cues": [], "what_was_said": ""}
        )
    return rows
