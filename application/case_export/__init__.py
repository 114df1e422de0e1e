"""One case for other people's tools: where everything came from, and a schedule of all that there is; no words of the case in either."""
