"""The practice scenes that ship, as data: see `core.vignette` for what they hold."""
