"""Intervals of shares, where the number of independent leads says how sure they are."""

Z = 1.959963984540054


def wilson(rate: float, leads: int) -> tuple[float, float]:
    """The 95 % interval of a share observed on so many leads (E. Wilson, JASA 22, 1927); 0 to 1 without any."""
    if leads <= 0:
        return 0.0, 1.0
    middle = (rate + Z**2 / (2 * leads)) / (1 + Z**2 / leads)
    spread = Z * (rate * (1 - rate) / leads + Z**2 / (4 * leads**2)) ** 0.5 / (1 + Z**2 / leads)
    return max(middle - spread, 0.0), min(middle + spread, 1.0)
