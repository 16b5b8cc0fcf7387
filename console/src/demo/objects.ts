// What the demo is made of: everything is named `demo-…`, is answered by the gateway itself, and
// goes again in one step.

export const DEMO = "demo-shop";
export const DEMO_V1 = "demo-shop-v1";
export const DEMO_CHAT = "demo-chat";
export const DEMO_APPLICATION = "demo-app";

const item = { type: "object", required: ["sku"], properties: { sku: { type: "string", examples: ["TEA-0042"] }, title: { type: "string", examples: ["Green tea, 100 g"] }, stock: { type: "integer", examples: [12] } } };
const order = { type: "object", required: ["id", "state"], properties: { id: { type: "string", examples: ["ord_1042"] }, state: { type: "string", enum: ["open", "sent", "closed"] }, items: { type: "array", items: item } } };
const json = (schema: object) => ({ "application/json": { schema } });
const id = { name: "id", in: "path", required: true, schema: { type: "string" }, example: "ord_1042" };

/** The description of the shop's API; its second version has orders. */
export function description(version: "1" | "2") {
  const items = { get: { tags: ["items"], operationId: "listItems", summary: "Lists what the shop has", responses: { "200": { description: "The items", content: json({ type: "array", items: item }) } } } };
  const orders = {
    "/orders": {
      get: { tags: ["orders"], operationId: "listOrders", summary: "Lists orders", parameters: [{ name: "state", in: "query", schema: { type: "string", enum: ["open", "sent", "closed"] } }], responses: { "200": { description: "The orders", content: json({ type: "array", items: order }) } } },
      post: { tags: ["orders"], operationId: "createOrder", summary: "Makes an order", requestBody: { required: true, content: json({ type: "object", required: ["items"], properties: { items: { type: "array", items: item } } }) }, responses: { "201": { description: "The order", content: json(order) } } },
    },
    "/orders/{id}": { parameters: [id], get: { tags: ["orders"], operationId: "getOrder", summary: "Shows an order", responses: { "200": { description: "The order", content: json(order) } } } },
  };
  const path = version === "1" ? `/${DEMO_V1}` : `/${DEMO}`;
  return {
    openapi: "3.1.0",
    info: { title: "Demo shop", version, description: "A shop that the gateway makes up: it answers from this description." },
    servers: [{ url: path }],
    security: version === "1" ? [{}] : [{ key: [] }],
    components: { securitySchemes: { key: { type: "http", scheme: "bearer" } } },
    tags: [{ name: "items" }, { name: "orders" }],
    paths: version === "1" ? { "/items": items } : { "/items": items, ...orders },
  };
}

const reply = "This is a made-up answer of a model that the gateway pretends to be, so that you can watch one come in piece by piece.";

/** What is put in force in one step, once both versions of the shop are there. */
export const objects = [
  { kind: "provider", name: "demo-models", config: { name: "demo-models", kind: "mock", mock: { reply: { fixed: reply }, first_token: "120ms", tokens_per_second: 40 } } },
  { kind: "model", name: "demo-fixed", config: { name: "demo-fixed", deployments: [{ provider: "demo-models", model: "fixed" }] } },
  { kind: "model", name: "demo-echo", config: { name: "demo-echo", deployments: [{ provider: "demo-models", model: "echo" }] } },
  { kind: "service", name: DEMO_CHAT, config: { name: DEMO_CHAT, llm: { models: ["demo-fixed", "demo-echo"] }, visibility: "signed_in" } },
  { kind: "route", name: DEMO_CHAT, config: { name: DEMO_CHAT, match: [{ path: { prefix: `/${DEMO_CHAT}` } }], service: DEMO_CHAT } },
  { kind: "product", name: "demo-product", config: { name: "demo-product", title: "Demo", description: "A shop that the gateway makes up, to try plans and keys with.", services: [DEMO], visibility: "signed_in" } },
  { kind: "plan", name: "demo-free", config: { name: "demo-free", product: "demo-product", title: "Free", limits: { requests: "30/m" } } },
  { kind: "plan", name: "demo-gold", config: { name: "demo-gold", product: "demo-product", title: "Gold", limits: { requests: "1000/m" }, approval: "by_hand", questions: [{ name: "purpose", label: "What is it for?", required: true }] } },
];

export const applications = [
  { name: DEMO_APPLICATION, description: "Demo: an application with a key and a plan." },
  { name: "demo-report", description: "Demo: an application that waits for approval." },
];

export const subscriptions = [
  { application: DEMO_APPLICATION, plan: "demo-free", state: "active" },
  { application: "demo-report", plan: "demo-gold", state: "pending", answers: { purpose: "A report every morning" } },
];

/** What is to be gone, those that need others first. */
export const all = [
  { kind: "plan", name: "demo-free" },
  { kind: "plan", name: "demo-gold" },
  { kind: "product", name: "demo-product" },
  { kind: "route", name: DEMO_CHAT },
  { kind: "route", name: DEMO },
  { kind: "route", name: DEMO_V1 },
  { kind: "service", name: DEMO_CHAT },
  { kind: "service", name: DEMO_V1 },
  { kind: "service", name: DEMO },
  { kind: "model", name: "demo-fixed" },
  { kind: "model", name: "demo-echo" },
  { kind: "provider", name: "demo-models" },
];
