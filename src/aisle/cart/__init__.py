"""The smart cart: what was shown, seen and weighed becomes a receipt as the cart rolls; the lane takes the payment.

In come readings of the cart's devices (`sensing.cart`); out go the trip's state for its screen (`trip.py`), prompts,
and at the lane one purchase, merged exactly once.  `session.py` composes `sensing`, `scales`, `vision` and `belief` for
one trip; the rest of the room is what a cart needs around it.  May import everything below it in the house, but
neither `walkout` nor `simulation`, which stand beside it.
"""
