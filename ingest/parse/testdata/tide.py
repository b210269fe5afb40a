"""Tides."""
import math

RANGE = 4.5


# Height in metres.
def height(h):
    x = h / 12.42

    return RANGE / 2 * math.cos(x * 2 * math.pi)


class Port:
    def __init__(self, name):
        self.name = name
