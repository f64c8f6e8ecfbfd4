from .common import ConnectorCase
from .test_declared_system import load_shape_server


class ShapeCase(ConnectorCase):
    """A connector to the local server of a declared system; scheduled actions do not
    commit."""

    system = "zammad"

    def setUp(self):
        super().setUp()
        self.patch(type(self.env["ir.cron"]), "_commit_progress", lambda *a, **k: 600.0)
        module, shape = load_shape_server(self.system)
        self.shape = shape
        self.server = module.ShapeServer(shape)
        self.server.__enter__()
        self.addCleanup(self.server.__exit__)
        self.world = self.server.world
        self.connector = self._create_connector(
            self.server,
            name="There",
            system=self.system,
            login=shape.login,
            secret=shape.secret,
            system_settings={
                f"{self.system}_{name}": value for name, value in shape.settings.items()
            },
        )
        # Nobody waits for a server that is meant to fail.
        connect = type(self.connector)._get_connection

        def get_connection(connector):
            connection = connect(connector)
            connection.options["sleep"] = lambda seconds: None
            return connection

        self.patch(type(self.connector), "_get_connection", get_connection)

    def _map_all(self):
        """Map customers and agents that came in to those of the test."""
        links = self.env["ticket.billing.link"].search(
            [("connector_id", "=", self.connector.id), ("state", "=", "unmapped")]
        )
        links.filtered(
            lambda link: link.remote_type == "customer"
        ).partner_id = self.partner
        links.filtered(lambda link: link.remote_type == "agent").employee_id = self.anna
        links.filtered(
            lambda link: link.remote_type == "activity"
        ).work_type_id = self.remote
