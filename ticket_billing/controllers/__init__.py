from . import service_report
