// Every page of the console and its address, with what of its query is known.
import { isRange } from "../api/questions";
import { invitationSearch } from "../people/search";
import type { Route } from "../ui/router";
import { listSearch } from "../ui/search";
import type { SettingsTab } from "./routes/settings";
import type { TrafficSearch } from "./routes/traffic";

type Raw = Record<string, unknown>;

export const serviceTabs = ["overview", "api", "routes", "upstream", "life", "revisions", "subscribers"] as const;
export type ServiceTab = (typeof serviceTabs)[number];

const one = <T extends string>(raw: unknown, of: readonly T[]) => of.find((word) => word === raw);

const serviceSearch = (raw: Raw) => ({ tab: one(raw.tab, serviceTabs), ...listSearch(raw) });
const settingsSearch = (raw: Raw) => ({
  tab: one<SettingsTab>(raw.tab, ["users", "teams", "audit"]),
  ...listSearch(raw),
});
const text = (raw: unknown) => (typeof raw === "string" && raw ? raw : undefined);
const trafficSearch = (raw: Raw): TrafficSearch => ({
  live: raw.live ? true : undefined,
  service: text(raw.service),
  consumer: text(raw.consumer),
  reason: text(raw.reason),
  status: one(raw.status, ["400", "4", "5"] as const),
});

const analyticsSearch = (raw: Raw) => ({
  ...listSearch(raw),
  range: isRange(raw.range) ? raw.range : undefined,
  by: text(raw.by),
  and: text(raw.and),
  metric: text(raw.metric),
});
const playgroundSearch = (raw: Raw) => ({ model: text(raw.model), beside: text(raw.beside), service: text(raw.service) });

export const routes: Route[] = [
  { path: "/", search: ({ range }) => (isRange(range) ? { range } : {}), load: () => import("./routes/home") },
  { path: "/services", search: listSearch, load: () => import("./routes/services") },
  { path: "/services/$name", search: serviceSearch, load: () => import("./routes/service") },
  { path: "/applications", search: listSearch, load: () => import("../applications/list") },
  { path: "/applications/$name", load: () => import("../applications/page") },
  { path: "/approvals", load: () => import("./routes/approvals") },
  { path: "/traffic", search: trafficSearch, load: () => import("./routes/traffic") },
  { path: "/traffic/$id", load: () => import("./routes/request") },
  { path: "/products", load: () => import("./routes/products") },
  { path: "/analytics", search: analyticsSearch, load: () => import("./routes/analytics") },
  { path: "/playground", search: playgroundSearch, load: () => import("./routes/playground") },
  { path: "/objects", search: (raw) => ({ kind: text(raw.kind), ...listSearch(raw) }), load: () => import("./routes/objects") },
  { path: "/objects/$kind/$name", load: () => import("./routes/object") },
  { path: "/new/$kind", search: ({ from }) => ({ from: text(from) }), load: () => import("./routes/object") },
  { path: "/models", search: listSearch, load: () => import("./routes/models") },
  { path: "/settings", search: settingsSearch, load: () => import("./routes/settings") },
  { path: "/invitation", search: invitationSearch, load: () => import("../people/invitation") },
];
