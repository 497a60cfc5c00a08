"""`python -m virtualq_core.cli`: the same as `virtualq`, for a checkout that is not installed."""

from virtualq_core.cli import main

main()
