"""People and teams as tables: read from CSV or XLSX, compared with the directory, sent as one order, written again.

A column that is not in the file changes nothing; a cell that is empty in a column that is there means none. Who is
not in the file stays as they are.
"""
