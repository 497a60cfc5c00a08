"""A subject in a Python file that no package has to be made of."""

from __future__ import annotations

import sys
from hashlib import sha256
from importlib.util import module_from_spec, spec_from_file_location
from typing import TYPE_CHECKING

from virtualq_core.errors import UsageError
from virtualq_core.subjects.protocol import Subject

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

_ATTRIBUTE = "subject"
_EXPECTED = f"a module attribute '{_ATTRIBUTE}' with a name and open(dsn, *, role)"


def load_subject(path: Path) -> Subject:
    """
    The object `subject` of a Python file.

    Raises:
        UsageError: there is no such file, it does not run, or it holds no subject.
    """
    if not path.is_file():
        raise UsageError(f"there is no file {path}", expected="a subject's name, or the path of a Python file")
    found = getattr(_run(path), _ATTRIBUTE, None)
    if found is None:
        raise UsageError(f"{path} holds no subject", expected=_EXPECTED)
    if isinstance(found, type) or not isinstance(found, Subject):
        kind = f"the class {found.__name__}" if isinstance(found, type) else f"a {type(found).__name__}"
        raise UsageError(f"the subject of {path} is none", observed=kind, expected=_EXPECTED)
    return found


def _run(path: Path) -> ModuleType:
    place = path.resolve()
    # Its dataclasses look their module up by name; two files of one name in two folders are two modules.
    name = f"virtualq_subject_{place.stem}_{sha256(str(place).encode()).hexdigest()[:8]}"
    spec = spec_from_file_location(name, place)
    if spec is None or spec.loader is None:
        raise UsageError(f"{path} is no Python file")
    module = sys.modules[name] = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise UsageError(f"{path} does not run", observed=f"{type(error).__name__}: {error}") from error
    return module
