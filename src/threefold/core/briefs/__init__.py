"""Briefs for those who would rather not bring something of their own as client: one JSON document, our own words.

Nobody in them exists. Each is light, current and bearable, and none is drawn from anything a client ever said.
"""
