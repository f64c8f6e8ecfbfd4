-- A copy of the database must not write to real ticket systems, nor take their events.
UPDATE ticket_billing_connector
   SET write_back = 'none', hook_token = NULL, hook_secret_encrypted = NULL;
-- Renewing its tokens would end those of the original.
UPDATE ticket_billing_oauth_token
   SET tokens_encrypted = NULL, state_hash = NULL, verifier_encrypted = NULL;
-- What is sent to a copy, nobody would bill.
UPDATE ticket_billing_api_key SET secret_hash = NULL;
