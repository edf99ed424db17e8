"""A simulated organisation on GitHub: the same arguments give the same deliveries, byte for byte.

It feeds the demonstration, the tests and the benchmarks. `rates` says how often things happen, `life` tells what a
pull request goes through, `world` keeps the clock.
"""

from .delivery import Delivery
from .simulation import simulate

__all__ = ["Delivery", "simulate"]
