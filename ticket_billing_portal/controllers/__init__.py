from . import hours, invoice, ticket
