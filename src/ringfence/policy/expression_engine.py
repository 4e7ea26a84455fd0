"""The engine that runs expressions, loaded without the shell that its package brings along.

`import cel` loads an interactive shell too: 30 MB and a third of a second for every worker. The engine itself is one
extension module inside the package, which is loaded here by itself, when the first expression is compiled.
"""

import sys
from functools import cache
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from typing import Any, Final, Protocol, cast

_PACKAGE: Final = "cel"
_MODULE: Final = "cel.cel"


class Program(Protocol):
    """A compiled expression."""

    def execute(self, context: dict[str, Any]) -> Any:
        """Return what it comes out as.  Raises whatever the engine raises, its panics (`BaseException`) among it."""
        ...

    def variables(self) -> list[str]:
        """Return the names that it uses."""
        ...


class Engine(Protocol):
    """What is used of the package common-expression-language."""

    def compile(self, expression: str) -> Program:
        """Return a program.  Raises ValueError."""
        ...


@cache
def engine() -> Engine:
    """Return the engine.  Raises ImportError where its package is not installed as it was locked."""
    if _MODULE not in sys.modules:
        package = find_spec(_PACKAGE)
        places = None if package is None else package.submodule_search_locations
        spec = None if places is None else PathFinder.find_spec(_MODULE, places)
        if spec is None or spec.loader is None:
            raise ImportError(f"{_MODULE}: common-expression-language is not installed")
        module = module_from_spec(spec)
        sys.modules[_MODULE] = module
        spec.loader.exec_module(module)
    return cast("Engine", sys.modules[_MODULE])
