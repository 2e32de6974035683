"""How each part of goalcycle is put together and served."""
