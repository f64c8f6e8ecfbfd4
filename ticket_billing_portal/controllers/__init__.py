from . import approval, contract, hours, hours_download, invoice, services, ticket
