"""Korean: what is told in English told again from the same fields; what is not known here stays English, and says so.

``particles`` and ``words`` hold the language, ``clauses`` the free texts that a run stores, ``sentences``, ``zones``
and ``documents`` what is said of regions, zones and a whole comparison.
"""
