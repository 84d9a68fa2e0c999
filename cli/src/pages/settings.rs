//! `docs/configuration.md`: the keys of the file of `standin serve`, with what its options say of them.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use clap::{Command, CommandFactory as _};
use standin_proof::check_page;
use standin_server::config::Config;
use standin_server::db::Database;

use super::cell;
use crate::Cli;
use crate::serve::File;

/// The fields of a struct in a source: name, type, what stands above it.
struct Field {
    name: String,
    kind: String,
    doc: String,
}

/// Reads them off the source: at run time nobody knows types and comments.
fn fields(source: &str, name: &str) -> Vec<Field> {
    let body = source.split(&format!("struct {name} {{\n")).nth(1).unwrap();
    let body = body.split("\n}").next().unwrap();
    let (mut fields, mut doc) = (Vec::new(), String::new());
    for line in body.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("///") {
            doc.push_str(text);
        } else if let Some((name, kind)) = line.split_once(": ")
            && !line.starts_with('#')
        {
            fields.push(Field {
                name: name.trim_start_matches("pub ").to_owned(),
                kind: kind.trim_end_matches(',').to_owned(),
                doc: std::mem::take(&mut doc),
            });
        }
    }
    fields
}

/// A type of Rust's as people write it in TOML.
fn kind(of: &str) -> &'static str {
    let bare = of
        .strip_prefix("Option<")
        .and_then(|kind| kind.strip_suffix('>'));
    match bare.unwrap_or(of) {
        "SocketAddr" => "address and port",
        "Url" => "URL",
        "PathBuf" => "path",
        "String" => "text",
        "Vec<String>" => "list of texts",
        "Vec<IpAddr>" => "list of IP addresses",
        "bool" => "true or false",
        "usize" | "u32" | "i64" | "NonZeroU64" => "whole number",
        "Kept" => "time, or `\"forever\"`",
        "Reach" => "`\"public\"`, `\"loopback\"` or `\"private\"`",
        "Replay" => "`\"refuse\"` or `\"revoke_session\"`",
        "Asked" => "`\"nobody\"` or `\"visitor\"`",
        "Map<String, Value>" => "table",
        other => panic!("{other}: how do people write it?"),
    }
}

/// What is in place where a file says nothing, of keys that are no options.
fn default(name: &str) -> Option<String> {
    let url = "https://clerk.example.com".parse().unwrap();
    let database = Database::Sqlite("x".into());
    let config = Config::production(([127, 0, 0, 1], 4747).into(), url, database, "k".into());
    let config = config.unwrap();
    let limit = |limit: Option<u32>| limit.map_or("none".to_owned(), |limit| limit.to_string());
    let limits = &config.limits;
    let word = |value: &dyn std::fmt::Debug| format!("{value:?}").to_lowercase();
    Some(match name {
        "ticket_seconds" => config.ticket_seconds.to_string(),
        "session_cap_seconds" => config.session_cap_seconds.to_string(),
        "database_wait_seconds" => config.capacity.patience.as_secs().to_string(),
        "on_replay" => word(&config.on_replay),
        "webhook_reach" => word(&config.webhook_reach),
        "confirm" => word(&config.confirm),
        "restricted" => config.restricted.to_string(),
        "per_key" => limit(limits.per_key),
        "per_ip" => limit(limits.per_ip),
        "per_agent_or_user" => limit(limits.per_agent_or_user),
        "refused_per_ip" => limit(limits.refused_per_ip),
        "guesses_per_ip" => limit(limits.guesses_per_ip),
        "guesses_per_identifier" => limit(limits.guesses_per_identifier),
        "sign_ups_per_ip" => limit(limits.sign_ups_per_ip),
        _ => return None,
    })
}

fn row(field: &Field, serve: &Command) -> String {
    let flag = field.name.replace('_', "-");
    let option = serve
        .get_arguments()
        .find(|arg| arg.get_long() == Some(&flag));
    let help = option
        .and_then(|arg| arg.get_help())
        .map(ToString::to_string);
    let own = Some(field.doc.clone()).filter(|doc| !doc.is_empty());
    let said = own.or(help).unwrap_or_default();
    let (said, default_said) = match said.split_once(" [default: ") {
        Some((said, default)) => (said, Some(default.trim_end_matches(']'))),
        None => (said.as_str(), None),
    };
    assert!(
        !said.trim().is_empty(),
        "{} says nothing of itself",
        field.name
    );
    let default = default_said
        .map(ToOwned::to_owned)
        .or_else(|| default(&field.name));
    let default = match default {
        Some(default) => format!("`{default}`"),
        None if field.kind == "bool" => "`false`".to_owned(),
        None => String::new(),
    };
    let variable = option
        .and_then(clap::Arg::get_env)
        .map(|name| name.to_string_lossy());
    let flag = option.map(|_| format!("`--{flag}`, `{}`", variable.unwrap_or_default()));
    format!(
        "| `{}` | {} | {default} | {} | {} |\n",
        field.name,
        kind(&field.kind),
        cell(said).trim_end_matches('.'),
        flag.unwrap_or_default()
    )
}

const HEAD: &str = "| key | type | default | | option and variable |\n|---|---|---|---|---|\n";

#[test]
fn the_page_of_settings_says_what_the_file_takes() {
    let cli = Cli::command();
    let serve = cli.find_subcommand("serve").unwrap();
    let source = include_str!("../serve/file.rs");
    let (of_file, of_limits) = (fields(source, "File"), fields(source, "Limits"));
    let mut page = String::from(
        "# The configuration file\n\n\
         `standin serve --config standin.toml` reads TOML. A key has the name of its option with underscores; options win over\n\
         variables, both over the file, and lists are added up. What is unknown is refused with its line and the name that was\n\
         probably meant. Made by `scripts/pages`.\n\n\
         ```toml\n\
         public_url = \"https://clerk.example.com\"\n\
         data = \"/var/lib/standin\"\n\
         allow_origin = [\"https://app.example.com\"]\n\
         keep_audit = \"forever\"\n\n\
         [limits]\n\
         per_ip = 50\n\
         ```\n\n",
    );
    page.push_str(HEAD);
    let plain = of_file.iter().filter(|field| field.name != "limits");
    page.extend(plain.map(|field| row(field, serve)));
    let _ = write!(
        page,
        "\n## Below `[limits]`\n\nA second; 0 lifts one.\n\n{HEAD}"
    );
    page.extend(of_limits.iter().map(|field| row(field, serve)));
    page.push_str("\nOptions that no file has: `--config` itself. The master key stands in the data folder or in `STANDIN_MASTER_KEY`.\n");
    check_page("configuration.md", &page);

    // The reader lists what it knows when it meets what it does not.
    let folder = tempfile::tempdir().unwrap();
    for (text, fields) in [("x_y = 1\n", &of_file), ("[limits]\nx_y = 1\n", &of_limits)] {
        let file = folder.path().join("standin.toml");
        std::fs::write(&file, text).unwrap();
        let refused = File::read(&file).err().unwrap();
        let known: BTreeSet<String> = refused.hints[0]
            .1
            .split(' ')
            .map(ToOwned::to_owned)
            .collect();
        let aliases = ["allow_origins", "allow_hosts", "trusted_proxies"].map(ToOwned::to_owned);
        let known: BTreeSet<_> = known
            .into_iter()
            .filter(|name| !aliases.contains(name))
            .collect();
        let read: BTreeSet<String> = fields.iter().map(|field| field.name.clone()).collect();
        assert_eq!(known, read);
    }
}
