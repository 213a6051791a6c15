"""What every test can ask for."""

from hypothesis import settings

pytest_plugins = ["tests.databases", "tests.house", "tests.browser.running"]

# No deadline: tests never time anything. Derandomised, so that a run says the same everywhere.
settings.register_profile("threefold", deadline=None, derandomize=True, max_examples=20)
settings.register_profile("thorough", deadline=None, derandomize=True, max_examples=300)
settings.load_profile("threefold")
