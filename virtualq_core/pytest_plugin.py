"""
VirtualQ's pytest plugin: every suite gets its fixtures, options and markers from here.

pytest loads it in each of its runs where the package is installed, so it imports nothing but the modules of fixtures,
and these import what they need when a fixture is asked for.
"""

pytest_plugins = [
    "virtualq_core.fix_server",
    "virtualq_core.fix_subject",
    "virtualq_core.fix_requirement",
    "virtualq_core.fix_dataset",
    "virtualq_core.fix_crash",
    "virtualq_core.fix_interleaving",
]
