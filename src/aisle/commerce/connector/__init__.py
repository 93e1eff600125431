"""What Aisle tells a retailer's own systems: settled purchases by the ordering connector, and signed webhooks.

In come settled visits, or the bytes a peer posted; out go messages, typed faults with their place in the document, and
answers that say whether to try again. It keeps nothing and decides no retries; `visits` does. May import `store` and
`commerce.money`.
"""
