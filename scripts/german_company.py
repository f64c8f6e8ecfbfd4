"""Turn the main company of a new database into a German one with SKR03."""

import argparse

from odoo_session import add_arguments, odoo_environment


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add_arguments(parser)
    arguments = parser.parse_args()
    with odoo_environment(arguments.config, arguments.database) as env:
        company = env.ref("base.main_company")
        company.partner_id.country_id = env.ref("base.de")
        env["account.chart.template"].try_loading("de_skr03", company)


if __name__ == "__main__":
    main()
