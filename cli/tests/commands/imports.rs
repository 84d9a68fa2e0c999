//! `standin user import` and `standin user export` on the data itself.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::world::{Done, World, mode, run, served_once, standin};

const HEADER: &str = "id,first_name,last_name,username,primary_email_address,primary_phone_number,verified_email_addresses,\
unverified_email_addresses,verified_phone_numbers,unverified_phone_numbers,totp_secret,password_digest,password_hasher";
const BCRYPT: &str = "$2a$04$Zq7wJm3Vb1sK0cXuYtRfPemHxko1iGF.qGehI9sAd2PiWcu9nMbfW";

/// A folder with the data of a development server that is stopped.
fn data() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    served_once(folder.path()).ok();
    folder
}

fn import(folder: &Path, file: &str, text: impl AsRef<[u8]>) -> Done {
    fs::write(folder.join(file), text).unwrap();
    run(standin(folder, &["user", "import", file, "--json"]))
}

/// Made, already there, refused.
fn counts(done: &Done) -> [u64; 3] {
    let counts = done.json();
    ["made", "already_there", "refused"].map(|name| counts[name].as_u64().unwrap())
}

fn refused(folder: &Path, file: &str) -> Vec<Value> {
    let text = fs::read_to_string(folder.join(file)).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    lines.collect()
}

