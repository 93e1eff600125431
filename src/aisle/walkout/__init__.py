"""The walk-out store: what gates, ceiling cameras and shelf plates saw, turned into receipts.

In come recordings (`sensing`); out go receipts with probabilities, the events behind them and the health of the
sensors, printed for people (`printout`, `evidence`) or programs (`json_out`).  `replay` composes `sensing`, `scales`
and `belief`; `completeness` says whose receipt a sensor's fault puts in doubt; `command` is `aisle replay`.  This room
may import everything below it in the house, but neither `cart` nor `simulation`, which stand beside it.
"""
