// Calls of services through the gateway, from the page's own origin: what is sent and what comes
// back is in an envelope, so that nothing of a service is ever taken for something of ours.
import { Refusal, csrfToken, facePath } from "./client";

export type Call = { service: string; method: string; path: string; fields: [string, string][]; body?: string; signal?: AbortSignal };

export type Answer = {
  status: number;
  fields: [string, string][];
  /** From sending to the head of the answer, in milliseconds. */
  waited: number;
  body: ReadableStream<Uint8Array> | null;
};

export async function call({ service, method, path, fields, body, signal }: Call): Promise<Answer> {
  const headers = new Headers({ "x-try": "1" });
  const token = csrfToken();
  if (token) headers.set("x-csrf-token", token);
  for (const [name, value] of fields) headers.append(`try-${name.toLowerCase()}`, value);
  const began = performance.now();
  let response: Response;
  try {
    response = await fetch(`${facePath}/try/${encodeURIComponent(service)}${path}`, { method, headers, body, signal, redirect: "error", cache: "no-store" });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Refusal(0, { code: "unreachable" });
  }
  const status = response.headers.get("try-status");
  if (!response.ok || status === null) {
    const text = await response.text();
    let problem: object = { detail: text.trim() || response.statusText };
    try {
      problem = JSON.parse(text);
    } catch {
      // Words of a proxy before us.
    }
    throw new Refusal(response.status, problem);
  }
  const told = [...response.headers].filter(([name]) => name.startsWith("try-") && name !== "try-status");
  return { status: Number(status), fields: told.map(([name, value]) => [name.slice(4), value]), waited: performance.now() - began, body: response.body };
}

/** The pieces of an answer as they come, as text. */
export async function* texts(body: ReadableStream<Uint8Array> | null) {
  if (!body) return;
  const reader = body.pipeThrough(new TextDecoderStream() as unknown as ReadableWritablePair<string, Uint8Array>).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    void reader.cancel().catch(() => undefined);
  }
}

/** The data of server-sent events, each as it is whole. */
export async function* events(body: ReadableStream<Uint8Array> | null) {
  let kept = "";
  for await (const text of texts(body)) {
    kept += text.replaceAll("\r\n", "\n");
    for (let end = kept.indexOf("\n\n"); end >= 0; end = kept.indexOf("\n\n")) {
      const data = kept.slice(0, end).split("\n").filter((line) => line.startsWith("data:"));
      kept = kept.slice(end + 2);
      if (data.length) yield data.map((line) => line.slice(5).trimStart()).join("\n");
    }
  }
}
