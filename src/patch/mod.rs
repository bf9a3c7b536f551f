//! What a hook asked to change, parsed.
