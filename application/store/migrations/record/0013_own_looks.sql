-- Everybody may ask for their own looks, across all cases, in the order noted.

CREATE INDEX looks_by_person ON looks (person, number);
