"""Conversion model: trained on the sessions of the database, evaluated, stored in it, and used to score them."""
