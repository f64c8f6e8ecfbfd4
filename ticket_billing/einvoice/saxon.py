"""Apply compiled Schematron rules to invoices: a job list in, reports out, as JSON."""

import json
import resource
import sys


def main() -> None:
    # Saxon reserves more address space than Odoo allows its workers.
    _soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
    from saxonche import PySaxonProcessor

    jobs = json.load(sys.stdin)
    with PySaxonProcessor(license=False) as processor:
        compiler = processor.new_xslt30_processor()
        rules = {
            path: compiler.compile_stylesheet(stylesheet_file=path)
            for path in {path for job in jobs for path in job["rules"]}
        }
        reports = [
            [
                rules[path].transform_to_string(
                    xdm_node=processor.parse_xml(xml_text=job["xml"])
                )
                for path in job["rules"]
            ]
            for job in jobs
        ]
    json.dump(reports, sys.stdout)


if __name__ == "__main__":
    main()
