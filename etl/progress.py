"""A line on the terminal that says what is being done; nothing in a pipe."""

import sys
import time


class Progress:
    """Show what is being done once the work has taken more than two seconds; one line, rewritten in place."""

    def __init__(self, stream=None, *, patience: float = 2.0):
        self.stream = stream or sys.stderr
        self.started = time.monotonic()
        self.patience = patience
        self.shown = False

    def __call__(self, text: str) -> None:
        """Say what is being done now."""
        elapsed = time.monotonic() - self.started
        if not self.stream.isatty() or elapsed < self.patience:
            return
        self.stream.write(f"\r\033[K{elapsed:5.0f} s  {text} …")
        self.stream.flush()
        self.shown = True

    def close(self) -> None:
        """Clear the line."""
        if self.shown:
            self.stream.write("\r\033[K")
            self.stream.flush()
