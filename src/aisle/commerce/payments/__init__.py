"""How a visit is paid: one port for payment providers, its adapters, and the shop's double-entry books.

In come amounts, priced baskets and tokens of cards held by the provider; out go holds, captures, refunds, notices from
verified webhooks, balanced postings and, each night, every hold on which the books and the provider differ. No card
number ever comes here. May import `store`, `commerce.money` and the priced basket of `commerce.pricing`.
"""
