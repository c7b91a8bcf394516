"""Alembic's entry: runs the history on the connection that ``sampark.runtime.migrate`` hands over."""

from alembic import context

from automation import models as _automation
from channels import models as _channels
from channels.chat import models as _chat
from core import brands as _brands
from core import events as _events
from core import options as _options
from core import search_models as _search
from core import timers as _timers
from core.base import Base
from customers import models as _customers
from knowledge_base import models as _knowledge_base
from products import models as _products
from routing import models as _routing
from routing import presence_models as _presence
from staff import models as _staff
from tickets import models as _tickets

MODELS = (
    _automation,
    _brands,
    _channels,
    _chat,
    _customers,
    _events,
    _knowledge_base,
    _products,
    _options,
    _presence,
    _routing,
    _search,
    _staff,
    _tickets,
    _timers,
)


def include_name(name: str | None, kind: str, _parents: object) -> bool:
    """Only our own schema: pgqueuer keeps its tables in another."""
    return not (kind == "schema" and name is not None)


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    include_name=include_name,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
