"""What people look like as unit vectors: near for pictures of one person, far for two, one file per way to tell.

In come crops of pictures, out go `(n, d)` arrays (`appearance.Looks`).  May import the contracts of `vision` only, and
`vision.detectors.sessions` to open networks.
"""
