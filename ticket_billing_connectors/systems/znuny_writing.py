"""Writing to tickets of Znuny: notes and dynamic fields."""

from ..transport import errors
from .records import Page, clean
from .znuny_answers import articles_of


class ZnunyWriting:
    """What :class:`~.znuny.Znuny` writes, and reads again by the ids of tickets."""

    def read_again(self, ids: list[str]) -> Page:
        try:
            tickets = self._load(ids)
        except errors.PermissionDenied:
            # None of them is there any more.
            tickets = []
        return self._page(tickets, "", False)

    def write_back(self, kind, remote_id, text, name=""):
        """See :class:`~.base.TicketSystem`."""
        if kind == "field":
            change = {"DynamicField": [{"Name": name, "Value": text}]}
        else:
            change = {
                "Article": {
                    "CommunicationChannel": "Internal",
                    "SenderType": "agent",
                    "IsVisibleForCustomer": 0,
                    "Subject": text.partition("\n")[0][:100],
                    "Body": text,
                    "ContentType": "text/plain; charset=utf8",
                }
            }
        fields = {"TicketID": remote_id, **change}
        self._call(self.settings.route_update, fields, idempotent=kind == "field")

    def has_note(self, remote_id, text):
        """See :class:`~.base.TicketSystem`."""
        articles = [a for data in self._load([remote_id]) for a in articles_of(data)]
        return any(text in clean(article.get("Body")) for article in articles)
