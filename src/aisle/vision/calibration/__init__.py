"""Where a camera hangs and what its lens does, from pictures of boards, tags and known places on the floor.

In come pictures and measured places (`boards`, `places`); out go a lens with its standard deviations (`lens`), a pose
with its covariance (`pose`, from the first guesses of `guess`), how far off that leaves a place on the floor
(`quality`).  May import `sensing`, `store`, cv2 and scipy.
"""
