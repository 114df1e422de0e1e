"""The stages in the order of the guidance, a chapter each."""
