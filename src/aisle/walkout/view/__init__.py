"""One picture of the shop at one moment: cameras with people in them, the floor plan, baskets and how sure they are.

In comes a `Moment` (`moment`), gathered from a running replay by `watching`; out goes a picture (`composition.compose`,
pure: the same moment, the same bytes), written as a file or an animation by `files`.  `canvas` and `theme` are the pen
and the colours; `floor_plan`, `camera_panel`, `baskets` and `side_panels` draw their parts.  May import what `walkout`
may, and cv2.
"""
