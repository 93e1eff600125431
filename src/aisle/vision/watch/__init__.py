"""Who is in the shop, by fixed cameras that nobody calibrated: one outline of the floor per camera is all they need.

In come pictures in order of time, out go people with boxes and identities that hold in one camera and across cameras.
For shops whose cameras are calibrated `vision.tracking` does this on the floor plan; this room is for footage and for
the first hour of a shop.  May import `store`, `sensing` and the rest of `vision` except `tracking`.
"""
