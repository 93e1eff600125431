"""Money: what a basket costs, how it is paid, and the receipt.

In come baskets (goods with the moment they were taken), the store's prices, promotions and taxes, and a payment
provider; out go priced baskets whose parts add up to the unit, payments, ledger postings and receipts. Nothing here
knows of cameras, plates or probability beyond the number printed beside a line, and nothing here keeps state: what must
be remembered is kept by `visits`. May import `store`; everything else is somebody else's room.
"""
