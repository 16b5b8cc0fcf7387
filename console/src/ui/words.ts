// What is told in words of the API, as the pages say it.
import type { Schemas } from "../api/client";
import type { Translate } from "../i18n/start";
import { count } from "./number";
import type { Shape } from "./parts";

type Endpoint = Pick<Schemas["EndpointBody"], "health" | "ejected_for_ms" | "is_draining">;

const HEALTHS = ["healthy", "unhealthy", "ejected", "unprobed"];

export const healthWord = (health: string) =>
  HEALTHS.includes(health) ? `health_${health}` : health;

export const isUnwell = ({ health, ejected_for_ms }: Endpoint) =>
  health === "unhealthy" || health === "ejected" || (ejected_for_ms ?? 0) > 0;

export function healthShape(endpoint: Endpoint): Shape {
  if (isUnwell(endpoint)) return "bad";
  if (endpoint.is_draining) return "wait";
  return endpoint.health === "healthy" ? "good" : "calm";
}

type Service = Schemas["Service"];

/** Where a service is in its life, with what is said of it beside. */
export function lifeOf(config: Service) {
  const state = config.state ?? "published";
  const isSuspended = !!config.suspended && ["published", "deprecated"].includes(state);
  return isSuspended ? "suspended" : state;
}

export function lifeShape(state: string): Shape {
  if (state === "published") return "good";
  if (state === "deprecated" || state === "in_review") return "wait";
  return state === "suspended" ? "bad" : "calm";
}

export function kindOf(config: Service) {
  if (config.llm) return "llm";
  if (config.prompt) return "prompt";
  return config.http?.mock ? "mock" : "http";
}

export function subscriptionShape(state: string): Shape {
  if (state === "active") return "good";
  if (state === "pending") return "wait";
  return state === "suspended" ? "bad" : "calm";
}

export function leadsTo(route: Schemas["Route"], service: string) {
  return route.service === service || !!route.services?.some(({ name }) => name === service);
}

const spans: Record<string, string> = { s: "per_second", m: "per_minute", h: "per_hour", d: "per_day" };

/** What a plan grants, a line each. */
export function planFacts(t: Translate, { limits, budgets, price_note }: Schemas["Plan"]) {
  const amount = (unit: string, value: number) => t(`unit_${unit}`, { count: value, shown: count(value) });
  const rate = (unit: string, text: string) => {
    const [, number, span] = /^(\d+)\/([smhd])$/.exec(text) ?? [];
    // Other spans, such as `10/30s`, stand as they are written.
    return number ? `${amount(unit, Number(number))} ${t(spans[span ?? ""] ?? "")}` : `${text} · ${t(unit)}`;
  };
  return [
    limits?.requests && rate("requests", limits.requests),
    limits?.tokens && rate("tokens", limits.tokens),
    limits?.parallel && `${amount("requests", limits.parallel)} ${t("at_once")}`,
    ...(budgets ?? []).map(({ money, tokens, per }) => `${money ?? amount("tokens", tokens ?? 0)} ${t(`per_${per}`)}`),
    price_note,
  ].filter((fact): fact is string => !!fact);
}
