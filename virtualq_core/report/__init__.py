"""
What a check found, as a file and as people and machines read it.

`results` holds the types, `document` the file with its schema, and `console`, `html`, `junit` and `github` the forms.
"""

from virtualq_core.report.publish import Written, render_console, write_reports
from virtualq_core.report.publish import annotation_lines as annotations

__all__ = ["Written", "annotations", "render_console", "write_reports"]
