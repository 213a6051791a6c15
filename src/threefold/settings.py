"""Everything an installation can set: one frozen struct, read from THREEFOLD_* variables, each with its sentence."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, get_type_hints
from urllib.parse import urlsplit

import msgspec

UNSAFE_SECRET = "threefold-demo-secret-not-for-real-use"  # noqa: S105 - the demo's, refused everywhere else


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """One installation serves one training centre."""

    database_url: Annotated[
        str, "Where everything is kept: sqlite:////path/threefold.db, or postgresql://user:word@host/name."
    ] = ""
    data_folder: Annotated[Path, "Folder for the embedded database and the demo's mails; made if it is not there."] = (
        Path("data")
    )
    base_url: Annotated[
        str, "The address people type, such as https://practice.example.org, without a final slash."
    ] = "http://127.0.0.1:8000"
    secret: Annotated[
        str,
        "At least 32 random characters; signs links and feeds. Changing it signs nobody in wrongly, but ends feeds.",
    ] = UNSAFE_SECRET
    smtp_url: Annotated[
        str,
        "The mail server: smtp://host:25 (plain), smtp+starttls://name:word@host:587, smtps://name:word@host:465.",
    ] = ""
    sender: Annotated[str, "The address letters come from; calendars take it as the organiser."] = "practice@localhost"
    dkim_selector: Annotated[
        str,
        "Where receivers find the key that letters are signed with: SELECTOR._domainkey.your-domain; none by default.",
    ] = ""
    dkim_key_file: Annotated[
        str, "The RSA private key (PEM file) that letters are signed with, if your mail server does not sign them."
    ] = ""
    centre: Annotated[str, "The centre's name, as letters and pages say it."] = "Threefold"
    contact: Annotated[str, "How people reach a human: shown on every page under Help and contact."] = ""
    call_now: Annotated[
        tuple[str, ...],
        "Whom to call when something can’t wait, each as words, a colon and a number, with commas between.",
    ] = ("If somebody is in danger now, emergency services: 999", "Samaritans listen day and night, free: 116 123")
    host: Annotated[str, "The address the web server listens on."] = "127.0.0.1"
    port: Annotated[int, "The port the web server listens on."] = 8000
    trusted_proxies: Annotated[
        tuple[str, ...],
        "Addresses of proxies whose X-Forwarded-For and -Proto are believed, with commas between; nobody's by default.",
    ] = ()
    replies: Annotated[
        bool,
        "Whether calendars answer to us: each invitation then has a reply address of its own, the sender’s with a + in "
        "it, and `threefold work --inbound` must be there to take in what comes.",
    ] = False
    inbound: Annotated[
        str,
        "Where `threefold work --inbound` listens for what a mail server hands over: lmtp://127.0.0.1:2424, or "
        "smtp://127.0.0.1:2525; nowhere by default.",
    ] = ""
    imap_url: Annotated[
        str,
        "A mailbox that `threefold work --inbound` looks into every minute instead: imaps://name:word@host/folder.",
    ] = ""
    courier: Annotated[bool, "Whether `serve` sends letters as well; set to no where `threefold work` runs apart."] = (
        True
    )
    demo: Annotated[bool, "Set by `threefold demo` only: made-up people, mails kept as files, links printed."] = False
    plain_http: Annotated[
        bool,
        "Allows cookies without TLS, and own calendars on this very machine, for trying things on one machine; refused "
        "unless the address is this machine’s.",
    ] = False

    @property
    def database(self) -> str:
        """The database's URL; the embedded one in the data folder unless another is named."""
        return self.database_url or f"sqlite:///{(self.data_folder / 'threefold.db').absolute()}"

    @property
    def outbox_folder(self) -> Path:
        return self.data_folder / "outbox"

    @property
    def secure_cookies(self) -> bool:
        return self.base_url.startswith("https://")

    @property
    def mail_domain(self) -> str:
        return self.sender.rpartition("@")[2]


