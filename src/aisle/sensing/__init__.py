"""What devices say.

The room where the shop's devices are heard: plates, people trackers, later
cameras, scanners and gates.  In come live links and recordings (Aisle's own
MCAP files, foreign AutoCheckout folders and archives); out go `readings` in
order of receipt, with clocks set right, put on one time grid, and health
entries for whatever was wrong.  It interprets nothing: no events, no people's
intentions.  May import `store` only.
"""
