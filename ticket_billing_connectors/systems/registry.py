"""All systems, by their code."""

from . import znuny
from .base import System

SYSTEMS: dict[str, System] = {system.code: system for system in (znuny.SYSTEM,)}
