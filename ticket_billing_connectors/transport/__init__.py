"""How to talk to another system over HTTP: pure Python, knows neither Odoo nor
any system's API.

A system module (see ``systems``) builds one :class:`~.session.HttpSession` per
run and reads through it; every fault arrives as one of :mod:`.errors`.
"""
