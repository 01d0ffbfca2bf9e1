"""Loading: recognise an export, read it, clean it, publish the database."""
