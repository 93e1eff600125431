"""Weight samples in, weight changes out.

Comes in: regular blocks of plate samples (`ChangeDetector.feed`), any number of
plates at once.  Goes out: `Episode`s: for a few neighbouring plates of one
shelf, the plateaus on which their weight settled, with grams and standard
deviations, so that whoever weighs the evidence can decide which plateaus were
real and which were a hand resting.  Knows nothing of products, people or
money.  May import `sensing` and `store`.
"""
