"""What people type as a name or an e-mail address: made tidy, checked, and compared."""

import re
import unicodedata
from functools import lru_cache

from threefold.core.refusal import Problem

LONGEST_NAME = 100
LONGEST_EMAIL = 254  # RFC 5321 4.5.3.1.3: a path is 256 octets with its angle brackets
LONGEST_LOCAL_PART = 64  # RFC 5321 4.5.3.1.1

EMAIL_SENTENCE = "Enter an e-mail address like name@example.com"
PLAIN_LETTERS_SENTENCE = "Enter an address with plain letters before the @: many mail servers can’t deliver to this one"
NAME_SENTENCE = "Enter the name they’d like to be called"
LONG_NAME_SENTENCE = f"Shorten the name to {LONGEST_NAME} characters or fewer"

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL_PART = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
_INVISIBLE = frozenset(
    "\u00ad\u200b\u2060\ufeff"  # soft hyphen, zero-width space, word joiner, byte order mark
    "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"  # overrides and isolates of direction
)


def clean(text: str) -> str:
    """One line of text: NFC, every kind of white space a single space, nothing invisible that could mislead.

    Joiners and plain direction marks stay, since Persian names and emoji need them; direction overrides go.
    """
    kept: list[str] = []
    for character in unicodedata.normalize("NFC", text):
        category = unicodedata.category(character)
        if category[0] == "Z" or character in "\t\r\n\v\f\x85":
            kept.append(" ")
        elif category not in {"Cc", "Cs"} and character not in _INVISIBLE:
            kept.append(character)
    return " ".join(part for part in "".join(kept).split(" ") if part)


def check_name(name: str) -> str | Problem:
    """The name as given, on one line; any script, up to 100 characters."""
    name = clean(name)
    if not name:
        return Problem("name", NAME_SENTENCE)
    return name if len(name) <= LONGEST_NAME else Problem("name", LONG_NAME_SENTENCE)


def check_email(address: str) -> str | Problem:
    """The address with its domain in lower case, or what to put right.

    Local part: RFC 5322 dot-atom in ASCII, since letters beyond it need SMTPUTF8 on every server on the way.
    Domain: at least two labels, none of them but ASCII once in punycode.
    """
    address = clean(address)
    local, at, domain = address.rpartition("@")
    if not at or len(address) > LONGEST_EMAIL or not 0 < len(local) <= LONGEST_LOCAL_PART:
        return Problem("email", EMAIL_SENTENCE)
    domain = _lower(domain)
    labels = ascii_domain(domain).split(".")
    named = len(labels) > 1 and all(_LABEL.fullmatch(label) for label in labels) and not labels[-1].isdigit()
    if not named or sum(len(label) + 1 for label in labels) > LONGEST_EMAIL:
        return Problem("email", EMAIL_SENTENCE)
    if _LOCAL_PART.fullmatch(local):
        return f"{local}@{domain}"
    foreign = not local.isascii() and _LOCAL_PART.fullmatch(re.sub(r"[^\W\d_]", "a", local))
    return Problem("email", PLAIN_LETTERS_SENTENCE if foreign else EMAIL_SENTENCE)


@lru_cache(maxsize=4096)  # asked again for everybody in a term whenever one letter of it is written
def email_key(address: str) -> str:
    """What makes two addresses the same person here: case set aside, the domain in punycode."""
    local, at, domain = clean(address).rpartition("@")
    return f"{local.casefold()}{at}{ascii_domain(domain)}"


def ascii_domain(domain: str) -> str:
    """A domain as mail servers know it: lower case, foreign labels in punycode (IDNA 2008: ß stays ß)."""
    return ".".join(label if label.isascii() else _punycode(label) for label in _lower(domain).split("."))


def ascii_address(address: str) -> str:
    """The address as it stands in a mail's header and in its calendar part."""
    local, at, domain = address.rpartition("@")
    return f"{local}{at}{ascii_domain(domain)}"


def suggested_email(address: str) -> str:
    """For “Did you mean …?”: a likely meaning of an address that will not do, or "" when there is none."""
    tried = re.sub(r"^mailto:", "", clean(address).strip("<>()[]'\"“”‘’,;:. "), flags=re.IGNORECASE)
    tried = re.sub(r" ?[(\[]at[)\]] ?| at ", "@", tried, flags=re.IGNORECASE)
    tried = re.sub(r" ?[(\[]dot[)\]] ?| dot ", ".", tried, flags=re.IGNORECASE)
    tried = tried.replace(" ", "").replace(",", ".").replace(";", ".").replace("@@", "@")
    tried = re.sub(r"\.{2,}", ".", tried).replace("@.", "@").replace(".@", "@")
    checked = check_email(tried)
    return checked if isinstance(checked, str) and checked != address else ""


def _lower(domain: str) -> str:
    return unicodedata.normalize("NFKC", domain).replace("。", ".").lower()


def _punycode(label: str) -> str:
    """A label in punycode, or "?" (never valid) for what no registry takes: symbols, emoji, spaces."""
    if any(unicodedata.category(character)[0] not in "LMN" and character != "-" for character in label):
        return "?"
    return "xn--" + label.encode("punycode").decode("ascii")
