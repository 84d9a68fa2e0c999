//! The codes that the command line itself prints: when each is met, and what to do about it. A test reads the sources and
//! fails while one has no row here.

use crate::failure::Exit::{
    self, CommandMissing, CommandNotRun, Denied, Failed, Unreachable, Usage,
};

/// One of them.
pub struct Own {
    pub code: &'static str,
    /// What the shell may be told.
    pub exits: &'static [Exit],
    /// What happened.
    pub what: &'static str,
    /// When it is met.
    pub why: &'static str,
    /// What to do.
    pub next: &'static str,
    /// As it was seen.
    pub example: &'static str,
}

const fn own(code: &'static str, exits: &'static [Exit], texts: [&'static str; 4]) -> Own {
    let [what, why, next, example] = texts;
    Own {
        code,
        exits,
        what,
        why,
        next,
        example,
    }
}

/// All of them.
#[rustfmt::skip]
pub const ALL: &[Own] = &[
    own("address_unavailable", &[Failed], ["The address cannot be listened on.", "Another program has the port, a server of an earlier run among them, or ports below 1024 need a right that this user does not have.", "Find out who has it (`ss -ltnp 'sport = :4747'`), stop that, or take another port: `--port 0` takes a free one.", "cannot listen on 127.0.0.1:4747: Address already in use"]),
    own("agent_not_found", &[Denied], ["No agent has this name or id.", "Agents come into being with their first task; the name is mistyped, or another instance's.", "`standin agent list` shows those there are.", "no agent is called e2ee"]),
    own("already_running", &[Failed], ["A development server runs on this data folder.", "Two servers on one folder would each have a port of their own and share keys and users, so the second does not start.", "Use the one that runs, or take one beside it: `standin dev --ephemeral --port 0`.", "a server runs on ./.standin already, at http://localhost:4747"]),
    own("answer_strange", &[Failed], ["Something answers at the address, and not as Standin does.", "The address is that of the application, of a proxy with a page of its own, or of another server.", "Compare --api-url or CLERK_API_URL with what `standin dev` prints; behind a proxy it is the address of the Backend API.", "http://localhost:3000 answered 404, and not as Standin does"]),
    own("audit_altered", &[Failed], ["Records of the audit trail are not as they were sealed.", "Somebody changed, removed, inserted or moved records in the database, or it was restored to a moment before a seal that was exported.", "The places are in the report. Compare them with an export (`standin audit export`) or a backup; docs/operations.md says what a seal proves.", "the audit trail is not as it was sealed, in 2 places"]),
    own("authority_unusable", &[Failed], ["The local authority's files cannot be used.", "ca.key and ca.pem in the data folder do not belong together, or one of them is damaged.", "Remove both and run `standin trust NAME` again; browsers have to trust the new one.", "the authority cannot be used: invalid key"]),
    own("backup_damaged", &[Failed], ["The backup is not whole.", "The file was cut on its way, or the disk that held it damaged it.", "`standin db check FILE` says what is wrong with it; restore an older one.", "users.db is not whole: row 17 missing from index users_external_id"]),
    own("bug", &[Failed], ["Something happened that cannot happen.", "It is a fault of Standin's.", "Please report it with the command and the sentence.", "a row without a user"]),
    own("claims", &[Usage], ["The file of --claims holds no JSON object.", "Custom claims are one object of names and values or shortcodes.", "Correct the place that the sentence names.", "claims.json holds no JSON object: EOF while parsing an object at line 3 column 0"]),
    own("code_unknown", &[Denied], ["No error of Standin's has this code.", "It is mistyped, an application's own, or one that Clerk has and Standin never answers.", "`standin explain` lists all there are.", "no error of Standin's has the code agent_task_used"]),
    own("command_not_started", &[CommandMissing, CommandNotRun], ["The command after -- cannot be run.", "There is no such program in the PATH (127), or it is not executable (126).", "Run it by itself first. Programs of node_modules are run by npx: `standin dev -- npx playwright test`.", "cannot run playwright: No such file or directory"]),
    own("configuration", &[Failed, Usage], ["A setting cannot work.", "A name or value in the configuration file is unknown, two settings contradict each other, or the data was made for something else than they are served as (development data in production, a newer program's schema).", "The sentence names line and setting; docs/configuration.md lists all there are.", "standin.toml, line 2: there is no setting `alow_origin`"]),
    own("data_in_the_way", &[Denied], ["There is data where new data should go.", "Nothing is written over: the data may be in use, or all there is.", "Take another folder, or stop its server and move the folder away.", "d/standin.db is there, perhaps in use, and nothing is written over"]),
    own("data_not_found", &[Denied], ["There is no data in the folder.", "The name is mistyped, or the server was never started on it.", "Compare with the --data of the server; `standin key create --make` makes data on purpose.", "there is no data in /var/lib/standinn"]),
    own("database_damaged", &[Failed], ["The database is not whole.", "The disk damaged it, it was copied while in use, or somebody changed rows by hand.", "Stop the server and go back to a backup (`standin db restore`); the report of `standin db check` says what is wrong.", "3 things are not as they should be"]),
    own("database_unavailable", &[Failed], ["The database does not answer.", "PostgreSQL cannot be reached, or the file cannot be read.", "Try the address with psql; look at disk and permissions.", "connection refused"]),
    own("database_unusable", &[Failed], ["The database cannot be opened or used.", "The file is damaged, read-only, of another program or held by another process; PostgreSQL refuses the login or lacks rights.", "The hints of the message look at it. If nothing helps, go back to a backup.", "the database ./.standin/standin.db cannot be used: file is not a database"]),
    own("dev_json_invalid", &[Failed], ["dev.json in the data folder cannot be understood.", "Somebody edited it, or something else wrote it.", "Remove it; `standin dev` makes a new one, with a new secret key.", "./.standin/dev.json cannot be understood: secret_key is none of a development server"]),
    own("development_only", &[Denied], ["Only a development server does this.", "The key begins with sk_live_, so the server is one in production: its clock cannot be moved, and nothing can be made to fail there.", "Run it against a server of `standin dev`; `--data DIR` names its folder.", "https://clerk.example.com is a server in production"]),
    own("env_file_of_another_instance", &[Failed], ["The .env file holds the keys of another instance.", "They may be somebody's live keys, so they are not written over unasked.", "`standin env --file FILE --force` replaces them and keeps what was there in a file beside it.", ".env.local holds the CLERK_SECRET_KEY of another instance; nothing was changed"]),
    own("file_exists", &[Denied], ["The file is there already.", "A backup writes over nothing.", "Take another name.", "users.db is there"]),
    own("file_not_found", &[Denied], ["The file is not there.", "The name is mistyped, or it is in another folder.", "Compare the name.", "there is no file backup.db"]),
    own("file_not_private", &[Failed], ["Others can read a file that holds secrets.", "A key that others could read is not used as if nobody had.", "`chmod 600 FILE`; if others did read it, make a new key.", "d/master.key holds secrets and others can read it (mode 644)"]),
    own("io", &[Failed], ["The system refused to read, write or listen.", "The sentence ends with the system's own reason: no right, no space, no such file.", "Mend what it names and run the command again.", "cannot write .env.local: No space left on device"]),
    own("key_not_found", &[Denied], ["No published key has this name.", "It is mistyped, retired, or another instance's.", "`standin jwks list` shows those there are.", "no key kid_x is published"]),
    own("master_key_invalid", &[Failed], ["The master key is none, or not the one.", "The variable or the file holds something else than 32 bytes in base64, or the data was sealed with another key.", "Put the right one back. Without it the signing keys in the data cannot be read.", "STANDIN_MASTER_KEY holds no master key: it must be 32 bytes"]),
    own("master_key_missing", &[Failed], ["There is data, and no master key.", "The key is kept apart from the data on purpose, and did not come along.", "Put master.key back into the folder, or set STANDIN_MASTER_KEY.", "there is data, and no master key to read it with"]),
    own("master_key_wrong", &[Failed], ["The master key is not the one of the backup.", "The backup is of another instance, or the key was changed since.", "Put the key of that time there.", "the master key that is there is not the one of this backup"]),
    own("name_not_local", &[Usage], ["A certificate was asked for a name of the public network.", "The local authority certifies reserved names only, so that its stolen key is worthless elsewhere.", "Use a name that ends in .test or .localhost, or a certificate from a public authority with --tls-cert and --tls-key.", "clerk.example.com is not a name of this machine's own"]),
    own("nobody_signed_in", &[Failed], ["The command of `standin dev --expect-sign-in` succeeded, and nobody signed in while it ran.", "The tests asked another server, made no task, or did not open its link; pages that are signed out can pass tests that only look whether they load.", "The hints say what there was instead. docs/testing.md, \"A signed-out page\", has what to check, one after the other.", "the command succeeded, and nobody signed in while it ran (--expect-sign-in); no task was made either"]),
    own("not_private", &[Failed], ["Others can look into the data folder.", "It holds keys. A folder of Standin's own is closed by itself; this one is somebody else's or holds other things, too.", "Take a folder of its own with --data, or close this one with chmod 700.", "others can look into . (mode 755), and it is more than a data folder"]),
    own("postgresql_has_its_own", &[Failed], ["PostgreSQL is backed up by its own programs.", "They know its versions, its large objects and its replicas.", "pg_dump and pg_restore, as the hints say; `standin db move` writes a SQLite file from it.", "PostgreSQL has its own programs for this"]),
    own("public_url_not_secure", &[Usage], ["Plain http at a name that is not this machine's.", "Browsers do not say there who asks and why, so any page could open links behind somebody's back.", "Use https (`standin trust NAME` makes a certificate), or a name below .localhost.", "at http://clerk.dev.test browsers need https"]),
    own("public_url_unknown", &[Failed], ["The server does not say where browsers reach it.", "It is behind an address that answers for the Backend API only.", "Set CLERK_PROXY_URL to the public address.", "http://10.0.0.5:4747 does not say where browsers reach it"]),
    own("rotation_under_way", &[Denied], ["A new signing key is about to take over already.", "Verifiers need time to learn a key before it signs; until then there is no second one.", "Wait, hurry it with `standin jwks rotate --now`, or call it off with `standin jwks retire KID`.", "ins_2x-b is about to take over already, at 14:03"]),
    own("server_unknown", &[Unreachable], ["No server is known here.", "There is no data folder of `standin dev` where the command runs, and neither option nor variable names a server.", "Start one, run the command in the application's folder, or name it: --api-url and --secret-key, or CLERK_API_URL and CLERK_SECRET_KEY.", "no server is known here: there is no ./.standin/dev.json"]),
    own("server_unreachable", &[Unreachable], ["No server answers at the address.", "It is not running, listens elsewhere, or something between refuses.", "Start it; `standin doctor` looks further.", "no server answers at http://127.0.0.1:4747"]),
    own("signing_key_in_use", &[Denied], ["The key that signs cannot be retired.", "Without it no session would get a token.", "Let another one take over first: `standin jwks rotate --now`.", "ins_2x-a is the one that signs"]),
    own("trust_store_unchanged", &[Failed], ["The authority could not be added to, or taken out of, any trust store.", "It needs rights on the system, or certutil for browsers, and has neither.", "Do it by hand as the hints say.", "the authority could not be added to any trust store"]),
    own("usage", &[Usage], ["The command line cannot be understood.", "An option is missing, unknown or has a value that it cannot have.", "`standin help` and docs/cli.md say how it is used.", "say where the data shall live"]),
    own("user_not_found", &[Denied], ["No user has this identifier.", "It is mistyped, not verified, or another instance's.", "`standin user list --query TEXT` finds people.", "no user has the identifier bob@exmaple.com"]),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::pages::sources;

    /// Every code that the sources give a failure, with the exits they give it. What is passed on from the server has
    /// variables in these places.
    fn given() -> BTreeMap<String, Vec<String>> {
        let mut given: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        for file in sources(&source)
            .into_iter()
            .filter(|file| !file.ends_with("explain/own.rs"))
        {
            let text = fs::read_to_string(&file).unwrap();
            for call in text.split("Failure::new(").skip(1) {
                let mut parts = call.splitn(3, ',').map(str::trim);
                let (exit, code) = (parts.next().unwrap(), parts.next().unwrap());
                let Some(code) = code.strip_prefix('"') else {
                    assert!(
                        file.ends_with("client.rs") && code == "code",
                        "{}: a code is written out where it is given, not `{code}`",
                        file.display()
                    );
                    continue;
                };
                let exits = given
                    .entry(code.trim_end_matches('"').to_owned())
                    .or_default();
                exits.extend(exit.strip_prefix("Exit::").map(ToOwned::to_owned));
            }
        }
        given
    }

    #[test]
    fn every_code_of_the_command_line_is_explained_and_nothing_else() {
        let given = given();
        for (code, exits) in &given {
            let own = ALL.iter().find(|own| own.code == code);
            let own = own.unwrap_or_else(|| panic!("{code} has no row in explain/own.rs"));
            let known: Vec<String> = own.exits.iter().map(|exit| format!("{exit:?}")).collect();
            assert!(
                exits.iter().all(|exit| known.contains(exit)),
                "{code}: {exits:?}"
            );
        }
        for own in ALL {
            assert!(given.contains_key(own.code), "nothing answers {}", own.code);
        }
        assert!(ALL.is_sorted_by(|one, other| one.code < other.code));
    }
}
