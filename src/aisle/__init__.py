"""Aisle: autonomous checkout as open software.

A shop's sensor readings go in, receipts with probabilities come out. The rooms, from the shop as data (`store`) up to
the command line (`cli`), and who may import whom, are described in `docs/architecture.md`.
"""

__version__ = "0.1.0"
