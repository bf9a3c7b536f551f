//! Arguments and environment → settings → one command.
