"""The life of a visit: enter, take, put back, leave, settle, dispute; and the journal that forgets nothing.

In come entries, baskets with their odds, answers and payment results; out go journal entries, projections (baskets,
receipts, balances) and effects in an outbox. A crash at any point loses nothing and charges nobody twice.
May import `commerce`, `belief`, `store` and what stands below.
"""
