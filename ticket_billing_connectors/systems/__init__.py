"""What each remote system calls things: one short module per system.

A module turns a system's API into the normalised records of :mod:`.records` and
names its settings; :mod:`.registry` lists the modules.
"""
