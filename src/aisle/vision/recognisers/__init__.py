"""Which product a picture shows, or that it is none the shop knows: open-set, with honest odds.

An `Embedding` turns crops into unit vectors; a `Gallery` holds those of the store's product pictures; the `Recogniser`
weighs a crop against all of them and against "something else".  May import the contracts of `vision`,
`vision.detectors.sessions` to open networks, and `store`.
"""
