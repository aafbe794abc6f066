"""The mutation check: one safeguard taken out of the product, in one process only.

Each weakness leaves mail that meets no fault as it is, so that it is the harness that finds it.
"""


def weaken(name: str) -> None:
    """Take one safeguard out; an empty name takes none."""
    if name:
        raise ValueError(f"there is no weakness {name!r}")
