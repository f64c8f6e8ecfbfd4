from . import (
    approval,
    contract,
    hours,
    hours_download,
    invoice,
    report,
    services,
    ticket,
)
