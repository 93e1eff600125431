"""From pictures to people on the floor plan, their hands, and what changed on the shelves.

In come camera frames (`sensing.readings.FrameReading`) and the store's cameras; out go `TrackReading`s (who is where,
heads and hands in metres), changes seen on shelves, and how far each can be believed.  Detectors, trackers, looks and
recognisers stand behind small interfaces, one file per implementation.  May import `sensing` and `store` only; it knows
no baskets and no money.
"""
