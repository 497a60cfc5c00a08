"""Tests of the package itself; their fixtures come from the package's pytest plugin."""

from __future__ import annotations

from importlib.metadata import entry_points

# In a checkout that is not installed, the plugin has no entry point yet.
_INSTALLED = any(entry.value == "virtualq_core.pytest_plugin" for entry in entry_points(group="pytest11"))
pytest_plugins = [] if _INSTALLED else ["virtualq_core.pytest_plugin"]
