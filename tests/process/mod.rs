//! What is left of processes when the operator is killed: nothing.

mod killed;
