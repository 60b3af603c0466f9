//! The binary `throughline`, and the only crate that knows HTTP, gRPC, TLS, flags and processes.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    server::cli::main()
}
