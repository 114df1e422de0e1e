"""Reading one case: what its page, its history, its register of decisions and its clocks show. Pure, from its history."""
