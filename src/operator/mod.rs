//! Start-up, wiring, workers, shutdown.

mod settings;

pub use settings::{
    AdmissionSettings, ClientLimits, ClusterSettings, DebugSettings, Extender, Folders,
    HelmSettings, Limits, LogForm, LogLevel, LogSettings, LogTime, ModuleSettings, Replica,
    SetLogLevel, Settings,
};
