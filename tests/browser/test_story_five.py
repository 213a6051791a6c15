"""Story 5, end to end: an observer on a phone without a signal, whose phone sleeps and whose browser is killed."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from sqlalchemy import select

from tests.browser.classes import cookie
from tests.browser.live import Live, now, running
from tests.browser.running import FLAGS, PATIENCE, PHONE, Site, chromium, installed, press
from threefold.store.tables import Letter, Note, Piece, Rating

pytestmark = [pytest.mark.browser, pytest.mark.heavy]  # a browser that is killed and begun again
