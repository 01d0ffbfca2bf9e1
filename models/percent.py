"""Shares in words."""


def percent(share: float, digits: int = 0) -> str:
    """A share with so many digits after the point: 39.9 %."""
    return f"{share * 100:.{digits}f} %"
