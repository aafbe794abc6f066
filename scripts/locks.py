"""Write the lock files, and check without a network that they belong to their .in files.

`make lock` runs `locks.py write`, `make check` runs `locks.py check`.
"""

import hashlib
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UV = "uv==0.13.8"
UV_VENV = ROOT / "build" / "uv"

# Each one after those that it is made on top of: their versions bind it, so that a lock holds
# the lower one whole and the tests run on what is installed at run time.
LOCKS = {
    "requirements-build": [],
    "requirements": [],
    "requirements-dev": ["requirements"],
    "requirements-services": ["requirements", "requirements-dev"],
}
MADE_FROM = "# Made from the requirements with this SHA-256: "


def main(verb: str, upgrade: str = "yes") -> None:
    """Do what `verb` says; exit with the findings, one a line, when there are any."""
    if verb == "write":
        _write_all(upgrade=upgrade != "no")
    findings = [finding for name in LOCKS for finding in _findings(name)]
    if findings:
        sys.exit("\n".join(findings))
    print(f"{len(LOCKS)} lock files belong to their .in files, agree and name no address.")


def _write_all(*, upgrade: bool) -> None:
    _run([sys.executable, "-m", "venv", "--clear", str(UV_VENV)])
    _run([str(UV_VENV / "bin" / "python"), "-m", "pip", "install", "--quiet", UV])
    for name, lower in LOCKS.items():
        _write(name, lower, upgrade=upgrade)


def _write(name: str, lower: list[str], *, upgrade: bool) -> None:
    """Resolve one lock for every Python from 3.11 on, and note what it was made from."""
    _run(
        [
            *(str(UV_VENV / "bin" / "uv"), "--quiet", "pip", "compile", f"{name}.in"),
            *("--output-file", f"{name}.lock"),
            *("--universal", "--python-version", "3.11", "--generate-hashes", "--no-annotate"),
            # A lock with an address in it would work beside one package index only.
            *("--no-emit-index-url", "--no-emit-find-links"),
            *("--custom-compile-command", "make lock"),
            *(argument for lock in lower for argument in ("--constraints", f"{lock}.lock")),
            *(["--upgrade"] if upgrade else []),
        ]
    )
    path = ROOT / f"{name}.lock"
    path.write_text(f"{MADE_FROM}{_digest(name)}\n{path.read_text('utf-8')}", encoding="utf-8")


def _findings(name: str) -> list[str]:
    path = ROOT / f"{name}.lock"
    if not path.exists():
        return [f"{path.name} is missing: run make lock."]
    text = path.read_text("utf-8")
    findings = []
    if f"{MADE_FROM}{_digest(name)}\n" not in text:
        findings.append(f"{path.name} was not made from {name}.in as it is now: run make lock.")
    if "://" in text:
        findings.append(f"{path.name} holds an address: run make lock.")
    pins = _pins(text)
    for lower in LOCKS[name]:
        below = _pins((ROOT / f"{lower}.lock").read_text("utf-8"))
        if lost := sorted(below - pins):
            findings.append(f"{path.name} lacks {', '.join(lost)} of {lower}.lock: run make lock.")
    return findings


def _pins(lock: str) -> set[str]:
    """Return each `name==version` line of a lock, with its marker, without its hashes."""
    return {line.rstrip(" \\") for line in lock.splitlines() if re.match(r"[A-Za-z0-9]", line)}


def _digest(name: str) -> str:
    return hashlib.sha256("\n".join(_requirements(f"{name}.in")).encode()).hexdigest()


def _requirements(file: str) -> list[str]:
    """Return what a .in file and those that it includes ask for; comments may change freely."""
    found = []
    for raw in (ROOT / file).read_text("utf-8").splitlines():
        line = re.sub(r"(^|\s)#.*", "", raw).strip()
        if line.startswith("-r "):
            found += _requirements(line[3:].strip())
        elif line:
            found.append(line)
    return found


def _run(command: list[str]) -> None:
    if subprocess.run(command, cwd=ROOT, check=False).returncode:
        sys.exit("That did not work; the lines above say why.")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
