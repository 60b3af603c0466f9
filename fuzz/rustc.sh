#!/bin/sh
# In place of rustc (RUSTC_WRAPPER): compiles our crates with the counters that libFuzzer steers by, everybody
# else's as they are. A coverage pass is part of stable rustc; only sanitizers would need a nightly one.
rustc=$1
shift
case "$CARGO_MANIFEST_DIR" in
"$THROUGHLINE_ROOT"/*)
    exec "$rustc" "$@" --cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
        -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
        -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1
    ;;
esac
exec "$rustc" "$@"
