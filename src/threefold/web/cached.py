"""Pages kept while nothing they show has changed: the key says what they depend on, the browser hears "not modified".

A key holds the version of what is shown, the viewer's rights and the local date ("Tomorrow" is not always true).
The form token stands in a kept page as a mark that is replaced at answer time, so a kept page holds no secret.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock

TOKEN_MARK = "%%form-token%%"  # noqa: S105 - the place where the token goes, not a token
MOST_PAGES = 200
Pieces = list[bytes]
"""A kept page, cut where the form token goes."""


class Kept:
    """A few hundred rendered pages, the least used forgotten first; one for each process."""

    def __init__(self, most: int = MOST_PAGES) -> None:
        self.most = most
        self._pages: OrderedDict[Hashable, Pieces] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable) -> Pieces | None:
        """The page under this key, if it is still here. It may be gone at the next look: hold on to it."""
        with self._lock:
            found = self._pages.get(key)
            if found is not None:
                self._pages.move_to_end(key)
            return found

    def keep(self, key: Hashable, render: Callable[[], bytes]) -> Pieces:
        """The page under this key, rendered now if it was not kept."""
        found = self.get(key)
        return self.put(key, render().split(TOKEN_MARK.encode())) if found is None else found

    def put(self, key: Hashable, pieces: Pieces) -> Pieces:
        """Keep what was made for this key."""
        with self._lock:
            self._pages[key] = pieces
            while len(self._pages) > self.most:
                self._pages.popitem(last=False)
        return pieces


def etag(key: Hashable, token: str) -> str:
    """What a browser asks with: changes with the page and with the session whose token the page carries."""
    return f'"{hashlib.sha256(f"{key!r} {token}".encode()).hexdigest()[:32]}"'
