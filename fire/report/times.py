"""How long the runs of a report took: for the order of the next ones, and for what is left of them."""

import json
from pathlib import Path

from fire import files


class Times:
    """Seconds that each run took when it ran last, kept in a file; `together`: how many run at once."""

    def __init__(self, path: Path, together: int):
        self.path, self.together, self.now = path, together, {}
        try:
            kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
            self.last = {name: float(seconds) for name, seconds in kept.items()}
        except (ValueError, AttributeError, TypeError):  # damaged
            self.last = {}

    def longest_first(self, runs: list) -> list:
        """The runs in the order that keeps all hands busy to the end; those never timed come first."""
        return sorted(runs, key=lambda run: -self.last.get(run.name, float("inf")))

    def left(self, names) -> str:
        """What is left, in words; empty at the end."""
        if not names:
            return ""
        known = [self.last[name] for name in names if name in self.last]
        about = f"，约 {sum(known) / self.together:.0f} s" if len(known) == len(names) else ""
        return f" · 还剩 {len(names)} 本{about} · {len(names)} left" + about.replace("，约", ", about")

    def took(self, name: str, seconds: float) -> None:
        self.now[name] = seconds
        self.last[name] = round(seconds, 2)
        files.write_text(self.path, json.dumps(self.last))

    def summary(self, whole: float) -> str:
        """The longest runs and the whole, in seconds."""
        longest = sorted(self.now.items(), key=lambda item: -item[1])[:5]
        named = ", ".join(f"{name} {seconds:.0f}" for name, seconds in longest)
        return f"用时 · seconds: {whole:.0f}（{named}）" if named else f"用时 · seconds: {whole:.0f}"
