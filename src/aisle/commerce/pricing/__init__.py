"""What a basket costs: prices at the right moment, the best promotions for the customer, deposits, tax, savings.

In come a `Basket` and the store's offers; out comes a `PricedBasket` whose lines add up to its total, with every
reduction allocated and stored, and hints at what one more item would save. Pure functions of their arguments.
May import `store` and `commerce.money`.
"""
