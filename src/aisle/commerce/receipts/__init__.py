"""The receipt as a document: for the mailbox, for a page, for programs.

In comes a `Receipt`: a priced basket with times, payment and how sure each line was; out go HTML, plain text and JSON,
and the mail that carries them. May import `store`, `commerce.money` and `commerce.pricing`.
"""
