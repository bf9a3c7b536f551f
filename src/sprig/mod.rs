//! The functions of charts, as sprig 3.3 and Helm have them, one file per family.
//!
//! *In:* values of templates · *Out:* values, or why not in Go's words · *Never:* knows a template or a
//! chart; reads clocks or random numbers but through [`crate::govalue::World`].
