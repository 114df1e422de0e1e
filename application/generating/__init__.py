"""Invented histories in any number, for practice and for measuring: every one asked, command by command, of the rules themselves.

plan      how many cases, when, where, on which routes, by which seed
telling   one case being told: judged as the door judges, remembered, sealed
people    who asks; `words` what they say
beginning · deciding · rapid · reviewing · publishing · asides     the chapters of a case
following the candidates for thematic reviews that the cases give rise to
recording from many cases, told by several processes, to one log in the order of its instants
"""
