//! The media side of a call: the implementation of SSM.
