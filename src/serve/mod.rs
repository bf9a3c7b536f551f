//! Health, metrics and the debug socket.
