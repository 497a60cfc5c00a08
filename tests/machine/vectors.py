"""
Record what npm javascript-state-machine 3.1.0 does: `python tests/machine/vectors.py` rewrites `vectors.jsonl`.

What of it a ticket type accepts is in the conformance suite as well, in `conformance/npm_machines.jsonl`.

It needs Node and npm, and installs the package into a temporary folder. The ordinary tests only read the record: the
documents of `table.toml`, and random ones.
"""

from __future__ import annotations

import json
import random
import tomllib
from pathlib import Path
from typing import Any

from tests.machine.difference import disagreement
from tests.machine.npm import Npm
from virtualq_core import content
from virtualq_core.errors import InvalidMachine
from virtualq_core.machine import Machine

HERE = Path(__file__).parent
SEED = 20
RANDOM_DOCUMENTS = 300

STATES = ["A", "B", "C", "none", "*", "idle", "a b", "invalidTransition", "transition", "state"]
NAMES = [
    "go",
    "back",
    "init",
    "foo-bar",
    "fooBar",
    "toString",
    "__proto__",
    "*",
    "onLeaveA",
    "on-enter-b",
    "onBeforeGo",
]
NOT_NAMES: list[Any] = ["state", "_", "", None, 5]
NOT_SOURCES: list[Any] = [None, "", 0, False, [], ["*"], 1, True, {}, [None], [""]]
NOT_TARGETS: list[Any] = [None, "", 0, False, [], {}, 1, True, ["Z"]]
NOT_INITS: list[Any] = [None, "", {}, [], ["A"], 5, True, False, 0]


def draw(random_: random.Random) -> dict[str, Any]:
    """A document that is a machine more often than not, and breaks a rule now and then."""

    def one(good: list[Any], bad: list[Any], share: float = 0.04) -> Any:  # noqa: ANN401 - any JSON
        return random_.choice(bad if random_.random() < share else good)

    def edge() -> dict[str, Any]:
        sources: Any = [one(STATES, [""], 0.01) for _ in range(random_.randint(1, 3))]
        sources = one([sources, *STATES], NOT_SOURCES)
        entry = {"name": one(NAMES, NOT_NAMES), "from": sources, "to": one(STATES, NOT_TARGETS)}
        return {key: value for key, value in entry.items() if random_.random() < 0.97}

    inits = [*STATES, {"to": one(STATES, NOT_TARGETS)}, {"name": one(NAMES, NOT_NAMES), "to": one(STATES, NOT_TARGETS)}]
    inits.append({"from": one(STATES, NOT_SOURCES), "to": one(STATES, NOT_TARGETS)})
    return {"init": one(inits, NOT_INITS), "transitions": [edge() for _ in range(random_.randint(0, 5))]}


def main() -> None:
    """Rewrite the record."""
    table = tomllib.loads((HERE / "table.toml").read_text(encoding="utf-8"))
    documents = [document for row in table["row"] for document in row["documents"]]
    random_ = random.Random(SEED)
    drawn = [json.dumps(draw(random_)) for _ in range(RANDOM_DOCUMENTS)]
    with Npm.run() as npm:
        observed = npm.observe([*documents, *drawn])
    lines = [
        json.dumps({"document": document, "npm": seen}, ensure_ascii=False)
        for document, seen in zip([*documents, *drawn], observed, strict=True)
    ]
    (HERE / "vectors.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (content.folder("conformance") / "npm_machines.jsonl").write_text(
        "".join(f"{line}\n" for line in lines if is_sound(json.loads(line))), encoding="utf-8"
    )


def is_sound(vector: dict[str, Any]) -> bool:
    """Is it a machine that a ticket type accepts, and that npm reads in the same way?"""
    try:
        Machine.parse(vector["document"])
    except InvalidMachine:
        return False
    return not disagreement(vector["document"], vector["npm"])


if __name__ == "__main__":
    main()
