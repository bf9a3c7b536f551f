//! A chart read from disk.
