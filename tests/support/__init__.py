"""Things that tests need and that worker processes must be able to import."""
