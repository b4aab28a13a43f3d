package auditlog
