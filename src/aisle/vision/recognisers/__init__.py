"""Which product a picture shows, or that it is none the shop knows: open-set, with honest odds.

An `Embedding` turns crops into unit vectors, by any network in a file with its card; a `Gallery` holds those of the
store's product pictures; the `Recogniser` weighs a crop against all of them and against "something else".  Folders of
models and of pictures are read here too.  May import the contracts of `vision`, `vision.detectors.sessions` to open
networks, `sensing` and `store`.
"""
