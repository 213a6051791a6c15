"""Guest clients and actors: invited by tutors, taking part by a link of their own."""
