//! Providers are tested before they are saved, and afterwards; nothing of it is kept but that
//! somebody has asked.

use serde_json::{Value, json};

use crate::home::each_database;

const TEST: &str = "/api/v1/providers:test";

fn provider(name: &str, key: &str) -> Value {
    json!({
        "name": name,
        "kind": "openai_compatible",
        "base_url": "https://models.example/v1",
        "credentials": [{ "value": key }],
    })
}

#[test]
fn a_provider_is_tested_before_it_is_saved_and_nothing_of_it_is_kept() {
    each_database(async |home| {
        let admin = home.set_up().await;
        let reply = home.send(&admin, "POST", TEST, &provider("lab", "k-very-secret")).await;
        assert_eq!(reply.status(), 200, "{reply}");
        let told = json!({
            "provider": "lab",
            "model": null,
            "passed": true,
            "credentials": [{
                "credential": "main",
                "passed": true,
                "asked": "GET https://models.example/v1/models",
                "reachable": true,
                "address": "192.0.2.7:443",
                "tls": "TLSv1.3",
                "status": 200,
                "authenticated": true,
                "models": ["small"],
                "model_count": 1,
                "latency_ms": 12.3,
                "error": null,
                "note": null,
            }],
        });
        assert_eq!(reply.json(), told);
        let wrong = home.send(&admin, "POST", TEST, &provider("lab", "wrong")).await;
        assert_eq!((wrong.status(), &wrong.json()["passed"]), (200, &json!(false)));
        assert_eq!(wrong.json()["credentials"][0]["error"]["reason"], "credential_refused");
        // It is not there, and what was shown stands nowhere.
        let path = "/api/v1/providers/lab";
        assert_eq!(home.get(&admin, path).await.code(), "object_not_found");
        let audit = home.get(&admin, "/api/v1/audit?action=test_new_provider").await;
        assert_eq!(audit.json()["audit"].as_array().map(Vec::len), Some(2), "{audit}");
        assert_eq!(audit.json()["audit"][0]["name"], "lab");
        assert!(!audit.text().contains("k-very-secret"), "{audit}");
    });
}

#[test]
fn a_provider_that_is_there_is_tested_by_its_name_and_a_model_may_be_named() {
    each_database(async |home| {
        let admin = home.set_up().await;
        let body = json!({ "name": "wide", "kind": "mock" });
        assert_eq!(home.send(&admin, "POST", "/api/v1/providers", &body).await.status(), 201);
        let path = "/api/v1/providers/wide:test?model=meta%2Fsmall";
        let reply = home.send(&admin, "POST", path, &Value::Null).await;
        assert_eq!((reply.status(), &reply.json()["model"]), (200, &json!("meta/small")));
        assert_eq!(reply.json()["credentials"][0]["models"], Value::Null);
        assert_eq!(home.actions(&admin).await[0], "test_provider");
        let nobody = home.send(&admin, "POST", "/api/v1/providers/none:test", &Value::Null).await;
        assert_eq!((nobody.status(), nobody.code().as_str()), (404, "object_not_found"));
        let busy = home.send(&admin, "POST", TEST, &provider("busy", "k")).await;
        assert_eq!((busy.status(), busy.code().as_str()), (503, "too_many_tests"));
        for wrong in ["?model=", "?model=a%20b", "?modell=x"] {
            let path = format!("/api/v1/providers/wide:test{wrong}");
            let reply = home.send(&admin, "POST", &path, &Value::Null).await;
            assert_eq!((reply.status(), reply.code().as_str()), (400, "query_invalid"), "{wrong}");
        }
    });
}

#[test]
fn what_could_not_be_saved_is_not_asked() {
    each_database(async |home| {
        let admin = home.set_up().await;
        let mut substituted = provider("lab", "${env:OPENAI_API_KEY}");
        let reply = home.send(&admin, "POST", TEST, &substituted).await;
        assert_eq!((reply.status(), reply.code().as_str()), (422, "object_invalid"), "{reply}");
        // What is stored of another is sent to nobody by this.
        substituted["credentials"] = json!([{ "name": "main", "value": { "has_value": true } }]);
        let reply = home.send(&admin, "POST", TEST, &substituted).await;
        assert_eq!((reply.status(), reply.code().as_str()), (422, "object_invalid"), "{reply}");
        for body in [json!({}), provider("No Name", "k")] {
            let reply = home.send(&admin, "POST", TEST, &body).await;
            assert_eq!(reply.status(), 422, "{reply}");
            assert_eq!(reply.json()["errors"][0]["pointer"], "/name");
        }
    });
}
