//! Start-up, wiring, workers, shutdown.
