"""How a framework is written down: its limits, and the document as JSON Schema for whoever writes one."""

from collections.abc import Collection
from typing import Any

from threefold.core.competency import FEWEST, LEVELS

EDITION = 1
"""Which way of writing a framework down this is. A document that names none is read as this one."""

LABEL, SENTENCE = 60, 240
"""The longest label and the longest sentence, in characters: both must be read at a glance, on a phone."""

CODE = r"[A-Za-z0-9][A-Za-z0-9-]{0,31}"
ID = r"[a-z0-9][a-z0-9-]{0,63}"
VERSION = r"(?!.*\.json$)[0-9A-Za-z][0-9A-Za-z.-]{0,31}"
TAG = r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}"
MODEL = r"[^:]*"
MOST_COMPETENCIES, MOST_CUES, MOST_MAPS, MOST_DOMAINS = 60, 12, 12, 20
MOST_TEXT = 1_000_000
"""The longest document, in characters; the largest framework these limits allow is about a third of that."""


def _text(most: int, description: str) -> dict[str, Any]:
    return {"type": "string", "minLength": 1, "maxLength": most, "pattern": r"\S", "description": description}


def _pattern(pattern: str, description: str) -> dict[str, Any]:
    return {"type": "string", "pattern": f"^{pattern}$", "description": description}


def _object(properties: dict[str, Any], description: str, optional: Collection[str] = ()) -> dict[str, Any]:
    return {
        "type": "object",
        "description": description,
        "properties": properties,
        "required": [key for key in properties if key not in optional],
        "additionalProperties": False,
    }


def _list(items: dict[str, Any], fewest: int, most: int, description: str) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": fewest, "maxItems": most, "description": description}


CUE = _object(
    {
        "code": _pattern(CODE, "Its own within the competency."),
        "sentence": _text(SENTENCE, "What was seen or heard."),
    },
    "Something that got in the client’s way.",
)

DOMAIN = _object(
    {"code": _pattern(CODE, "Its own within the framework."), "name": _text(LABEL, "The heading people see.")},
    "A heading that competencies stand under.",
)

_CODES = _list(_text(LABEL, "A public code; never the other model’s wording."), 1, MOST_MAPS, "Codes in one model.")

COMPETENCY = _object(
    {
        "code": _pattern(CODE, "Its own within the framework; ratings are kept under it."),
        "name": _text(LABEL, "The name in full."),
        "short": _text(LABEL, "A word or two, for buttons and charts."),
        "about": _text(SENTENCE, "What it is, in one sentence."),
        "anchors": _object(
            {str(level): _text(SENTENCE, f"What an observer sees at level {level}.") for level in LEVELS},
            "What each level looks like in the room.",
        ),
        "domain": _pattern(CODE, "The code of the domain it stands under."),
        "cues": _list(CUE, 0, MOST_CUES, "What puts a round at level 1."),
        "maps": {
            "description": "Where other models have this.",
            "oneOf": [
                {
                    "type": "object",
                    "propertyNames": _text(LABEL, "A model’s name, without a colon.") | {"pattern": f"^{MODEL}$"},
                    "maxProperties": MOST_MAPS,
                    "additionalProperties": _CODES,
                },
                _list(_text(LABEL, "A model’s name, a space and a code."), 0, MOST_MAPS, "The same as a plain list."),
            ],
        },
    },
    "One thing counsellors learn to do.",
    optional=("domain", "cues", "maps"),
)

SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Threefold framework",
    **_object(
        {
            "schema": {"const": EDITION, "description": "Which way of writing a framework down this is."},
            "id": _pattern(ID, "Stays the same from version to version."),
            "version": _pattern(VERSION, "A changed wording is a new version."),
            "name": _text(LABEL, "What tutors see when they choose."),
            "language": _pattern(TAG, "The language it is written in, as a BCP 47 tag."),
            "licence": _text(SENTENCE, "Who wrote this and what allows you to use it."),
            "levels": _object(
                {str(level): _text(LABEL, f"The name of level {level}.") for level in LEVELS},
                "What the levels are called.",
            ),
            "not_seen": _text(LABEL, "The answer for what did not come up; never counted."),
            "domains": _list(DOMAIN, 0, MOST_DOMAINS, "The headings, in the order people see them."),
            "competencies": _list(COMPETENCY, FEWEST, MOST_COMPETENCIES, "In the order people see them."),
        },
        "What observers look for, told by what is seen in the room.",
        optional=("schema", "language", "domains"),
    ),
}
"""What `framework_document.read` asks for, except that codes must be their own and a named domain must be there."""
