"""Tests of the package itself; their fixtures come from the package's pytest plugin."""

from __future__ import annotations

import signal
from importlib.metadata import entry_points

# In a checkout that is not installed, the plugin has no entry point yet.
_INSTALLED = any(entry.value == "virtualq_core.pytest_plugin" for entry in entry_points(group="pytest11"))
pytest_plugins = [] if _INSTALLED else ["virtualq_core.pytest_plugin"]


# A shell starts what runs in its background deaf to Ctrl-C, and so would be the processes that tests interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
