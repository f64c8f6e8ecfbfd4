"""Offline check of electronic invoices against the official schemas and rules."""

from .checks import Finding, Report, check_invoices, has_rules
