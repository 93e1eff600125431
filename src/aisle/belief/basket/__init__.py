"""What lies in a cart's basket, and how sure that is: scans, looks, taps and one load cell, judged together.

The shop is an endless shelf, the basket the one plate, and there is one shopper.  In come showings of goods
(`evidence.py`) and levels of the cell (`scales.basket`); out go hypotheses over what went in and out at each change
(`engine.py`) and their sum (`summary.py`).  Log space, a bounded beam, nothing random.  May import `scales` and
`store`.
"""
