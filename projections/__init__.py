"""Answers to questions across cases, made again from the events whenever asked."""
