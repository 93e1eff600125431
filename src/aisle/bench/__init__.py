"""The measured claims: how right, how sure and how fast Aisle is, with denominators and intervals.

In come recordings with their truth (or a simulated shop, or synthetic plates) and an engine to judge; out go rows
`{name, on, value, unit, reach, ok}` with 95 % intervals, tables for people, JSON for programs, and two pictures: the
reliability diagram and the review curve.  Figures others published stand beside ours, marked as theirs.  This room
stands near the top of the house: it may import everything below the command line except `web`.
"""
