// What a new object begins with: what must be said of it, and what most have.
import type { Tree } from "../../../form/change";

export function startOf(kind: string, from: string | undefined): Tree {
  switch (kind) {
    case "provider":
      return { name: "", kind: "openai", credentials: [{ value: "" }] };
    case "model":
      return { name: "", strategy: "weighted", deployments: [{ provider: from ?? "", model: "" }], fallbacks: [] };
    case "product":
      return { name: "", services: [], visibility: "signed_in" };
    case "plan":
      return { name: "", product: from ?? "", limits: { requests: "60/m" }, approval: "automatic" };
    case "upstream":
      return { name: "", endpoints: [{ address: "" }] };
    case "route":
      return { name: "", match: [{ path: { prefix: "/" } }], service: from ?? "" };
    case "service":
      return { name: "", http: { upstream: "" } };
    case "listener":
      return { name: "", address: "0.0.0.0:8080", protocol: "http" };
    case "consumer":
      return { name: "", credentials: [{ api_key: "" }] };
    case "mcp_server":
      return { name: "", http: { url: "" } };
    case "identity_provider":
      return { name: "", issuer: "", client_id: "", client_secret: "" };
    default:
      return {};
  }
}
