"""SOAP 1.1 over a guarded session: a dict is sent and a dict comes back.

zeep makes the messages by a WSDL, its own or one described by :func:`wsdl_of`.
Answers are read without one, for servers seldom keep to theirs: children become
entries, repeated ones a list. Whatever zeep wants to load comes through the session,
so from the same host only; documents with a DTD or entities are refused.
"""

import io
import logging
import re
from functools import cached_property
from xml.sax.saxutils import quoteattr

import zeep
from lxml import etree
from zeep.exceptions import DTDForbidden, EntitiesForbidden, XMLSyntaxError
from zeep.loader import parse_xml

from . import errors
from .session import Answer, HttpSession, Unreadable

SETTINGS = zeep.Settings(forbid_dtd=True, forbid_entities=True, xml_huge_tree=False)
ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
CHARSET = re.compile(r"charset=[\"']?([\w.:-]+)", re.IGNORECASE)
DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
# What zeep writes into its debug log are whole messages.
logging.getLogger("zeep").setLevel(logging.INFO)


class SoapSession(HttpSession):
    """A session whose ``path`` is the name of an operation.

    :param wsdl: a WSDL as bytes, or its address: a path below ``base_url``
    :param action: the header SOAPAction, with ``{operation}``
    """

    def __init__(self, base_url, policy, *, wsdl: bytes | str, action: str, **options):
        super().__init__(base_url, policy, **options)
        self._wsdl = wsdl
        self._action = action

    @cached_property
    def _client(self):
        source = self._wsdl
        source = io.BytesIO(source) if isinstance(source, bytes) else source
        try:
            return zeep.Client(source, transport=_Loader(self), settings=SETTINGS)
        except errors.ConnectorError:
            raise
        except Exception:
            # zeep raises whatever it stumbles over in a document.
            raise errors.InvalidRequest("Its WSDL cannot be used.") from None

    def request(self, method, path, *, payload=None, **sent) -> Answer:
        if payload is None:
            return super().request(method, path, **sent)
        headers = {
            **(sent.pop("headers", None) or {}),
            "Content-Type": "text/xml; charset=utf-8",
            "SOAPAction": f'"{self._action.format(operation=path)}"',
        }
        envelope = self._envelope(path, payload)
        answer = super().request("POST", "", form=envelope, headers=headers, **sent)
        if isinstance(answer.data, dict) and "Fault" in answer.data:
            raise errors.InvalidRequest("It answers with a fault.")
        return answer

    def _envelope(self, operation, fields) -> bytes:
        client = self._client
        try:
            message = client.create_message(client.service, operation, **fields)
        except (zeep.exceptions.Error, AttributeError, TypeError, ValueError):
            # Its text may hold the values.
            raise errors.InvalidRequest(f"({operation})") from None
        return etree.tostring(message, xml_declaration=True, encoding="utf-8")

    def _decode(self, response, body):
        """The charset of the header counts, else what the document says itself."""
        found = CHARSET.search(response.headers.get("Content-Type", ""))
        try:
            text = body.decode(found[1] if found else "utf-8", "replace")
        except LookupError:
            unreadable = Unreadable("Wrong charset.")
            return Answer(response.status_code, unreadable, "", response.headers)
        content = DECLARATION.sub("", text).encode() if found else body
        data = _body_of(read_xml(content)) if content.strip() else None
        return Answer(response.status_code, data, text, response.headers)


class _Loader:
    """What zeep loads documents with: never from files, never from other hosts."""

    def __init__(self, session: HttpSession):
        self._session = session

    def load(self, url):
        return self._session.request("GET", url).text.encode()


def read_xml(content: bytes):
    """Return the root of a document; :class:`Unreadable` if it is none.

    :raises InvalidRequest: it has a DTD or entities
    """
    try:
        return parse_xml(content, transport=None, settings=SETTINGS)
    except (DTDForbidden, EntitiesForbidden):
        raise errors.InvalidRequest("Its XML defines entities.") from None
    except XMLSyntaxError:
        if b"<!ENTITY" in content.replace(b"\0", b""):
            # The parser gives up on too many of them before it can be asked.
            raise errors.InvalidRequest("Its XML defines entities.") from None
        html = b"<html" in content[:500].lower()
        return Unreadable("It is a web page." if html else "It is incomplete.")


def _body_of(root):
    """Return what the message of an envelope says; another document as it is."""
    if isinstance(root, Unreadable) or root.tag != f"{{{ENVELOPE}}}Envelope":
        return root
    body = root.find(f"{{{ENVELOPE}}}Body")
    if body is None or not len(body):
        return Unreadable("It is an empty envelope.")
    message = body[0]
    found = _value_of(message)
    found = found if isinstance(found, dict) else {}
    is_fault = etree.QName(message).localname == "Fault"
    return {"Fault": found} if is_fault else found


def _value_of(element):
    """Return text, None, or a dict of the children."""
    if not len(element):
        return element.text or None
    found = {}
    for child in element.iterchildren(tag=etree.Element):
        found.setdefault(etree.QName(child).localname, []).append(_value_of(child))
    return {
        name: values if len(values) > 1 else values[0] for name, values in found.items()
    }


WSDL = """
<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" targetNamespace={namespace}
    xmlns:t={namespace} xmlns:s="http://schemas.xmlsoap.org/wsdl/soap/"
    xmlns:x="http://www.w3.org/2001/XMLSchema">
  <types><x:schema targetNamespace={namespace}>{elements}</x:schema></types>
  {messages}
  <portType name="Port">{port}</portType>
  <binding name="Binding" type="t:Port">
    <s:binding transport="http://schemas.xmlsoap.org/soap/http"/>{binding}
  </binding>
  <service name="Service"><port name="Port" binding="t:Binding">
    <s:address location={address}/>
  </port></service>
</definitions>
"""
ELEMENT = '<x:element name="{name}" {more}>{content}</x:element>'
FIELDS = "<x:complexType><x:sequence>{fields}</x:sequence></x:complexType>"
TEXT = 'type="x:string" minOccurs="0" maxOccurs="unbounded"'
NESTED = 'minOccurs="0" maxOccurs="unbounded"'
MESSAGE = '<message name="{name}"><part name="body" element="t:{name}"/></message>'
PORT = '<operation name="{name}"><input message="t:{name}"/></operation>'
BINDING = """
<operation name="{name}"><s:operation style="document"/>
<input><s:body use="literal"/></input></operation>
"""


#: Names of fields; those that hold others are pairs of a name and these.
Fields = tuple


def wsdl_of(namespace: str, address: str, operations: dict[str, Fields]) -> bytes:
    """Return a WSDL for ``operations``: their names, and those of their fields."""

    def each(template):
        return "".join(template.format(name=name) for name in operations)

    return WSDL.format(
        namespace=quoteattr(namespace),
        address=quoteattr(address),
        elements="".join(_element(name, fields) for name, fields in operations.items()),
        messages=each(MESSAGE),
        port=each(PORT),
        binding=each(BINDING),
    ).encode()


def _element(name: str, fields: Fields, more="") -> str:
    inner = "".join(
        ELEMENT.format(name=field, more=TEXT, content="")
        if isinstance(field, str)
        else _element(*field, NESTED)
        for field in fields
    )
    return ELEMENT.format(name=name, more=more, content=FIELDS.format(fields=inner))
