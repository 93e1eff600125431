"""Evidence in, who has what and how sure: the heart.

Comes in: episodes of weight change (`scales`), people with heads and hands on
the floor (`sensing` tracks), what the shop knows beforehand (`store`), later
scans, sightings and answers.  Goes out: for each shopper the posterior over
baskets, the explanations of each event with their odds, and the question whose
answer would help most.  Knows nothing of money.  May import `scales`, `vision`,
`sensing` and `store`.
"""
