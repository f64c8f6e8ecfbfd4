from . import contract, hours, hours_download, invoice, services, ticket
