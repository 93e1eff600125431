"""What each of the shopper network's output channels means: shared by the detector and by those who train it."""

from __future__ import annotations

from typing import Final

SIZE_PX: Final = (384, 224)
"""Width and height of the input; pictures are scaled to fit and padded right and below."""
STRIDE: Final = 4
"""Input pixels per output cell."""
UNIT_PX: Final = 32.0
"""Vectors are told in units of this many input pixels."""
HEAD, HAND = 0, 1
"""Logits: the middle of a head, a wrist, is in this cell."""
HEAD_OFFSET: Final = slice(2, 4)
"""Of the head from the middle of its cell, in cells (x, y)."""
BOX: Final = slice(4, 8)
"""From the head to the left, upper, right and lower edge of the body's visible box (units)."""
FEET, FEET_SPREAD = slice(8, 10), 10
"""From the head to the point on the floor under the body (units), and the log of its Laplace spread."""
HAND_OFFSET, OWNER, HOLDING = slice(11, 13), slice(13, 15), 15
"""Of the wrist from the middle of its cell (cells); from the wrist to its owner's head (units); logit of holding."""
CHANNELS: Final = 16
