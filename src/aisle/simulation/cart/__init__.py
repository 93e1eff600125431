"""Smart carts that do not exist: trips of simulated shoppers with one cart each, and their truth.

In comes a random generator (and, for pictures, a folder of photographs); out come the readings a cart's scale, motion
sensor, scanner, screen and scan camera would have sent, and apart from them what really lay in the basket.  May import
`store`, `sensing` and `simulation`: nothing that is measured on these trips may know how they were made.
"""
