"""One reader per family of formats, all of them run only inside the child process.
Not here: guarding them (guard.py, child.py), or what may be opened at all (prescan.py)."""
