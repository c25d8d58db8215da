//! The shell: the only place where messages, the terminal and the outside world meet.
