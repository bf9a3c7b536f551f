//! Go's `text/template`: lexer, parser, interpreter.
//!
//! *In:* template texts, a table of functions, a value · *Out:* text · *Never:* knows Helm's objects or
//! Kubernetes; reads files, clocks or random numbers.
