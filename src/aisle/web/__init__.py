"""The shop over HTTP: the API for devices, shoppers, associates and operators.

In come requests with a key; out go JSON documents, live streams and problem documents. What a request means is decided
by `visits`; here is only who may ask, in which words, and how an error is told. May import `visits`, `commerce`,
`store` and what stands below; composed by `bootstrap`.
"""
