//! Descriptions of APIs of hundreds of operations, as their owners have published them.

use architrave_testkit::client::get;
use architrave_testkit::{Gateway, SOON, eventually, tools};
use serde_json::{Map, Value, json};

use super::journey::Person;

/// One of them.
struct Published {
    name: &'static str,
    file: &'static str,
    /// The path of one of its operations, and that as clients ask for it.
    path: &'static str,
    target: &'static str,
}

const ALL: [Published; 5] = [
    Published {
        name: "box",
        file: "box.com.json",
        path: "/collections",
        target: "/2.0/collections",
    },
    Published {
        name: "digitalocean",
        file: "digitalocean.com.json",
        path: "/v2/account",
        target: "/v2/account",
    },
    Published {
        name: "github",
        file: "github.com/api.github.com.json",
        path: "/emojis",
        target: "/emojis",
    },
    Published {
        name: "kubernetes",
        file: "kubernetes.io.json",
        path: "/api/v1/configmaps",
        target: "/api/v1/configmaps",
    },
    Published {
        name: "stripe",
        file: "stripe.com.json",
        path: "/v1/balance",
        target: "/v1/balance",
    },
];

const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

fn paths(document: &mut Value) -> &mut Map<String, Value> {
    document["paths"].as_object_mut().expect("a description has paths")
}

/// The owner of a team brings in each, `admin` gives it a host, and it is mocked, compared and
/// counted by operation.
pub(super) fn walk(gateway: &Gateway, owner: &Person<'_>, team: &str, admin: &Person<'_>) {
    for published in ALL {
        bring_in(gateway, &published, owner, team, admin);
    }
    for Published { name, file, path, .. } in ALL {
        let document: Value = serde_json::from_str(&read(file)).expect("a description in JSON");
        let operation = document["paths"][path]["get"]["operationId"].as_str();
        let operation = operation.expect("an operation with an id");
        eventually("the call is written", SOON, || {
            let query = format!("usage/breakdown?by=operation&service={name}");
            let rows = owner.get(&query)["rows"].as_array().cloned().unwrap_or_default();
            let counted = rows.iter().find(|row| row["group"]["operation"] == operation)?;
            (counted["sums"]["requests"] == 1).then_some(())
        });
    }
}

fn read(file: &str) -> String {
    let file = tools::descriptions().join(file);
    std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn bring_in(
    gateway: &Gateway,
    published: &Published,
    owner: &Person<'_>,
    team: &str,
    admin: &Person<'_>,
) {
    let Published { name, file, path, target } = published;
    let text = read(file);
    let mut document: Value = serde_json::from_str(&text).expect("a description in JSON");
    let items = paths(&mut document).values();
    let operations: usize = items
        .map(|item| METHODS.iter().filter(|method| item.get(**method).is_some()).count())
        .sum();
    assert!(operations >= 200, "{name} has {operations} operations");

    let import = format!("services/{name}:import");
    let brought = json!({ "description": text });
    let made = owner.post(&format!("{import}?team={team}"), &brought, 201);
    assert_eq!(made["description"]["operations"], operations, "{name}");
    let host = format!("{name}.example");
    let route = json!({ "name": name, "service": name, "hosts": [host] });
    admin.post(&format!("routes?team={team}"), &route, 201);
    owner.post(&format!("services/{name}:publish"), &json!({ "reason": "ready" }), 200);
    let answer = get(gateway.web(), &host, target, &[]);
    assert_eq!(answer.status, 200, "{name}: {}", answer.text());
    assert!(
        serde_json::from_slice::<Value>(&answer.body).is_ok_and(|body| body.is_object()),
        "{name}: {}",
        answer.text()
    );

    // The same again changes nothing; without one of its paths it breaks who uses it.
    let again = owner.post(&format!("{import}?validate_only=true"), &brought, 200);
    let none = json!({ "added": [], "changed": [], "removed": [], "breaking": [] });
    assert_eq!(again["difference"], none, "{name}");
    paths(&mut document).remove(*path).expect("the path is there");
    let less = json!({ "description": document.to_string() });
    let refused = owner.says("POST", &import, &less, 409);
    assert_eq!(refused["code"], "breaking_changes", "{name}");
}
