//! The journal on disk: SQLite by default, PostgreSQL for a team.
