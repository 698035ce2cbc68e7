"""Intake: the institute's files as they are, read by a mapping and checked before anything runs."""
