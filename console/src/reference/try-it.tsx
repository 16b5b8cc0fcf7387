// Makes a call of an operation through the gateway, with what the reader fills in and their own key,
// and shows the answer as it comes.
import { type FormEvent, useRef, useState } from "react";
import { call, texts } from "../api/try";
import { useTranslation } from "../i18n/use";
import { duration } from "../ui/number";
import { Button, Fault, Field, TextArea } from "../ui/parts";
import { type Node, type Operation, sample } from "./read";

/** How much of an answer is shown, in characters: more is nothing to read. */
const SHOWN_MAX = 200_000;

type Shown = { status: number; waited: number; fields: [string, string][]; text: string; isCut: boolean; isWhole: boolean };
type Props = { service: string; operation: Operation; root: Node; base: string; credential: string; onCredential: (credential: string) => void };

export function TryIt({ service, operation, root, base, credential, onCredential }: Props) {
  const { t } = useTranslation();
  const asked = operation.parameters.filter((one) => one.in !== "cookie");
  const first = (name: string, schema: Node | undefined, example: unknown) => {
    const value = example ?? (operation.parameters.find((one) => one.name === name)?.required ? sample(root, schema) : "");
    return typeof value === "object" ? JSON.stringify(value) : String(value ?? "");
  };
  const [values, setValues] = useState(() =>
    Object.fromEntries(asked.map((one) => [`${one.in} ${one.name}`, first(one.name, one.schema, (one as Node).example)])),
  );
  const [text, setText] = useState(() =>
    operation.body ? JSON.stringify(operation.body.example ?? sample(root, operation.body.schema), null, 2) ?? "" : "",
  );
  const [shown, setShown] = useState<Shown>();
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const stop = useRef<AbortController>(undefined);

  const send = async (event: FormEvent) => {
    event.preventDefault();
    setError(undefined);
    setShown(undefined);
    setBusy(true);
    stop.current = new AbortController();
    const { signal } = stop.current;
    try {
      const fields: [string, string][] = asked.filter((one) => one.in === "header").flatMap((one) => (values[`header ${one.name}`] ? [[one.name, values[`header ${one.name}`] ?? ""]] : []));
      if (credential.trim()) fields.push(["authorization", `Bearer ${credential.trim()}`]);
      if (operation.body) fields.push(["content-type", operation.body.mediaType]);
      const answer = await call({ service, method: operation.method, path: base + pathOf(operation, values), fields, body: operation.body ? text : undefined, signal });
      const now: Shown = { status: answer.status, waited: answer.waited, fields: answer.fields, text: "", isCut: false, isWhole: false };
      setShown(now);
      for await (const piece of texts(answer.body)) {
        now.text += piece;
        if (now.text.length > SHOWN_MAX) {
          now.text = now.text.slice(0, SHOWN_MAX);
          now.isCut = true;
        }
        setShown({ ...now });
        if (now.isCut) break;
      }
      setShown({ ...now, isWhole: true });
    } catch (fault) {
      if (!signal.aborted) setError(fault);
    } finally {
      setBusy(false);
    }
  };

  return (
    <form onSubmit={send} aria-label={t("try_it")} className="flex flex-col gap-4 border-t border-rule pt-4">
      <h3 className="text-sm font-medium">{t("try_it")}</h3>
      <Field label={t("key")} hint={t("try_key_hint")} type="password" autoComplete="off" value={credential} onChange={(event) => onCredential(event.target.value)} />
      {asked.map((one) => {
        const place = `${one.in} ${one.name}`;
        return <Field key={place} label={one.name} hint={t(`in_${one.in}`)} className="font-mono" required={one.in === "path"} value={values[place] ?? ""} onChange={(event) => setValues({ ...values, [place]: event.target.value })} />;
      })}
      {operation.body && <TextArea label={t("try_body")} hint={operation.body.mediaType} className="font-mono text-[13px]" spellCheck={false} rows={Math.min(text.split("\n").length + 1, 14)} value={text} onChange={(event) => setText(event.target.value)} />}
      <div className="flex gap-2">
        <Button type="submit" busy={isBusy}>
          {t("try_send")}
        </Button>
        {isBusy && <Button kind="quiet" onClick={() => stop.current?.abort()}>{t("stop")}</Button>}
      </div>
      <Fault error={error} />
      {shown && <Answer shown={shown} />}
    </form>
  );
}

function Answer({ shown }: { shown: Shown }) {
  const { t } = useTranslation();
  const type = shown.fields.find(([name]) => name === "content-type")?.[1] ?? "";
  return (
    <section aria-label={t("try_answer")} className="flex flex-col gap-2">
      <p role="status" className="flex flex-wrap gap-x-4 font-mono text-[13px]">
        <span className={shown.status >= 400 ? "font-medium text-clay" : "font-medium"}>{shown.status}</span>
        <span className="text-muted">{duration(shown.waited * 1000)}</span>
        <span className="break-all text-muted">{type}</span>
      </p>
      <details>
        <summary className="text-xs text-muted">{t("try_fields")}</summary>
        <pre tabIndex={0} className="overflow-x-auto pt-2 font-mono text-xs">{shown.fields.map(([name, value]) => `${name}: ${value}`).join("\n")}</pre>
      </details>
      {shown.text ? (
        <pre tabIndex={0} className="max-h-96 overflow-auto rounded-md border border-rule bg-wash p-3 font-mono text-[13px] leading-5">{shown.isWhole && !shown.isCut && type.includes("json") ? laidOut(shown.text) : shown.text}</pre>
      ) : (
        shown.isWhole && <p className="text-muted">{t("try_empty")}</p>
      )}
      {shown.isCut && <p className="text-xs text-muted">{t("try_cut")}</p>}
    </section>
  );
}

function laidOut(text: string) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function pathOf(operation: Operation, values: Record<string, string>) {
  const path = operation.path.replace(/\{([^}]+)\}/g, (_, name: string) => encodeURIComponent(values[`path ${name}`] ?? ""));
  const query = operation.parameters.flatMap((one) => {
    const value = one.in === "query" && values[`query ${one.name}`];
    return value ? [`${encodeURIComponent(one.name)}=${encodeURIComponent(value)}`] : [];
  });
  return query.length ? `${path}?${query.join("&")}` : path;
}

/** Where the operations of a description are at the gateway, without host. */
export function gatewayPath(server: string) {
  return server.replace(/^\$GATEWAY/, "").replace(/^[a-z]+:\/\/[^/]*/, "").replace(/^\/\/[^/]*/, "").replace(/\/$/, "");
}
