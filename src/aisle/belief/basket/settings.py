"""How the basket's belief weighs what it hears: what is kept, how long things take, how often they happen."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from aisle.belief.basket.moves import MovePriors


@dataclass(frozen=True, slots=True)
class BasketSettings:
    """`beam` hypotheses are kept, none more than `floor` nats below the best; `narrow` bounds the ways followed."""

    beam: int = 24
    floor: float = -10.0
    narrow: float = 10.0
    priors: MovePriors = field(default_factory=MovePriors)
    drift_var: float = 0.004  # g² a second
    creep_share: float = 0.0006  # of the load, after a change
    sight_before_s: float = 6.0  # before a change, what was seen counts
    sight_after_s: float = 1.5
    names_s: float = 25.0  # a code names what went in so long before
    double_s: tuple[float, float, float] = (1.2, 3.0, 6.0)
    double_odds: tuple[float, float, float] = (0.7, 0.35, 0.12)
    load_s: float = 7.0  # loads leave: this is how long they stay
    load_floor: float = -6.0
    pending_s: float = 240.0
    waits_s: tuple[float, float] = (15.0, 50.0)  # what is shown goes in, or it grows unlikely that it was to ...
    waits_nats: float = -3.0
    unnamed_s: tuple[float, float] = (8.0, 25.0)  # ... and what is in gets its name, or is something else
    unnamed_nats: float = -1.4
    mistaken: float = math.log(0.3)  # of things taken for another product by sight, one gets its right name
    own_room_s: float = 1.0
    most_gone: int = 6
