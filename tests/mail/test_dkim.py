"""Letters signed for their sender's domain: a verifier believes them, and believes nothing that was changed after."""

import base64
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import dkim
import pytest

from tests.builders import an_id
from tests.house import settings_for
from threefold.mail.dkim import Unsigned, dkim_trouble, signed
from threefold.mail.letters import Postroom
from threefold.mail.message import check_message, compose
from threefold.settings import Settings
from threefold.web.templates import environment

LETTER = compose(
    sender_name="Elm House",
    sender="practice@elmhouse.example",
    recipient_name="Zoë Ångström",
    recipient="zoe@example.com",
    subject="Thursday 8 October, 18:30: your practice session",
    text="See you on Thursday, 8 October at 18:30.\n",
    html="<p>See you on Thursday, 8 October at 18:30.</p>\n",
    message_id="<1@elmhouse.example>",
    date=datetime(2026, 10, 1, tzinfo=UTC),
    in_reply_to="<0@elmhouse.example>",
    list_unsubscribe="https://practice.elmhouse.example/letters/off",
)


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl to make a key with")
    file = tmp_path_factory.mktemp("key") / "dkim.pem"
    public = ["-pubout", "-outform", "DER", "-out", str(file.with_suffix(".pub"))]
    for command in (["genrsa", "-out", str(file), "2048"], ["rsa", "-in", str(file), *public]):
        subprocess.run([openssl, *command], check=True, capture_output=True)  # noqa: S603 - no word of it is from outside
    return file


@pytest.fixture
def settings(key: Path, tmp_path: Path) -> Settings:
    return settings_for(tmp_path, dkim_selector="practice2026", dkim_key_file=str(key))


def believed(message: bytes, key: Path) -> bool:
    """What a receiver says who finds our public key in the DNS, under our domain and selector."""

    def look_up(name: bytes, timeout: float = 5) -> bytes:  # noqa: ARG001 - dkimpy's signature
        assert name.rstrip(b".") == b"practice2026._domainkey.elmhouse.example"
        return b"v=DKIM1; k=rsa; p=" + base64.b64encode(key.with_suffix(".pub").read_bytes())

    return bool(dkim.verify(message, dnsfunc=look_up))


def test_a_signed_letter_is_believed_and_keeps_every_rule(settings: Settings, key: Path) -> None:
    message = signed(LETTER, settings)
    assert message.endswith(LETTER)
    assert believed(message, key)
    assert check_message(message) == ()


def test_it_covers_who_writes_to_whom_about_what_and_how_to_read_it(settings: Settings) -> None:
    head = signed(LETTER, settings).partition(b"\r\nFrom: ")[0].replace(b"\r\n", b"").replace(b" ", b"")
    covered = head.partition(b";h=")[2].partition(b";")[0].decode().split(":")
    assert set(covered) == {
        "from", "to", "subject", "date", "message-id", "in-reply-to", "references", "mime-version", "content-type",
        "list-unsubscribe", "list-unsubscribe-post",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        (b"18:30: your", b"18:45: your"),
        (b"See you on Thursday", b"See you on Friday"),
        (b"From: Elm House", b"From: Oak House"),
        (b"To: ", b"Subject: another\r\nTo: "),
        (b"/letters/off", b"/letters/gone"),
    ],
)
def test_a_letter_changed_on_the_way_is_not_believed(settings: Settings, key: Path, was: bytes, becomes: bytes) -> None:
    message = signed(LETTER, settings)
    assert was in message
    assert not believed(message.replace(was, becomes, 1), key)


def test_without_a_key_a_letter_stays_as_it_is(tmp_path: Path) -> None:
    assert signed(LETTER, settings_for(tmp_path)) is LETTER


def test_what_keeps_letters_from_being_signed_is_said(tmp_path: Path, key: Path) -> None:
    nothing, secret = tmp_path / "nothing.pem", tmp_path / "words.pem"
    secret.write_text("no key at all")

    def trouble(selector: str, file: object) -> str:
        settings = settings_for(tmp_path, dkim_selector=selector, dkim_key_file=str(file))
        if file:
            with pytest.raises(Unsigned):
                signed(LETTER, settings)
        return dkim_trouble(settings)

    assert trouble("a", nothing) == "THREEFOLD_DKIM_KEY_FILE cannot be read: No such file or directory."
    assert trouble("a", secret).startswith("THREEFOLD_DKIM_KEY_FILE holds no RSA private key (PEM)")
    assert "belong together" in trouble("", key)
    assert "belong together" in trouble("a", "")
    assert "first part of a DNS name" in trouble("not a name", key)
    assert dkim_trouble(settings_for(tmp_path)) == ""
    assert dkim_trouble(settings_for(tmp_path, dkim_selector="a", dkim_key_file=str(key))) == ""


def test_every_letter_of_the_postroom_is_signed(settings: Settings, key: Path) -> None:
    moment = datetime(2026, 10, 1, tzinfo=UTC)
    letter = Postroom(settings, environment()).write(
        "co-tutor",
        id=an_id(),
        once="co-tutor:1",
        lane="co-tutor",
        person_id=an_id(),
        name="Zoë Ångström",
        recipient="zoe@example.com",
        subject="You’ve been invited to teach a practice group",
        now=moment,
        cohort="Level 3",
        tutor="Marion Shaw",
    )
    assert believed(letter.message, key)
