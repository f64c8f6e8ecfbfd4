from . import export, service_report
