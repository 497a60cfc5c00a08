"""The rules of both profiles as data: `rules.toml`, read when the first rule is broken."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from virtualq_core.errors import Problem


@dataclass(frozen=True)
class Example:
    """A document that breaks one rule and no other, or that earns one warning."""

    document: str
    path: str
    said: str
    compat: bool
    """Does the compat profile refuse it, too?"""
    jsonb: bool
    """Does the fault survive in a `jsonb` value?"""
    also: tuple[str, ...]
    """Keys of further warnings that come along."""


@dataclass(frozen=True)
class Rule:
    """One rule: its stable key, its sentence with braces to fill in, and what goes wrong without it."""

    key: str
    says: str
    why: str
    profiles: frozenset[str]
    examples: tuple[Example, ...]


@cache
def rules() -> dict[str, Rule]:
    """Every rule that refuses a machine, by key."""
    return {rule.key: rule for rule in map(_rule, _read()["rule"])}


@cache
def warnings() -> dict[str, Rule]:
    """Every rule that only warns, by key."""
    return {rule.key: rule for rule in map(_rule, _read()["warning"])}


def problem(key: str, path: str, **names: str) -> Problem:
    """The broken rule `key` at `path`, its sentence filled in with `names`."""
    rule = rules().get(key) or warnings()[key]
    return Problem(path=path, rule=rule.says.format_map(names), key=key)


@cache
def _read() -> dict[str, list[dict[str, Any]]]:
    return tomllib.loads(Path(__file__).with_name("rules.toml").read_text(encoding="utf-8"))


def _rule(entry: dict[str, Any]) -> Rule:
    return Rule(
        key=entry["key"],
        says=entry["says"],
        why=entry["why"],
        profiles=frozenset([entry["only"]] if "only" in entry else ["strict", "compat"]),
        examples=tuple(
            Example(
                document=example["document"],
                path=example["path"],
                said=example.get("said", entry["says"]),
                compat=example.get("compat", False),
                jsonb=example.get("jsonb", True),
                also=tuple(example.get("also", ())),
            )
            for example in entry.get("breaks", entry.get("shows", ()))
        ),
    )
