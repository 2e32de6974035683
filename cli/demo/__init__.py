"""The demo: one formal goal cycle on the real servers, told as it happens and proven at the end."""
