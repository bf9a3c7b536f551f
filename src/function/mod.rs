//! The functions that templates may call, one file per family.
//!
//! In: arguments of a call in a template · Out: a value, or what is wrong in plain words · Never:
//! reads files, clocks or random numbers.
