//! sma-socket.
