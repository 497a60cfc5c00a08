"""
Compare machines drawn at random with npm javascript-state-machine 3.1.0: `python tests/machine/fuzz.py --cases 100000`.

It needs Node and npm, and installs the package into a temporary folder. Compat must read each document as npm does, and
strict what it accepts; what differs must be among `differences.toml`. Exits 1 with the smallest document that is not.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.machine.difference import disagreement, excuses
from tests.machine.generator import Generator
from tests.machine.npm import Npm
from virtualq_core.errors import InvalidMachine
from virtualq_core.machine import Machine

if TYPE_CHECKING:
    from collections.abc import Iterator

SEED = 20
_BATCH = 500
_ROUNDS = 100


@dataclass
class Findings:
    """What a run found: how many npm takes, how many strict takes, which differences are meant, and what is not."""

    cases: int = 0
    accepted: int = 0
    strict: int = 0
    meant: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [f"{self.cases:,} documents: npm takes {self.accepted:,}, the strict profile {self.strict:,}"]
        lines += [f"  {count:,} differ as {key}" for key, count in self.meant.most_common()]
        lines.append(f"{len(self.faults):,} differ otherwise")
        return "\n".join(lines)


def compare(npm: Npm, documents: list[str], findings: Findings) -> None:
    """Compare each document's readings, and note what differs."""
    for document, observed in zip(documents, npm.observe(documents), strict=True):
        findings.cases += 1
        findings.accepted += not observed.get("refused")
        findings.strict += _is_strict(document)
        profiles = disagreement(document, observed)
        if not profiles:
            continue
        excused = [excuses(document, profile) for profile in profiles]
        # An excuse hides no fault: whatever still differs without what excuses it is one.
        if all(excused) and not is_fault(npm, *without_excuse(document)):
            findings.meant.update({key for keys in excused for key in keys})
        else:
            findings.faults.append(document)


def is_fault(npm: Npm, *documents: str) -> bool:
    """Is one of these documents read otherwise than npm reads it, without an excuse?"""
    return any(
        not excuses(document, profile)
        for document, observed in zip(documents, npm.observe(documents), strict=True)
        for profile in disagreement(document, observed)
    )


def without_excuse(document: str) -> list[str]:
    """The documents that are smaller by one thing and that nothing excuses."""
    return [each for each in smaller(document) if not excuses(each, "strict")]


def shrink(npm: Npm, document: str) -> str:
    """The smallest document that is still a fault, as far as taking one thing away at a time leads."""
    for _ in range(_ROUNDS):
        found = next((each for each in sorted(smaller(document), key=len) if is_fault(npm, each)), None)
        if found is None:
            break
        document = found
    return document


def smaller(document: str) -> list[str]:
    """Every document that lacks one key or item of this one, or has a plain name in the place of a longer one."""
    return [json.dumps(each) for each in _smaller(json.loads(document))]


def _smaller(value: Any) -> Iterator[Any]:  # noqa: ANN401 -- any JSON
    if isinstance(value, dict):
        for key in value:
            rest = {other: value[other] for other in value if other != key}
            yield rest
            yield from ({**value, key: each} for each in _smaller(value[key]))
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield value[:place] + value[place + 1 :]
            yield from ([*value[:place], each, *value[place + 1 :]] for each in _smaller(item))
        if len(value) == 1 and not isinstance(value[0], dict):
            yield value[0]
    elif isinstance(value, str) and len(value) > 1:
        yield from ("A", "B")


def _is_strict(document: str) -> bool:
    try:
        Machine.parse(document)
    except InvalidMachine:
        return False
    return True


def main(arguments: list[str] | None = None) -> int:
    """Run it, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=10_000, metavar="N")
    parser.add_argument("--seed", type=int, default=SEED, metavar="S")
    chosen = parser.parse_args(arguments)
    generator, findings, began = Generator(chosen.seed), Findings(), time.monotonic()
    with Npm.run() as npm:
        while findings.cases < chosen.cases:
            wanted = min(_BATCH, chosen.cases - findings.cases)
            compare(npm, [generator.document() for _ in range(wanted)], findings)
            sys.stderr.write(f"\r{findings.cases:,}, {time.monotonic() - began:.0f} s")
        sys.stderr.write("\n")
        smallest = min((shrink(npm, each) for each in sorted(findings.faults, key=len)[:5]), key=len, default=None)
    sys.stdout.write(f"{findings}\n")
    if smallest is not None:
        sys.stdout.write(f"the smallest, of seed {chosen.seed}: {smallest}\n")
    return 0 if smallest is None else 1


if __name__ == "__main__":
    sys.exit(main())
