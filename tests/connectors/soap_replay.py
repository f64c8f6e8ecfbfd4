"""The replay server over SOAP, as a recorded Znuny speaks it."""

import re

from lxml import etree
from replay_server import Handler, ReplayServer

NAMESPACE = "http://www.otrs.org/TicketConnector/"
ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
SERVICE = "GenericTicketConnectorSOAP"
MISMATCH = "Namespace from SOAPAction '{}' does not match namespace from configuration"


class SoapReplayServer(ReplayServer):
    """Answers POSTs of envelopes; ``path`` of faults is the name of an operation."""

    def __init__(self, recordings=None, **options):
        super().__init__(recordings, service=SERVICE, **options)
        self._server.RequestHandlerClass = _SoapHandler

    def operate(self, operation, fields):
        """Return the body of the answer."""
        if operation == "SessionCreate":
            return self._log_in(fields)
        if not self._allowed(fields):
            message = f"{operation}: Authorization failing!"
            code = f"{operation}.AuthFail"
            return {"Error": {"ErrorCode": code, "ErrorMessage": message}}
        actions = {
            "TicketSearch": self._search,
            "TicketGet": lambda found: self._get(found["TicketID"], found),
            "TicketHistoryGet": lambda found: self._history(found["TicketID"], found),
            "TicketUpdate": lambda found: self._update(found["TicketID"], found),
        }
        return actions[operation](fields)


class _SoapHandler(Handler):
    def do_POST(self):
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        # Everything before the last # or / of the header counts as namespace.
        action = (self.headers.get("SOAPAction") or "").strip('"')
        namespace, operation = re.fullmatch(r"(.*)[#/](\w+)", action).groups()
        if namespace != NAMESPACE:
            message = MISMATCH.format(namespace)
            fault = {"Fault": {"faultcode": "Server", "faultstring": message}}
            self._send(500, envelope("Fault", fault["Fault"]), "text/plain")
            return
        message = etree.fromstring(raw).find(f"{{{ENVELOPE}}}Body")[0]
        fields = {child.tag: _read(child) for child in message}
        self._reply("POST", operation, fields)

    def _reply(self, method, path, fields):
        self.replay.requests.append((method, path))
        fault = self.replay.take_fault(path)
        if fault:
            getattr(self, f"_fault_{fault.kind}")(fault, method, path, fields)
            return
        answer = self.replay.operate(path, fields)
        self._send(200, envelope(f"{path}Response", answer), "text/xml; charset=UTF-8")

    def _fault_expired(self, fault, method, path, fields):
        self.replay.sessions.clear()
        answer = self.replay.operate(path, fields)
        self._send(200, envelope(f"{path}Response", answer), "text/xml; charset=UTF-8")

    def _fault_raw(self, fault, method, path, fields):
        self._send(200, fault.options["body"], "text/xml")


def envelope(name: str, content: dict) -> bytes:
    """Return a message as Znuny writes it: children in alphabetical order."""
    root = etree.Element(f"{{{ENVELOPE}}}Envelope", nsmap={"soap": ENVELOPE})
    body = etree.SubElement(root, f"{{{ENVELOPE}}}Body")
    message = etree.SubElement(body, f"{{{NAMESPACE}}}{name}", nsmap={None: NAMESPACE})
    _fill(message, content)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _read(element):
    if not len(element):
        return element.text or ""
    return {child.tag: _read(child) for child in element}


def _fill(parent, content):
    for name in sorted(content):
        values = content[name]
        for value in values if isinstance(values, list) else [values]:
            child = etree.SubElement(parent, f"{{{NAMESPACE}}}{name}")
            if isinstance(value, dict):
                _fill(child, value)
            elif value not in (None, ""):
                child.text = str(value)
