//! The simulator: a seeded network on a virtual clock, and its own executor.
