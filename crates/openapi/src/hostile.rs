//! Whatever a description says, nothing panics over it, and everything ends.

use std::time::SystemTime;

use architrave_config::ApiRequest;
use proptest::prelude::{ProptestConfig, any, prop, proptest};

use crate::mock::Mock;
use crate::{Description, difference, lint};

const GOOD: &str = "openapi: 3.1.0
info: { title: T, version: '1' }
servers: [{ url: 'https://{h}/v1', variables: { h: { default: a } } }]
security: [{ key: [read] }]
paths:
  /orders/{id}.{end}:
    parameters: [{ name: id, in: path, required: true, schema: { type: integer } }]
    get:
      operationId: show
      deprecated: true
      x-sunset: '2027-01-01'
      parameters: [{ name: q, in: query, style: form, schema: { type: array, items: { type: string, enum: [a, b] } } }]
      responses:
        '200': { description: d, headers: { X-A: { schema: { type: integer } } }, content: { application/json: { schema: { $ref: '#/components/schemas/Order' }, examples: { one: { value: { id: 1 } } } } } }
        2XX: { description: d }
        default: { $ref: '#/components/responses/Bad' }
    put:
      requestBody: { required: true, content: { application/json: { schema: { $ref: '#/components/schemas/Order' } } } }
      responses: { '204': { description: d } }
components:
  securitySchemes: { key: { type: apiKey, in: query, name: k } }
  responses: { Bad: { description: d } }
  schemas:
    Order: { type: object, required: [id], properties: { id: { type: integer, minimum: 3, maximum: 9 }, of: { $ref: '#/components/schemas/Order' }, all: { allOf: [{ $ref: '#/components/schemas/Part' }, { oneOf: [{ type: string }, { type: 'null' }] }] }, list: { type: array, minItems: 2, items: { type: string, format: date } } }, additionalProperties: { type: number, multipleOf: 0.5 } }
    Part: { type: [object, 'null'], properties: { a: { type: string, minLength: 2, pattern: '^a' } } }
";

/// What is put in the place of something.
const PIECES: [&str; 22] = [
    "",
    "\u{20ac}",
    "null",
    "{}",
    "[]",
    "'#'",
    "'#/components/schemas/Order'",
    "'#/paths'",
    "1",
    "-1",
    "1e300",
    "true",
    "{ $ref: '#/components/schemas/Part' }",
    "''",
    "'{'",
    "'{}{}'",
    "object",
    "string",
    "xx",
    "default",
    "'2XX'",
    "0",
];

fn looked_at(one: &Description, other: &Description) {
    let _findings = lint(one);
    let _difference = difference(one, other, SystemTime::UNIX_EPOCH);
    let _back = difference(other, one, SystemTime::UNIX_EPOCH);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn nothing_panics(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..6),
        ask in ".{0,12}",
    ) {
        let mut words: Vec<&str> = GOOD.split_inclusive([' ', ',', '}', ']', ':']).collect();
        for (place, piece) in &edits {
            let at = place.index(words.len());
            words[at] = PIECES[piece.index(PIECES.len())];
            words.insert(at + 1, " ");
        }
        let good = Description::read(GOOD).expect("a description");
        if let Ok(description) = Description::read(&words.concat()) {
            looked_at(&description, &good);
            let mock = Mock::new(description);
            let path = format!("/v1/orders/{ask}");
            for (method, body) in [("GET", ""), ("PUT", "{\"id\": 4}"), ("PUT", &ask)] {
                let headers = [("content-type", "application/json"), ("prefer", ask.as_str())];
                let request = ApiRequest { method, path: &path, query: &ask, headers: &headers, body: body.as_bytes() };
                let _answer = mock.answer(&request);
            }
        }
    }
}
