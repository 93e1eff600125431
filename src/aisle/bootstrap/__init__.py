"""Puts programs together: which adapters stand behind which ports, and the commands that run a whole shop.

In come a store folder and settings; out comes a shop that works, its API, and what it settles. May import every room;
only `cli` imports it.
"""
