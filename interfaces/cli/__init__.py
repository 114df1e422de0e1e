"""The command line: casetrail."""
