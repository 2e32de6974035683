"""One module a command: the file's name is its name, `command` is run, the docstring's first line is the help."""
