//! Bytes to telemetry: format detection, one file a format, identifiers, scrubbing and redaction. Pure; never fails:
//! what cannot be read becomes an issue, and one unreadable line never hides the others.
