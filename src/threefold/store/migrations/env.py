"""Run by Alembic: revisions on the connection that `threefold.store.migrations` has opened and locked."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from threefold.store.columns import Json, UtcDateTime
from threefold.store.tables import metadata


def in_our_words(_kind: str, thing: Any, drawing: AutogenContext) -> str | Literal[False]:
    """How a new revision writes our own column types; False leaves the rest to Alembic."""
    if not isinstance(thing, (Json, UtcDateTime)):
        return False
    name = type(thing).__name__
    drawing.imports.add(f"from threefold.store.columns import {name}")
    return f"{name}()"


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite rebuilds a table to change it
    render_item=in_our_words,
    transactional_ddl=True,  # SQLite can as well, once the driver leaves BEGIN to us
    compare_server_default=True,
)
with context.begin_transaction():
    context.run_migrations()
