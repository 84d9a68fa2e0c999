//! Tokens that say which organization is active: what both SDKs make of them, and what each says a caller has.

use serde_json::{Map, Value, json};
use standin::auth::{Auth, Feature, Organization, Permission, Plan, Requirement, Role};

use crate::cases::{Case, Dice};
use crate::tokens;
use crate::world::{Visitor, World};

/// What is asked of both, as `has({ role: … })`.
pub const QUESTIONS: &[(&str, &str)] = &[
    ("role", "admin"),
    ("role", "org:admin"),
    ("role", "org:org:admin"),
    ("role", "Admin"),
    ("role", "member"),
    ("role", ""),
    ("permission", "invoices:read"),
    ("permission", "org:invoices:read"),
    ("permission", "org:org:invoices:read"),
    ("permission", "invoices:write"),
    ("permission", "org:reports:manage"),
    ("permission", "reports:read"),
    ("permission", "a:b:read"),
    ("permission", "invoices"),
    ("permission", ""),
    ("feature", "invoices"),
    ("feature", "org:invoices"),
    ("feature", "o:invoices"),
    ("feature", "organization:invoices"),
    ("feature", "user:invoices"),
    ("feature", "u:reports"),
    ("feature", "reports"),
    ("feature", "ai"),
    ("feature", "user:ai"),
    ("feature", "USER:ai"),
    ("feature", "org:ai"),
    ("feature", "other:ai"),
    ("feature", "a:b"),
    ("feature", "user:a:b"),
    ("feature", ":ai"),
    ("feature", "ai:"),
    ("feature", ""),
    ("plan", "pro"),
    ("plan", "org:pro"),
    ("plan", "user:pro"),
    ("plan", "free"),
    ("plan", "u:free"),
    ("plan", "nothing"),
];

/// What a signed-in caller is and has, as one text.
pub fn of(auth: &Auth) -> String {
    let organization = auth.organization();
    let mut permissions = organization.map(|one| one.permissions().to_vec());
    if let Some(list) = &mut permissions {
        list.sort();
    }
    let (role, slug) = (
        organization
            .map(Organization::role)
            .filter(|role| !role.is_empty()),
        organization.and_then(|one| one.slug()),
    );
    let has = QUESTIONS.iter().map(|(kind, text)| match *kind {
        "role" => auth.has(Role(text)),
        "permission" => auth.has(Permission(text)),
        "feature" => auth.has(Feature(text)),
        _ => auth.has(Plan(text)),
    });
    let both = auth.has((Role("admin"), Plan("pro")));
    let three: &dyn Requirement = &(Role("admin"), Permission("invoices:read"), Feature("ai"));
    let has: Vec<bool> = has.chain([both, auth.has(three)]).collect();
    words(
        organization.map(|one| one.id().as_str()),
        slug,
        role,
        permissions.as_deref().filter(|list| !list.is_empty()),
        &has,
    )
}

/// The same of what the other SDK says.
pub fn of_theirs(answer: &Value) -> String {
    let text = |name: &str| answer["organization"][name].as_str();
    let permissions = answer["organization"]["permissions"].as_array();
    let permissions = permissions.filter(|list| !list.is_empty()).map(|list| {
        let texts = list.iter().filter_map(Value::as_str);
        let mut texts: Vec<String> = texts.map(ToOwned::to_owned).collect();
        texts.sort();
        texts
    });
    let has = answer["has"].as_array().map(Vec::as_slice);
    let has: Vec<bool> = has
        .unwrap_or_default()
        .iter()
        .map(|one| one == &Value::Bool(true))
        .collect();
    let role = text("role").filter(|role| !role.is_empty());
    words(text("id"), text("slug"), role, permissions.as_deref(), &has)
}

fn words(
    id: Option<&str>,
    slug: Option<&str>,
    role: Option<&str>,
    permissions: Option<&[String]>,
    has: &[bool],
) -> String {
    let bits: String = has.iter().map(|yes| if *yes { '1' } else { '0' }).collect();
    format!("{id:?} {slug:?} {role:?} {permissions:?} {bits}")
}

/// Tokens of which what they say of organizations is thrown for.
pub fn cases(dice: &mut Dice, world: &World, visitor: &Visitor) -> Vec<Case> {
    let throw = |_| {
        let said = thrown(dice);
        let mut claims = tokens::claims(world, &visitor.session, 20);
        for (name, value) in &said {
            if value.is_null() {
                claims.as_object_mut().unwrap().remove(name);
            } else {
                claims[name] = value.clone();
            }
        }
        let mut case = Case::page(world);
        let token = world.mint.sign(&world.mint.header(), &claims);
        case.header("authorization", format!("Bearer {token}"));
        case.organization = Some(said.into());
        case
    };
    (0..600).map(throw).collect()
}

fn thrown(dice: &mut Dice) -> Map<String, Value> {
    let mut said = Map::new();
    let mut say = |name: &str, value: Value| said.insert(name.to_owned(), value);
    if dice.once_in(5) {
        say(
            "v",
            dice.pick(&[Value::Null, json!(1), json!(3), json!("2"), json!(2.0)]),
        );
    }
    if !dice.once_in(6) {
        let mut organization = json!({ "id": "org_1" });
        let mut tell = |name: &str, texts: &[&str]| {
            let text = dice.pick(texts);
            if text != "-" {
                organization[name] = text.into();
            }
        };
        tell("slg", &["acme", "acme", "", "-"]);
        tell(
            "rol",
            &["admin", "admin", "member", "org:admin", "Admin", "", "-"],
        );
        tell(
            "per",
            &[
                "read",
                "read,write,manage",
                "read,write,manage",
                "read, write ,manage",
                "manage,read",
                "-",
            ],
        );
        tell(
            "fpm",
            &[
                "1",
                "3,5",
                "7,2,1",
                "0,4",
                "007,1",
                " 3 , 1",
                "x,3",
                "-1,3",
                "3.9",
                "0x3,3",
                "18446744073709551617,1",
                "-",
            ],
        );
        say("o", organization);
    }
    let features = [
        "-",
        "o:invoices",
        "o:invoices,o:reports",
        "u:ai,o:invoices,uo:reports",
        "ou:invoices,u:ai",
        " o:invoices , u:ai",
        "x:invoices,o:reports",
        "oo:invoices",
        "O:invoices",
        "o:a:b,u:a:b",
        "u: ai",
        "u:invoices",
        "o:invoices,o:invoices",
        "invoices",
        "o:invoices,",
        "",
    ];
    let features = dice.pick(&features);
    if features != "-" {
        say("fea", features.into());
    }
    let plans = dice.pick(&[
        "-",
        "u:free",
        "u:free,o:pro",
        "uo:pro",
        "o:pro",
        "x:pro",
        "pro",
        "o: pro",
    ]);
    if plans != "-" {
        say("pla", plans.into());
    }
    if dice.once_in(4) {
        say("org_id", "org_2".into());
        say(
            "org_role",
            dice.pick(&["org:admin", "admin", "org:member", ""]).into(),
        );
        if !dice.once_in(3) {
            say("org_slug", "old".into());
        }
        let lists = [
            json!(["org:invoices:read"]),
            json!(["org:reports:manage", "invoices:write"]),
            json!([]),
            Value::Null,
        ];
        say("org_permissions", dice.pick(&lists));
    }
    said
}
