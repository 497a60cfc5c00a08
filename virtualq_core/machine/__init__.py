"""
The meaning of `fsm_schema`: state machines in the format of the npm package javascript-state-machine 3.1.0.

```python
machine = Machine.parse(document)
machine.fire("received", "start")  # "in_progress"
```

`docs/reference/machines.md` is the reference; `rules.toml` beside this file lists what is refused.
"""

from virtualq_core.machine.draft import ANYWHERE, Edge
from virtualq_core.machine.machine import Machine
from virtualq_core.machine.profile import Profile

__all__ = ["ANYWHERE", "Edge", "Machine", "Profile"]
