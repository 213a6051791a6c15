"""How many examples a property that plans looks at: a handful every day, the rest where everything is run."""

from hypothesis import settings


def some(everyday: int, thorough: int) -> settings:
    """Settings for one property; the profile is chosen before the tests are read."""
    return settings(max_examples=thorough if settings.get_current_profile_name() == "thorough" else everyday)
