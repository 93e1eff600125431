"""From what single cameras saw of people to who is where: on the floor plan, or in one picture.

In come `seen.PeopleSeen` per camera and moment; out go people with ids that last, positions, heads and wrists in
metres with their covariance, and how sure all of it is: `FloorTracker` for calibrated cameras together, `ImageTracker`
for one camera nobody calibrated.  May import `store`, `sensing` and the rest of `vision`, never a detector by name.
"""
