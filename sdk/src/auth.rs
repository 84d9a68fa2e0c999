//! Authentication of requests: who is calling, without asking the server.