class NotSettled(Exception):  # noqa: N818 - said of settings, not of a crash
    """A variable that cannot be read, or one nobody knows; `problems` has a sentence for each."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def variables() -> tuple[tuple[str, str, object], ...]:
    """(variable, its sentence, what it is when not set) for every field, in order."""
    hints = get_type_hints(Settings, include_extras=True)
    fields = msgspec.structs.fields(Settings)
    return tuple((f"THREEFOLD_{f.name.upper()}", hints[f.name].__metadata__[0], f.default) for f in fields)


def from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    """Settings as THREEFOLD_* say them.

    Raises NotSettled with every problem at once. THREEFOLD_TEST_* belongs to the tests and is left alone.
    """
    given: dict[str, object] = {}
    problems: list[str] = []
    known = {f.name: f.type for f in msgspec.structs.fields(Settings)}
    for variable, value in environment.items():
        if not variable.startswith("THREEFOLD_") or variable.startswith("THREEFOLD_TEST_"):
            continue
        name = variable.removeprefix("THREEFOLD_").lower()
        if name not in known:
            problems.append(f"{variable} is not a setting. Run `threefold check` to see them all.")
            continue
        try:
            given[name] = _read(name, value.strip())
        except ValueError:
            problems.append(f"{variable} is “{value}”, which cannot be read as {_shape(name)}.")
    if problems:
        raise NotSettled(tuple(problems))
    settings = Settings(**given)  # type: ignore[arg-type] # read field by field just above
    return msgspec.structs.replace(settings, base_url=settings.base_url.rstrip("/"))


def unsafe(settings: Settings) -> tuple[str, ...]:
    """What must not go live, in words; nothing in the demo. `serve` and `work` refuse to start with any of it."""
    if settings.demo:
        return ()
    problems = []
    if settings.secret == UNSAFE_SECRET or len(settings.secret) < 32:
        problems.append(
            "THREEFOLD_SECRET must be at least 32 characters that nobody can guess. "
            'Make one with: python3 -c "import secrets; print(secrets.token_urlsafe(48))"'
        )
    scheme, host, more = _address(settings.base_url)
    local = host in {"127.0.0.1", "localhost"}
    if scheme not in {"https", "http"}:
        problems.append("THREEFOLD_BASE_URL must start with https:// and hold the address people type.")
    elif not host:
        problems.append(
            "THREEFOLD_BASE_URL has no name after https://. It must hold the address people type, such as "
            "https://practice.example.org."
        )
    elif more:
        problems.append(
            "THREEFOLD_BASE_URL must end after the name, or the number of a port: this service has an address to "
            f"itself, so leave out “{more}”."
        )
    elif not settings.secure_cookies and not (settings.plain_http and local):
        problems.append(
            "THREEFOLD_BASE_URL must start with https://, or sign-in cookies would travel in the open. "
            "To try things on this machine alone, set THREEFOLD_PLAIN_HTTP=yes with a 127.0.0.1 address."
        )
    if not settings.smtp_url:
        problems.append("THREEFOLD_SMTP_URL is not set, so nobody could sign in: links travel by mail.")
    if "@" not in settings.sender or settings.mail_domain == "localhost":
        problems.append("THREEFOLD_SENDER must be an address of your own domain, such as practice@example.org.")
    return tuple(problems)


def _address(url: str) -> tuple[str, str, str]:
    """What an address begins with, the name of its host ("" for none, or a port nobody has), and all that follows."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or "" if parts.port != 0 else ""
    except ValueError:
        return url.partition("://")[0], "", ""
    more = parts._replace(scheme="", netloc="", path=parts.path.rstrip("/")).geturl()
    return parts.scheme, host, f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else more


def _read(name: str, value: str) -> object:
    shape = {
        "data_folder": Path,
        "port": int,
        "trusted_proxies": tuple,
        "call_now": tuple,
        "courier": bool,
        "replies": bool,
        "demo": bool,
        "plain_http": bool,
    }
    match shape.get(name):
        case None:
            return value
        case kind if kind is bool:
            if value.lower() not in {"yes", "no", "true", "false", "1", "0"}:
                raise ValueError
            return value.lower() in {"yes", "true", "1"}
        case kind if kind is tuple:
            parts = tuple(part.strip() for part in value.split(",") if part.strip())
            if name == "call_now" and not all(map(_has_number, parts)):
                raise ValueError
            return parts
        case kind:
            return kind(value)


def _has_number(line: str) -> bool:
    """Whether this says whom to call and ends in a number after a colon."""
    words, _, number = line.rpartition(":")
    return bool(words.strip()) and any(c.isdigit() for c in number)


def _shape(name: str) -> str:
    yes_or_no = dict.fromkeys(("courier", "replies", "plain_http", "demo"), "yes or no")
    return {"port": "a number", "call_now": "words, a colon and a number", **yes_or_no}.get(name, "text")
