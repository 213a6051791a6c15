"""How a letter is written: a template in text and HTML, one message for one person, checked before it waits."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from jinja2 import Environment

from threefold.core.reply import reply_address
from threefold.mail import outbox
from threefold.mail.dkim import signed
from threefold.mail.message import check_message, compose
from threefold.mail.outbox import About, Written
from threefold.settings import Settings


class Unsendable(Exception):  # noqa: N818 - said of a letter
    """A letter that breaks a rule of mail or calendars; nothing of the action that wanted it is kept."""

    def __init__(self, kind: str, broken: tuple[str, ...]) -> None:
        super().__init__(f"{kind}: {'; '.join(broken)}")
        self.kind = kind
        self.broken = broken


@dataclass(frozen=True)
class Postroom:
    """Writes letters for one installation: its name, its sender, its templates under `mail/`."""

    settings: Settings
    templates: Environment

    def address(self, path: str) -> str:
        """An absolute address of ours, always from the settings and never from a request's Host."""
        return self.settings.base_url + path

    def organizer(self, seat_id: UUID) -> str:
        """Who an invitation to this seat comes from: where answers are taken in, an address of its own for each."""
        if not self.settings.replies:
            return self.settings.sender
        return reply_address(self.settings.secret, self.settings.sender, seat_id)

    def write(
        self,
        template: str,
        *,
        id: UUID,
        once: str,
        lane: str,
        person_id: UUID,
        name: str,
        recipient: str,
        subject: str,
        now: datetime,
        cohort_id: UUID | None = None,
        thread: str | None = None,
        calendar: bytes | None = None,
        method: str | None = None,
        due_at: datetime | None = None,
        expires_at: datetime | None = None,
        sender_name: str = "",
        about: About | None = None,
        unsubscribe: str | None = None,
        **values: Any,
    ) -> Written:
        """One finished letter from `mail/<template>.txt` and `.html`.

        `thread` is the Message-ID this letter answers to, so that a term reads as one conversation. `calendar` is an
        invitation's bytes, already checked by `mail.calendar.check`, with its iTIP `method`.
        `unsubscribe` is the path that turns this kind of letter off. Raises Unsendable.
        """
        context = {
            "name": name,
            "subject": subject,
            "centre": self.settings.centre,
            "contact": self.settings.contact,
            "address": self.address,
            "off": self.address(unsubscribe) if unsubscribe else None,
            **values,
        }
        message_id = outbox.message_id(id, self.settings.mail_domain)
        composed = compose(
            sender_name=sender_name or self.settings.centre,
            sender=self.settings.sender,
            recipient_name=name,
            recipient=recipient,
            subject=subject,
            text=self.templates.get_template(f"mail/{template}.txt").render(context),
            html=self.templates.get_template(f"mail/{template}.html").render(context),
            message_id=message_id,
            date=now,
            in_reply_to=thread,
            calendar=calendar,
            method=method,
            # Mail programs ask for TLS; on one machine there is none, and nothing to unsubscribe from.
            list_unsubscribe=self.address(unsubscribe) if unsubscribe and self.settings.secure_cookies else None,
        )
        message = signed(composed, self.settings)
        broken = check_message(message)
        if broken:
            raise Unsendable(template, tuple(broken))
        return Written(
            id=id,
            once=once,
            lane=lane,
            kind=template,
            person_id=person_id,
            cohort_id=cohort_id,
            recipient=recipient,
            subject=subject,
            message=message,
            message_id=message_id,
            due_at=due_at or now,
            expires_at=expires_at,
            about=about,
        )
