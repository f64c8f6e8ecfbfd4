from . import dry_run, export, service_report
