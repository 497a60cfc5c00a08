"""The plan of one run, as the harness hands it to the process that generates the load: one file, for its eyes only."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from virtualq_core.conformance.traffic.target import Target
from virtualq_core.load.scenario import Scenario, scenario_from

PLAN_VARIABLE = "VIRTUALQ_LOAD_PLAN"
SCENARIO_VARIABLE = "VIRTUALQ_LOAD_SCENARIO"
_FILE = "plan.json"


@dataclass(frozen=True, kw_only=True)
class LoadPlan:
    """
    What is to be done, on what, as whom.

    `folder` is where the journals go; nobody else may look into it, because the plan's `dsn` may hold a password.
    `lifeline` is the read end of a pipe whose other end the harness holds: when that is closed, the harness is gone,
    and so must the load be. So many `processes` share the clients, the arrivals and the pool. `prepares` is whether
    clients may prepare statements, which not every PgBouncer keeps for them.
    """

    dsn: str = field(repr=False)
    subject: str
    scenario: Scenario
    target: Target
    seed: int
    folder: Path
    lifeline: int | None = None
    processes: int = 1
    prepares: bool = True

    def write(self) -> Path:
        """Write the plan into its folder, for this account alone."""
        path = self.folder / _FILE
        document = {
            "dsn": self.dsn,
            "subject": self.subject,
            "scenario": asdict(self.scenario),
            "target": self.target.to_json(),
            "seed": self.seed,
            "folder": str(self.folder),
            "lifeline": self.lifeline,
            "processes": self.processes,
            "prepares": self.prepares,
        }
        path.touch(mode=0o600)
        path.write_text(json.dumps(document), encoding="utf-8")
        return path

    def public(self) -> dict[str, Any]:
        """What a worker elsewhere may know: all but the way to the database, and the places on this machine."""
        return {
            "name": conninfo_to_dict(self.dsn).get("application_name"),
            "subject": self.subject,
            "scenario": asdict(self.scenario),
            "target": self.target.to_json(),
            "seed": self.seed,
            "processes": self.processes,
            "prepares": self.prepares,
        }

    @classmethod
    def from_public(cls, document: dict[str, Any], *, dsn: str, folder: Path) -> Self:
        """What `public` gave, on another machine."""
        return cls(
            dsn=make_conninfo(dsn, application_name=document["name"]),
            subject=document["subject"],
            scenario=scenario_from(document["scenario"], "plan"),
            target=Target.from_json(document["target"]),
            seed=document["seed"],
            folder=folder,
            processes=document["processes"],
            prepares=document["prepares"],
        )

    @classmethod
    def read(cls, path: Path) -> Self:
        """The plan that `write` wrote."""
        document = json.loads(path.read_text(encoding="utf-8"))
        return cls(
            dsn=document["dsn"],
            subject=document["subject"],
            scenario=scenario_from(document["scenario"], path.name),
            target=Target.from_json(document["target"]),
            seed=document["seed"],
            folder=Path(document["folder"]),
            lifeline=document["lifeline"],
            processes=document["processes"],
            prepares=document["prepares"],
        )
