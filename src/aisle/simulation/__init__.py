"""A shop that does not exist.

This room makes recordings whose truth is known: people with shopping lists walk round the gondolas of a store, take,
put back, hand over, lean and crowd, while load cells and a people tracker watch them with all their weaknesses. In
comes a `Store`, a seed and `Dynamics` (how strongly everything trembles, leaks and drops out); out come readings as
devices would have sent them, and the truth, kept apart. It imports `store` and `sensing` only: what it knows must not
leak into what is measured on it.
"""
