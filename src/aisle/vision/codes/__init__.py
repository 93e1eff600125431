"""Codes in camera pictures: reading them, checking what was read against the picture, and believing it.

In come grey pictures; out go `CodeRead`s, one for each code seen (`reader.py`), and from several pictures of one trip
the codes that can be believed (`voting.py`).  What a code means is `store.barcodes`' to say.  May import `store` alone.
"""
