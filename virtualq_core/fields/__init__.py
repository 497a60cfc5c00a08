r"""
Custom fields: a ticket's `custom_data` held to its type's `custom_fields_schema`, JSON Schema 2020-12.

A schema is written by a tenant and its data by the tenant's customers, so both are held within bounds: nothing is
fetched (a `$ref` points into its own schema), and no schema makes a validation take long.

Patterns run on RE2 (`google-re2`), which matches in time linear in the text. The alternatives are worse: the patterns
that Python's engine runs in linear time cannot be told from the others (nested quantifiers are only the best-known
trap), a time-out gives one answer on a busy machine and another on an idle one, and a cap on the text's length does not
help against a pattern that doubles its time with every character. RE2 also reads `\d` and `$` as ECMA-262 does, and
Python does not. What RE2 lacks, look-around and back-references, is refused when the schema is written.

Everything else that a schema can ask for costs steps, and a validation has `MAX_STEPS` of them.
"""

from virtualq_core.fields.keyword import MAX_STEPS
from virtualq_core.fields.schema import MAX_BYTES, MAX_DEPTH, MAX_PROBLEMS, FieldSchema, parse_json

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_PROBLEMS", "MAX_STEPS", "FieldSchema", "parse_json"]
