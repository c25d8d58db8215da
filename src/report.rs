//! An incident written out: Markdown, self-contained HTML, JSON, status updates. Pure.
