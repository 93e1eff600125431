"""What a scanned or typed code says: a product, a weight, a price, a coupon, a sticker, or nothing this shop can use.

In come a code's text and the symbology it was printed in; out goes one `Meaning` (`meaning.py`), always, whatever the
text: a code that cannot be used is an `UnknownCode` with its reason in plain words, never an exception.  The shop's
own rules (`rules.py`) say how numbers with a weight or price inside are built and what its stickers look like.  Pure
functions of text; may import nothing but `store`.
"""
