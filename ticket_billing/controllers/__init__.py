from . import dry_run, service_report
