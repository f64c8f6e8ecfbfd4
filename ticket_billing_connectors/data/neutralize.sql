-- A copy of the database must not write to real ticket systems, nor take their events.
UPDATE ticket_billing_connector
   SET write_back = 'none', hook_token = NULL, hook_secret_encrypted = NULL;
