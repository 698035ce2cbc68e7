"""One error for bad input: it lists every fault at once, each with its place and its fix."""


class InputError(ValueError):
    """Bad input, with all its faults in `.faults` (a list of sentences)."""

    def __init__(self, what: str, faults: list[str]):
        self.what, self.faults = what, list(faults)
        count = f"{len(self.faults)} fault" + ("s" if len(self.faults) != 1 else "")
        super().__init__(f"{what}: {count}\n" + "\n".join(f"  - {fault}" for fault in self.faults))

    def __reduce__(self):
        return type(self), (self.what, self.faults)  # so that it comes whole out of another process


def refuse(what: str, faults: list[str]) -> None:
    """Raise InputError when `faults` is not empty.

    Collect the faults of one input in a list, then call this once, so that the reader sees all of them.
    """
    if faults:
        raise InputError(what, faults)
