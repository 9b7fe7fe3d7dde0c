-- Private pools and the places that allocate; NULL in traces that were stored before.
ALTER TABLE private.allocation ADD COLUMN pool INTEGER;
ALTER TABLE private.allocation ADD COLUMN site INTEGER;
