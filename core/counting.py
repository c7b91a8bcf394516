"""Where the counters of this process stand, for every package that counts; ``agent_ui/health`` shows them."""

from typing import Final

from prometheus_client import CollectorRegistry

REGISTRY: Final = CollectorRegistry()
