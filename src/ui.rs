//! What the person sees and does. Pure: a message in, effects out as data, and a picture drawn.