/// All users, as JSON Lines.
fn exported(folder: &Path) -> Vec<Value> {
    let done = run(standin(folder, &["user", "export"])).ok();
    let lines = done.stdout.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn with_id(users: &[Value], id: &str) -> Value {
    users.iter().find(|user| user["id"] == id).unwrap().clone()
}

#[test]
fn the_dashboards_export_is_read_and_broken_rows_are_told_one_by_one() {
    let folder = data();
    let text = format!(
        "\u{feff}{HEADER}\r\n\
         user_1,Grace,Hopper,grace,g@example.com,+15555550101,g@example.com|g2@example.com,g3@example.com,+15555550101,,,{BCRYPT},bcrypt\r\n\
         user_2,Hedy,Lamarr,,h@example.com,,,h@example.com,,,JBSWY3DP,,\r\n\
         user_3,too,few\r\n\
         user_4,A,B,,a@example.com,,,,,,,$6$x,sha512\r\n\
         user_5,A,B,,G2@example.com,,,,,,,,\r\n\
         user_1,again,,,again@example.com,,,,,,,,\r\n\
         user_6,\"Quoted, \"\"Name\"\"\",,,q@example.com,,,,,,,,\r\n"
    );
    let done = import(folder.path(), "users.csv", text);
    assert_eq!((done.code, counts(&done)), (1, [3, 0, 4]), "{done:?}");
    assert_eq!(done.json()["second_factors_left_out"], 1);
    let rows = refused(folder.path(), "users.csv.refused.jsonl");
    let told: Vec<_> = rows
        .iter()
        .map(|row| (row["row"].as_u64().unwrap(), row["code"].as_str().unwrap()))
        .collect();
    let wanted = [
        (4, "request_body_invalid"),
        (5, "form_param_value_invalid"),
        (6, "form_identifier_exists"),
        (7, "form_identifier_exists"),
    ];
    assert_eq!(told, wanted);
    assert_eq!(rows[0]["user"], json!(["user_3", "too", "few"]));
    assert_eq!(rows[2]["collides_with_row"], 2);
    assert_eq!(rows[3]["collides_with_row"], 2);
    assert_eq!(
        rows[3]["user"]["primary_email_address"],
        "again@example.com"
    );
    assert_eq!(mode(&folder.path().join("users.csv.refused.jsonl")), 0o600);

    let users = exported(folder.path());
    let grace = with_id(&users, "user_1");
    let addresses = json!(["g@example.com", "g2@example.com", "g3@example.com"]);
    assert_eq!(grace["email_address"], addresses);
    let statuses = json!(["verified", "verified", "unverified"]);
    assert_eq!(grace["email_address_identification_status"], statuses);
    assert_eq!(grace["password_digest"], BCRYPT);
    let hedy = with_id(&users, "user_2");
    assert_eq!(
        hedy["email_address_identification_status"],
        json!(["unverified"])
    );
    assert_eq!(with_id(&users, "user_6")["first_name"], "Quoted, \"Name\"");

    // Mended, the same command makes the rest, and the file of refused rows is gone.
    let mended = format!("{HEADER}\nuser_1,,,grace,,,,,,,,,\nuser_4,A,B,,a@example.com,,,,,,,,\n");
    let done = import(folder.path(), "users.csv", mended).ok();
    assert_eq!(counts(&done), [1, 1, 0]);
    assert!(!folder.path().join("users.csv.refused.jsonl").exists());
}

#[test]
fn a_file_that_was_cut_off_gives_what_is_whole_and_refuses_its_last_line() {
    let folder = data();
    let mut text = String::new();
    for number in 0..1200 {
        let row =
            json!({ "external_id": format!("x{number}"), "username": format!("user-{number}") });
        writeln!(text, "{row}").unwrap();
    }
    let cut = &text[..text.len() - 10];
    let done = import(folder.path(), "users.jsonl", cut);
    assert_eq!((done.code, counts(&done)), (1, [1199, 0, 1]), "{done:?}");
    let rows = refused(folder.path(), "users.jsonl.refused.jsonl");
    assert_eq!(
        (&rows[0]["row"], &rows[0]["code"]),
        (&json!(1200), &json!("request_body_invalid"))
    );
    let done = import(folder.path(), "users.jsonl", &text).ok();
    assert_eq!(counts(&done), [1, 1199, 0]);

    // A CSV file whose quotation never ends takes all that follows with it, and says so.
    let endless = format!(
        "{HEADER}\nuser_1,,,csv1,,,,,,,,,\nuser_2,\"{}",
        "x,\n".repeat(100_000)
    );
    let done = import(folder.path(), "users.csv", endless);
    assert_eq!((done.code, counts(&done)), (1, [1, 0, 1]), "{done:?}");
    let rows = refused(folder.path(), "users.csv.refused.jsonl");
    assert!(
        rows[0]["reason"]
            .as_str()
            .unwrap()
            .contains("quotation mark"),
        "{rows:?}"
    );
}

#[test]
fn an_address_that_a_list_would_make_two_of_is_not_exported_as_csv() {
    let folder = data();
    let user = json!({ "id": "user_1", "email_address": ["a|ada@example.com"] });
    import(folder.path(), "in.jsonl", user.to_string()).ok();
    let done = run(standin(folder.path(), &["user", "export", "all.csv"]));
    assert_eq!(done.code, 1, "{done:?}");
    assert!(
        done.stderr.contains("user_1 has a|ada@example.com"),
        "{done:?}"
    );
    assert!(!folder.path().join("all.csv").exists());
    let shown = with_id(&exported(folder.path()), "user_1");
    assert_eq!(shown["email_address"], user["email_address"]);
}

#[test]
fn unusable_files_are_refused_as_a_whole_and_change_nothing() {
    let folder = data();
    let before = exported(folder.path());
    for (file, text, told) in [
        ("a.csv", "id,shoe_size\nuser_1,42\n", "shoe_size"),
        ("b.csv", "id,username,id\nuser_1,grace,user_2\n", "twice"),
    ] {
        let done = import(folder.path(), file, text);
        assert_eq!(done.code, 2, "{done:?}");
        assert!(done.stdout.contains(told), "{done:?}");
        assert!(!folder.path().join(format!("{file}.refused.jsonl")).exists());
    }
    let missing = run(standin(folder.path(), &["user", "import", "none.jsonl"]));
    assert_eq!(missing.code, 1);
    assert_eq!(exported(folder.path()), before);
    let empty = tempfile::tempdir().unwrap();
    let done = import(empty.path(), "a.jsonl", "");
    assert_ne!(done.code, 0, "there is no data here");
}

#[test]
fn passwords_that_cannot_be_checked_here_can_be_left_behind() {
    let folder = data();
    let row = json!({ "id": "user_1", "username": "grace", "password_digest": "x", "password_hasher": "scrypt_firebase" });
    let done = import(folder.path(), "a.jsonl", row.to_string());
    assert_eq!(counts(&done), [0, 0, 1]);
    let command = ["user", "import", "a.jsonl", "--without-passwords", "--json"];
    let done = run(standin(folder.path(), &command)).ok();
    assert_eq!(counts(&done), [1, 0, 0]);
    assert_eq!(
        with_id(&exported(folder.path()), "user_1").get("password_digest"),
        None
    );
}

#[test]
fn what_is_exported_is_imported_elsewhere_as_it_was_beside_a_running_server() {
    let (from, to) = (data(), World::new());
    let rows = [
        json!({ "id": "user_1", "email_address": ["g@example.com"], "public_metadata": { "a": [1] }, "banned": true }),
        json!({ "id": "user_2", "username": "hedy", "password_digest": BCRYPT, "password_hasher": "bcrypt" }),
    ];
    let lines: Vec<String> = rows.iter().map(ToString::to_string).collect();
    let text = lines.join("\n");
    import(from.path(), "in.jsonl", text).ok();
    for file in ["all.jsonl", "all.csv"] {
        let done = run(standin(from.path(), &["user", "export", file])).ok();
        assert_eq!(done.stdout, "");
        assert_eq!(mode(&from.path().join(file)), 0o600);
    }
    fs::copy(
        from.path().join("all.jsonl"),
        to.folder.path().join("all.jsonl"),
    )
    .unwrap();
    let done = to.run(&["user", "import", "all.jsonl", "--json"]);
    // The first user of a development server is there in both, under ids of their own.
    assert_eq!((done.code, counts(&done)), (1, [2, 0, 1]), "{done:?}");
    let shown = to
        .run(&["user", "show", "g@example.com", "--json"])
        .ok()
        .json();
    assert_eq!(
        (&shown["id"], &shown["banned"]),
        (&json!("user_1"), &json!(true))
    );
    to.task("hedy", &[]).ok();
    let (there, here) = (exported(from.path()), exported(to.folder.path()));
    for id in ["user_1", "user_2"] {
        assert_eq!(with_id(&here, id), with_id(&there, id));
    }
    let csv = fs::read_to_string(from.path().join("all.csv")).unwrap();
    assert_eq!(csv.lines().next().unwrap(), HEADER);
    let elsewhere = data();
    let done = import(elsewhere.path(), "all.csv", csv);
    assert_eq!(counts(&done), [2, 0, 1]);
    assert_eq!(
        with_id(&exported(elsewhere.path()), "user_2")["password_digest"],
        BCRYPT
    );
}
