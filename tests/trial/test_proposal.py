"""Proposals as files, the shipped ones among them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from virtualq_core import content
from virtualq_core.errors import UsageError
from virtualq_core.trial import Proposal

if TYPE_CHECKING:
    from pathlib import Path

SHIPPED = sorted((content.folder("benchmarks") / "trials").glob("*.sql"))


def test_a_proposal_says_what_it_is_about(tmp_path: Path) -> None:
    """In the comment at its head, which may state the answer."""
    path = tmp_path / "more.sql"
    path.write_text("-- One index more,\n-- for nothing.\n-- known answer: reject\n\n-- later\ncreate index;\n")

    proposal = Proposal.read(path)

    assert (proposal.name, proposal.about, proposal.known_answer) == ("more", "One index more, for nothing.", "reject")


@pytest.mark.parametrize(
    ("text", "said"),
    [("-- known answer: perhaps\nselect 1;", "accept or reject"), ("-- nothing\n\n", "proposes nothing")],
)
def test_a_proposal_without_sense_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """Before a server is started."""
    path = tmp_path / "wrong.sql"
    path.write_text(text)

    with pytest.raises(UsageError) as raised:
        Proposal.read(path)

    assert said in str(raised.value)


def test_every_shipped_proposal_states_its_answer() -> None:
    """Both kinds of answer are there, and each of the document's four indexes is dropped once."""
    shipped = [Proposal.read(path) for path in SHIPPED]

    assert len(shipped) >= 10
    assert {one.known_answer for one in shipped} == {"accept", "reject"}
    assert all(one.about for one in shipped)
    assert {"drop_queue_state_created", "drop_employee_state", "drop_tenant_via_queue", "drop_custom_data"} <= {
        one.name for one in shipped
    }


def test_the_lean_set_is_the_one_that_is_tried() -> None:
    """Whatever schema/indexes/lean.sql creates, the proposal `lean` creates in the same words."""

    def statements(text: str) -> set[str]:
        plain = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
        return {" ".join(one.split()) for one in plain.split(";") if one.strip()}

    lean = statements((content.folder("schema") / "indexes/lean.sql").read_text(encoding="utf-8"))
    seed = statements((content.folder("schema") / "indexes/seed.sql").read_text(encoding="utf-8"))
    tried = statements((content.folder("benchmarks") / "trials/lean.sql").read_text(encoding="utf-8"))

    dropped = {one.split()[2] for one in seed - lean}
    assert lean - seed <= tried
    assert {f"drop index virtualq.{name}" for name in dropped} <= tried
