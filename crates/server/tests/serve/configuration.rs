//! The table of keys seen from outside: file, environment, flags, errors, the reference page.

use expect_test::{expect, expect_file};
use server::cli::serve::{ServeFlags, gather};
use server::config::{Config, KEYS, Raw, page};

fn read(toml: &str, variables: &[(&str, &str)]) -> Result<Config, String> {
    let mut raw = Raw::default();
    raw.read_file("t.toml", toml).map_err(|error| error.0)?;
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    raw.read_variables(variables).map_err(|error| error.0)?;
    Config::validate(&raw).map_err(|error| error.0)
}

fn check_error(toml: &str, variables: &[(&str, &str)], expected: expect_test::Expect) {
    expected.assert_eq(&read(toml, variables).expect_err("is wrong"));
}

#[test]
fn errors_name_place_and_remedy() {
    check_error(
        "[limits]\nbodysize = 1\n",
        &[],
        expect!["t.toml: key `limits.bodysize` is unknown; `limits.body_size` is meant?"],
    );
    check_error(
        "[flush]\nmemory = \"1GiB\"\n",
        &[],
        expect!["t.toml: key `flush.memory` is unknown; `buffer.memory` is meant?"],
    );
    check_error("[limit]\n", &[], expect!["t.toml: section `[limit]` is unknown; `[limits]` is meant?"]);
    check_error("data = 1\n", &[], expect!["t.toml: key `data` is unknown"]);
    check_error(
        "[limits]\nbody_size = \"64 parsecs\"\n",
        &[],
        expect![
            "`limits.body_size` = `64 parsecs` (file t.toml): `64 parsecs` is no size: write it like `64MiB` or `500MB`"
        ],
    );
    check_error(
        "[limits]\nbody_size = \"1TiB\"\n",
        &[],
        expect!["`limits.body_size` = `1TiB` (file t.toml): it must be from 1 KiB to 256 MiB"],
    );
    check_error(
        "",
        &[("THROUGHLINE_FLUSH_INTERVALL", "1s")],
        expect!["variable `THROUGHLINE_FLUSH_INTERVALL` is unknown; `THROUGHLINE_FLUSH_INTERVAL` is meant?"],
    );
    check_error(
        "",
        &[("THROUGHLINE_WAL_DURABILITY", "maybe")],
        expect![
            "`wal.durability` = `maybe` (variable THROUGHLINE_WAL_DURABILITY): one of `synced`, `interval`, `none` is needed"
        ],
    );
    check_error(
        "[tls]\nkey = \"x\"\n",
        &[],
        expect!["`tls.certificate` = `` (default): a key needs its certificate: set both or neither"],
    );
    check_error(
        "[cors]\nallowed_origins = [\"shop\"]\n",
        &[],
        expect![
            "`cors.allowed_origins` = `shop` (file t.toml): `shop` is no origin: write it like `https://shop.example`"
        ],
    );
    check_error(
        "[limits\n",
        &[],
        expect![[r#"
        t.toml is no TOML: TOML parse error at line 1, column 8
          |
        1 | [limits
          |        ^
        unclosed table, expected `]`"#]],
    );
}

#[test]
fn later_places_win() {
    let toml = "[flush]\ninterval = \"10s\"\nsize = 1000000\n[storage.options]\naws_region = \"x\"\n";
    let config = read(toml, &[("THROUGHLINE_FLUSH_INTERVAL", "20s"), ("THROUGHLINE_CORPUS", "ignored")])
        .expect("valid");
    assert_eq!((config.store.flush_interval_ns, config.store.flush_bytes), (20_000_000_000, 1_000_000));
    assert_eq!(config.storage.options["aws_region"], "x");

    let flags =
        ServeFlags { data: Some("/x".into()), listen: vec!["tempo=off".to_owned()], ..ServeFlags::default() };
    let raw = gather(&flags, [("THROUGHLINE_SERVER_DATA_DIR".to_owned(), "/y".to_owned())]).expect("known");
    let printed = page::effective(&raw);
    assert!(printed.contains("data_dir = \"/x\" # from flag --data\n"), "{printed}");
    assert!(printed.contains("tempo = \"off\" # from flag --listen tempo\n"), "{printed}");
}

#[test]
fn what_is_printed_reads_back_and_hides_secrets() {
    let mut raw = Raw::default();
    let toml = "[storage.options]\naws_secret_access_key = \"hush\"\naws_region = \"x\"\n";
    raw.read_file("t.toml", toml).expect("known keys");
    let printed = page::effective(&raw);
    assert!(
        printed.contains("options = { aws_region = \"x\", aws_secret_access_key = \"(hidden)\" }"),
        "{printed}"
    );
    assert!(!printed.contains("hush"));
    let mut again = Raw::default();
    again.read_file("printed.toml", &printed).expect("reads back");
    for key in KEYS.iter().filter(|key| key.name != "options") {
        assert_eq!(again.get(&key.path()).text, raw.get(&key.path()).text, "{}", key.path());
    }
}

#[test]
fn defaults_are_those_of_the_store_and_examples_are_valid() {
    let config = Config::validate(&Raw::default()).expect("valid");
    let standard = store::Options::standard();
    let mut ours = config.store.clone();
    ours.log = standard.log;
    assert_eq!(format!("{ours:?}"), format!("{standard:?}"));
    for key in KEYS {
        let mut raw = Raw::default();
        raw.set_flag(key.section, key.name, "--test", key.example.to_owned());
        if key.section == "tls" {
            raw.set_flag("tls", "certificate", "--test", "x.crt".to_owned());
            raw.set_flag("tls", "key", "--test", "x.key".to_owned());
        }
        assert!(Config::validate(&raw).is_ok(), "{}", key.path());
    }
}

#[test]
fn the_reference_page_is_made_from_the_table() {
    expect_file!["../../../../docs/reference/config.md"].assert_eq(&page::reference());
}
