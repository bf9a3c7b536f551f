//! Versions and constraints as Masterminds/semver v3.5.0 reads them.
//!
//! *In:* texts of charts · *Out:* versions, whether a constraint holds · *Never:* knows a chart.
