"""`threefold work` with waits of seconds instead of minutes, for a test that kills it."""

from datetime import timedelta

from threefold.cli import main
from threefold.mail import carriers, claims, courier

carriers.COMMAND_SECONDS = 1.0
carriers.DATA_SECONDS = 1.5
carriers.LETTER_SECONDS = 3.0
claims.LEASE = timedelta(seconds=8)
courier.BACK_OFF = tuple(min(wait / 240, timedelta(seconds=2)) for wait in courier.BACK_OFF)
courier.LOOK_EVERY_SECONDS = 0.1
courier.REST_SECONDS = 0.3
courier.HELD_SECONDS = (0.3,)

if __name__ == "__main__":
    main(["work"])
