//! A person at the keyboard: press keys, look at the screen.
