"""The frameworks that come with Threefold, each one JSON document named by its id."""
