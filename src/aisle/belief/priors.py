"""What shoppers and staff do, before anybody looks at the plates: log prior odds and spreads."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Priors:
    """Log prior odds of acts; shares and spreads of weights."""

    take: float = math.log(0.80)
    put: float = math.log(0.20)
    units: tuple[float, ...] = (-0.13, -2.3, -4.2, -5.2, -8.0, -9.5)  # one, two, three ... in one movement
    each_more: float = -1.5  # each further unit
    home: float = math.log(0.75)  # an item put back goes where it came from
    elsewhere: float = math.log(0.25)
    two_products: float = math.log(0.035)  # one movement, two products
    third: float = -1.5  # and a third thing with it
    two_people: float = math.log(0.15)  # two people within one change
    swap: float = math.log(0.008)  # one put, one taken, within one change
    nothing: float = math.log(0.25)
    idle: float = math.log(0.80)  # a hand was at the shelf, nothing was noticed, and nothing had happened
    slid: float = math.log(0.03)
    relabelled: float = math.log(0.05)  # the planogram is wrong here
    unknown: float = math.log(0.0005)  # something the shop does not know
    unseen: float = -7.0  # a person no tracker saw
    stray_again: float = math.log(0.6)  # a stray is as inviting as a facing
    fresh_again: float = math.log(0.25)  # the unit just put down is the next one taken
    of_others: float = math.log(0.01)  # puts back what somebody else took
    restock: float = math.log(0.5)  # staff put goods on a facing
    dropped: float = 0.8  # share of hands at the floor, goods in hand, that leave something there
    spread: float = 0.006  # units of one product differ by this share of their weight ...
    spread_g: float = 0.6  # ... and by this
    rough_spread: float = 0.03  # now and then by much more
    rough_share: float = 0.12

    def of_units(self, k: int) -> float:
        """Log prior of k units of one product in one movement."""
        listed = len(self.units)
        return self.units[k - 1] if k <= listed else self.units[-1] + (k - listed) * self.each_more
