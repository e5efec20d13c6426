//! media-ctl.
