"""A user's own workload: a factory in a Python file, run in this process.

This executes the file. Only the person who starts the program may name one; the app never takes
a path from a browser.
"""

import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from types import ModuleType

from analysis.errors import AnalysisError, UnknownWorkloadError, WorkloadError
from analysis.workloads.workload import Workload


def is_case_source(source: str) -> bool:
    """Whether the text has the form ``path.py:factory``."""
    path, colon, _ = source.rpartition(":")
    return bool(colon) and path.endswith(".py")


def load_case(source: str) -> Workload:
    """Import the file, call the factory, and note where the workload came from.

    Args:
        source: ``path.py:factory``; a relative path starts at the current folder.

    Raises:
        UnknownWorkloadError: there is no such file or factory.
        WorkloadError: the file or the factory fails, or returns something else.
    """
    made, place = call_factory(source)
    if not isinstance(made, Workload):
        raise WorkloadError(
            f"{place.name} in {place.file.name} must return a Workload, not {type(made).__name__}; "
            "end it with return analysis.Workload(…)."
        )
    return replace(made, source=f"{place.file}:{place.name}")


@dataclass(frozen=True, slots=True)
class FactoryPlace:
    """Where a factory stands."""

    file: Path
    name: str


def call_factory(source: str) -> tuple[object, FactoryPlace]:
    """Import the file and call the factory.

    Args:
        source: ``path.py:factory``; a relative path starts at the current folder.

    Raises:
        UnknownWorkloadError: there is no such file or factory.
        WorkloadError: the file or the factory fails.
    """
    path, _, name = source.rpartition(":")
    file = Path(path).expanduser().resolve()
    if not file.is_file():
        raise UnknownWorkloadError(
            f"A factory must lie in a file that exists; there is no {str(file)!r}. "
            "Check the path, or start from its folder."
        )
    with _folder_on_path(file.parent):
        factory = _factory(_import(file), file, name)
        with _one_sentence(file):
            return factory(), FactoryPlace(file, name)


@contextmanager
def _folder_on_path(folder: Path) -> Iterator[None]:
    """The file may import its neighbours."""
    entry = str(folder)
    sys.path.insert(0, entry)
    try:
        yield
    finally:
        sys.path.remove(entry)


def _import(file: Path) -> ModuleType:
    """The file as a module of a name of its own; it is run again each time."""
    name = f"quantscope_case_{sha256(str(file).encode()).hexdigest()[:16]}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise WorkloadError(f"{file.name} cannot be imported as a Python module.")
    module = importlib.util.module_from_spec(spec)
    # dataclasses and pickles of the file's classes look it up here
    sys.modules[name] = module
    try:
        with _one_sentence(file):
            spec.loader.exec_module(module)
    except AnalysisError:
        del sys.modules[name]
        raise
    return module


def _factory(module: ModuleType, file: Path, name: str) -> Callable[[], object]:
    factory = getattr(module, name, None)
    if not callable(factory):
        own = [
            key
            for key, value in vars(module).items()
            if inspect.isfunction(value) and value.__module__ == module.__name__
        ]
        raise UnknownWorkloadError(
            f"{file.name} has no function {name!r:.60}; it has {', '.join(own) or 'none'}. "
            f"Name one as {file.name}:make."
        )
    needed = [
        parameter.name
        for parameter in inspect.signature(factory).parameters.values()
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]
    if needed:
        raise WorkloadError(
            f"{name} in {file.name} must take no arguments; it needs {', '.join(needed)}. "
            "Give them defaults."
        )
    made: Callable[[], object] = factory
    return made


@contextmanager
def _one_sentence(file: Path) -> Iterator[None]:
    """Whatever the user's code raises becomes one sentence with its line."""
    try:
        yield
    except AnalysisError:
        raise
    except (Exception, SystemExit) as error:
        first = str(error).strip().partition("\n")[0] or "no message"
        raise WorkloadError(
            f"{file.name} must run without an error; {_place(error, file)} raises "
            f"{type(error).__name__}: {first:.300}"
        ) from error


def _place(error: BaseException, file: Path) -> str:
    """The innermost line of the user's file in the traceback."""
    if isinstance(error, SyntaxError) and error.filename == str(file):
        return f"line {error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame.lineno for frame in frames if frame.filename == str(file)]
    return f"line {own[-1]}" if own else "its import"
