"""Who may read what: the matrix, the policies that decide, what makes somebody part of a case, and what is shown to them."""
