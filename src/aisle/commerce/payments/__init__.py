"""How a visit is paid: one port for payment providers, its adapters, and the ledger's postings.

In come amounts and tokens of cards held by the provider; out go authorisations, captures, refunds and balanced
postings. No card number ever comes here. May import `store` and `commerce.money`.
"""
