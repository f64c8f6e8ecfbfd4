from . import (
    account_move_reversal,
    ticket_billing_confirmation,
    ticket_billing_correction,
    ticket_billing_price_agreement,
    ticket_billing_privacy,
    ticket_billing_simulation,
    ticket_billing_simulation_line,
)
