"""Bring .venv to what a lock file describes, and do nothing when it is there already.

Runs under the interpreter that was asked for, before anything is installed:
the standard library is all it has. `python scripts/setup.py requirements.lock`
"""

import fcntl
import hashlib
import importlib.util
import os
import subprocess
import sys
import venv
from pathlib import Path

# In the syntax of Python 3.6, so that an older interpreter says a sentence and no syntax error.
if sys.version_info < (3, 11):  # noqa: UP036 - this is the check that the rule takes for granted.
    sys.exit(
        f"Python 3.11 or newer is needed, and {sys.executable} is {sys.version.split()[0]}. "
        "Name another one, for example: make run PYTHON=python3.13"
    )

VENV = Path(".venv")
VENV_PYTHON = VENV / "bin" / "python"
STAMP = VENV / "installed.txt"
BUILD_LOCK = "requirements-build.lock"

# A lock that is made on top of another one holds all of it: `make check` watches over that.
HOLDS = {
    "requirements.lock": ["requirements.lock"],
    "requirements-dev.lock": ["requirements-dev.lock", "requirements.lock"],
    "requirements-services.lock": [
        "requirements-services.lock",
        "requirements-dev.lock",
        "requirements.lock",
    ],
}

# What a person may have set to reach a package index. Everything else (a target folder,
# constraints, --user) would change what is installed or where, and is left out.
PIP_SETTINGS_KEPT = {
    *("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX"),
    *("PIP_CERT", "PIP_CLIENT_CERT", "PIP_TRUSTED_HOST", "PIP_KEYRING_PROVIDER", "PIP_PROXY"),
    *("PIP_CACHE_DIR", "PIP_NO_CACHE_DIR", "PIP_CONFIG_FILE"),
    *("PIP_DEFAULT_TIMEOUT", "PIP_TIMEOUT", "PIP_RETRIES"),
}


def main(lock: str) -> None:
    """Install `lock` into .venv, unless the stamp says that it is there."""
    os.chdir(Path(__file__).resolve().parent.parent)
    with open("Makefile", encoding="utf-8") as gate:
        # Two targets started at once on a clean clone must not build one environment together.
        fcntl.flock(gate, fcntl.LOCK_EX)
        installed = _read_stamp()
        usable = VENV_PYTHON.exists() and installed.get("python") == _this_python()
        if usable and installed.get(lock) == _digest(lock):
            return
        _refuse_without_venv()
        if not (usable and _may_grow(installed, lock)):
            _say("Making a virtual environment in .venv")
            _make_venv()
        _write_stamp([])
        _say(f"Installing {lock} into .venv: half a minute, less when pip has it cached")
        _pip_install("-r", BUILD_LOCK)
        # These are published as source only; the build lock just brought what builds them.
        _pip_install("--no-build-isolation", "--no-binary", "flask-principal,dkimpy", "-r", lock)
        # As the last act, so that an interrupted installation is not taken for a whole one.
        _write_stamp(HOLDS[lock])


def _read_stamp() -> dict[str, str]:
    if not STAMP.exists():
        return {}
    return dict(
        line.split(" ", 1) for line in STAMP.read_text(encoding="utf-8").splitlines() if " " in line
    )


def _write_stamp(locks: list[str]) -> None:
    lines = [f"python {_this_python()}", *(f"{name} {_digest(name)}" for name in locks)]
    fresh = STAMP.with_suffix(".new")
    fresh.write_text("\n".join(lines) + "\n", encoding="utf-8")
    fresh.replace(STAMP)


def _digest(lock: str) -> str:
    return hashlib.sha256(Path(BUILD_LOCK).read_bytes() + Path(lock).read_bytes()).hexdigest()


def _may_grow(installed: dict[str, str], lock: str) -> bool:
    """Whether installing over what is there leaves nothing behind of an older lock."""
    locks = installed.keys() & HOLDS.keys()
    return lock not in locks and all(installed[name] == _digest(name) for name in locks)


def _this_python() -> str:
    return f"{sys.version.split()[0]} {sys.base_prefix}"


def _refuse_without_venv() -> None:
    if importlib.util.find_spec("ensurepip"):
        return
    sys.exit(
        f"{sys.executable} comes without venv. On Debian or Ubuntu: apt-get install python3-venv "
        f"(or python{sys.version_info.major}.{sys.version_info.minor}-venv); then run make again."
    )


def _make_venv() -> None:
    """Make .venv in this very process: `python -m venv` answers Ctrl-C with a traceback."""
    try:
        STAMP.unlink(missing_ok=True)
        venv.create(VENV, clear=True, symlinks=True, with_pip=True)
    except (OSError, subprocess.CalledProcessError) as exc:
        said = getattr(exc, "output", None) or b""
        sys.exit(f"The virtual environment could not be made: {exc}\n{said.decode()}".rstrip())


def _pip_install(*arguments: str) -> None:
    pip = [str(VENV_PYTHON), "-m", "pip", "--quiet", "--no-input", "--disable-pip-version-check"]
    _run([*pip, "install", "--require-hashes", "--only-binary", ":all:", *arguments])


def _run(command: list[str]) -> None:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))
    }
    kept |= {name: os.environ[name] for name in PIP_SETTINGS_KEPT & os.environ.keys()}
    # A `user = true` in a person's pip.conf would be refused inside a virtual environment; and
    # Debian's pip 23 warns of what later versions do, which nobody at this terminal can change.
    kept |= {"PIP_USER": "0", "PYTHONWARNINGS": "ignore"}
    if subprocess.run(command, env=kept, check=False).returncode:
        sys.exit("That did not work; the lines above say why. Another try goes on from here.")


def _say(sentence: str) -> None:
    print(sentence, flush=True)


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except KeyboardInterrupt:
        sys.exit(130)
