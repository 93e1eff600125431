"""The shop as data.

This room holds what the shop *is*: products, floor, gondolas, shelves, plates, facings, cameras, gates, offers and
house rules. In comes a store folder (TOML and CSV a shopkeeper edits); out goes one frozen `model.Store`, or a report
of everything wrong with the folder. It knows no device, no shopper and no money beyond a price tag, and imports nothing
from the rest of Aisle.
"""
