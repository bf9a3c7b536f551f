//! Documents that are compared as a whole, one folder per case.
//!
//! The expected text lies in the case's folder and is accepted by review (`cargo insta review`).

mod render;
