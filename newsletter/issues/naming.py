"""What an issue is called, and where the desk shows it: a digest has a number below zero."""


def called(number: int) -> str:
    """Return the name of an issue or a digest in a sentence: “issue 42”, “digest 3”."""
    return f"issue {number}" if number > 0 else f"digest {-number}"


def titled(number: int) -> str:
    """Return the same to begin a sentence."""
    return called(number).capitalize()


def desk_path(number: int) -> str:
    """Return where the desk shows it."""
    return f"/desk/issues/{number}" if number > 0 else f"/desk/digests/{-number}"
