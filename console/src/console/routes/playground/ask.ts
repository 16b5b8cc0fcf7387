// One question to a model, in the words of OpenAI's chat, and its answer as it comes.
import { Refusal, type Schemas } from "../../../api/client";
import { call, events, texts } from "../../../api/try";
import { leadsTo } from "../../../ui/words";

export type ToolCall = { name: string; arguments: string };
export type Said = { role: "user" | "assistant"; text: string; thought?: string; calls?: ToolCall[] };
export type Tool = Record<string, unknown>;
export type Facts = {
  deployment?: string;
  attempts?: string;
  cost?: string;
  cache?: string;
  request?: string;
  prompt?: number;
  completion?: number;
  /** To the first token and to the last one, in milliseconds. */
  first?: number;
  whole?: number;
};

/** Where a service of models takes chat, by a route to it. */
export function chatPath(service: string, routes: Schemas["Route"][]): string | undefined {
  for (const route of routes) {
    if (!leadsTo(route, service)) continue;
    const { path } = route.match?.[0] ?? {};
    if (path?.regex || path?.exact) continue;
    const prefix = (path?.prefix ?? "/").replace(/\/+$/, "");
    // With the whole path kept, the prefix is the beginning of the words themselves.
    return route.keep_prefix ? "/v1/chat/completions" : `${prefix}/v1/chat/completions`;
  }
  return undefined;
}

/** Tools as they are written: a list of functions, each with its name and the schema of its arguments. */
export function toolsOf(text: string): Tool[] {
  if (!text.trim()) return [];
  const read: unknown = JSON.parse(text);
  if (!Array.isArray(read)) throw new Error("a list of tools begins with [");
  return read.map((one: Tool) => (one.type ? one : { type: "function", function: one }));
}

export type Question = { place: { name: string; path: string }; model: string; key: string; system: string; tools: Tool[]; said: Said[]; signal: AbortSignal };

type Chunk = {
  choices?: { delta?: { content?: string | null; reasoning_content?: string | null; tool_calls?: { index: number; function?: { name?: string; arguments?: string } }[] } }[];
  usage?: { prompt_tokens?: number; completion_tokens?: number } | null;
  error?: { message?: string };
};

export async function ask({ place, model, key, system, tools, said, signal }: Question, tell: (said: Said) => void): Promise<Facts> {
  const messages = [...(system.trim() ? [{ role: "system", content: system }] : []), ...said.map((one) => ({ role: one.role, content: one.text }))];
  const body = { model, messages, stream: true, stream_options: { include_usage: true }, ...(tools.length ? { tools } : {}) };
  const fields: [string, string][] = [["content-type", "application/json"]];
  if (key.trim()) fields.push(["authorization", `Bearer ${key.trim()}`]);
  const began = performance.now();
  const answer = await call({ service: place.name, method: "POST", path: place.path, fields, body: JSON.stringify(body), signal });
  const field = (name: string) => answer.fields.find(([other]) => other === name)?.[1];
  if (answer.status >= 300) {
    let text = "";
    for await (const piece of texts(answer.body)) text += piece;
    throw new Refusal(answer.status, { detail: `${answer.status}: ${messageOf(text)}` });
  }
  const facts: Facts = {
    deployment: field("x-architrave-deployment"),
    attempts: field("x-architrave-attempts"),
    cost: field("x-architrave-cost"),
    cache: field("x-architrave-cache"),
    request: field("x-request-id"),
  };
  const now: Said = { role: "assistant", text: "" };
  for await (const data of events(answer.body)) {
    if (data === "[DONE]") continue;
    const chunk = JSON.parse(data) as Chunk;
    if (chunk.error) throw new Error(chunk.error.message ?? data);
    const delta = chunk.choices?.[0]?.delta;
    if (delta && facts.first === undefined && (delta.content || delta.reasoning_content || delta.tool_calls)) facts.first = performance.now() - began;
    now.text += delta?.content ?? "";
    if (delta?.reasoning_content) now.thought = (now.thought ?? "") + delta.reasoning_content;
    for (const one of delta?.tool_calls ?? []) {
      const calls = [...(now.calls ?? [])];
      const before = calls[one.index] ?? { name: "", arguments: "" };
      calls[one.index] = { name: before.name + (one.function?.name ?? ""), arguments: before.arguments + (one.function?.arguments ?? "") };
      now.calls = calls;
    }
    if (chunk.usage) {
      facts.prompt = chunk.usage.prompt_tokens;
      facts.completion = chunk.usage.completion_tokens;
      const { cost } = chunk.usage as { cost?: number | string };
      if (cost !== undefined) facts.cost ??= String(cost);
    }
    tell({ ...now });
  }
  facts.whole = performance.now() - began;
  return facts;
}

function messageOf(text: string): string {
  try {
    const read = JSON.parse(text) as { error?: { message?: string } | string; detail?: string; message?: string };
    const { error } = read;
    return (typeof error === "object" ? error.message : error) ?? read.detail ?? read.message ?? text;
  } catch {
    return text.slice(0, 500);
  }
}
