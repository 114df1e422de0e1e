"""What leaves in a form that other programs read: spreadsheets, and later calendars and letters."""
