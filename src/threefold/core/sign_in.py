"""When a mailed link and its code still work, and how often anybody may ask for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from threefold.core.refusal import Refusal

LASTS = timedelta(minutes=15)
MOST_WRONG_CODES = 5
LIMITED_OVER = timedelta(hours=1)
MOST_PER_ADDRESS = 5
MOST_PER_NETWORK = 30

HAD_ITS_DAY = "This link has had its day"
CODE_HAD_ITS_DAY = "This code has had its day"
TRIES_USED_UP = "Those tries are used up"
SIX_FIGURES = "Enter the six figures from the e-mail, such as 418 302"


@dataclass(frozen=True)
class Asked:
    """One request for a link and a code, as far as their working depends on it.

    `for_somebody` is False for an address nobody here has (or has no longer): such a request works for nobody,
    and must look like every other one for as long as its clock time runs.
    """

    expires_at: datetime
    spent_at: datetime | None
    wrong_codes: int
    for_somebody: bool

    def over(self, now: datetime) -> str:
        """Why it is over, in words that say nothing about whether the address is known; "" while it runs."""
        if self.wrong_codes >= MOST_WRONG_CODES:
            return TRIES_USED_UP
        return CODE_HAD_ITS_DAY if now >= self.expires_at else ""

    def works(self, now: datetime) -> bool:
        """Whether the link, or the right code, signs somebody in now."""
        return self.for_somebody and self.spent_at is None and not self.over(now)


def figures(typed: str) -> str | None:
    """The six figures in what somebody typed or pasted (“418 302”, full-width ones too); None if it is not six."""
    found = "".join(str(int(character)) for character in typed if character.isdecimal())
    others = [c for c in typed if not (c.isdecimal() or c.isspace() or c in "-–.")]
    return found if len(found) == 6 and not others else None


def not_the_code(wrong_codes: int) -> Refusal:
    """What is said after a wrong code; `wrong_codes` counts this one."""
    left = MOST_WRONG_CODES - wrong_codes
    if left <= 0:
        return Refusal.because(TRIES_USED_UP, "code")
    tries = "one more try" if left == 1 else f"{left} more tries"
    return Refusal.because(f"That isn’t the code in the newest e-mail. You have {tries}", "code")


def may_ask_from(now: datetime, address: Sequence[datetime], network: Sequence[datetime]) -> datetime:
    """From when somebody may ask (again): `now`, or the end of their wait when a limit is reached.

    `address` and `network` hold when this address was asked for, and when this network asked, in any order.
    """
    return max(now, _free_from(now, address, MOST_PER_ADDRESS), _free_from(now, network, MOST_PER_NETWORK))


def _free_from(now: datetime, asked: Sequence[datetime], most: int) -> datetime:
    lately = sorted((moment for moment in asked if moment > now - LIMITED_OVER), reverse=True)
    return lately[most - 1] + LIMITED_OVER if len(lately) >= most else now
