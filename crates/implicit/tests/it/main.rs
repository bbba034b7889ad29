//! Functions that equations, matrices and tables define, against the same values computed op by op.

mod equations;
mod matrices;
mod routes;
mod tables;
