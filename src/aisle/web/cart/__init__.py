"""A cart's own little server: its screen as a page, as JSON and as a stream, and the touches that come back.

In come touches, sign-ins and acts of staff; out go `cart.screen_state` documents and problem documents. It listens on
this machine only unless told otherwise, and knows one cart. May import `cart` and what `web` may; composed by
`bootstrap.carting`.
"""
