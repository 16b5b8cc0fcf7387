// Asks models through the gateway, one or two side by side, and shows each answer as it comes with
// what it took.
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useId, useRef, useState } from "react";
import { models, routes, services } from "../../api/questions";
import { useTranslation } from "../../i18n/use";
import { Empty, Page, Pending } from "../../ui/page";
import { Button, Choice, Field, TextArea, buttonLook, cx } from "../../ui/parts";
import { Link, useNavigate, useSearch } from "../../ui/router";
import { type Facts, type Said, type Tool, ask, chatPath, toolsOf } from "./playground/ask";
import { Turn } from "./playground/turn";

type Side = { said: Said[]; facts: Facts[]; error?: string };
const empty: Side = { said: [], facts: [] };

export default function Playground() {
  const { t } = useTranslation();
  const all = useQuery(services);
  const ways = useQuery(routes);
  const listed = useQuery(models);
  if (!all.data || !ways.data || !listed.data) {
    return (
      <Page title={t("nav_playground")}>
        <Pending error={all.error ?? ways.error ?? listed.error} />
      </Page>
    );
  }
  const places = all.data.flatMap(({ name, config }) => {
    const path = config.llm && chatPath(name, ways.data.map((route) => route.config));
    return path ? [{ name, path }] : [];
  });
  if (places.length === 0 || listed.data.length === 0) {
    const kind = listed.data.length === 0 ? "model" : "service";
    return (
      <Page title={t("nav_playground")} about={t("playground_about")}>
        <Empty
          title={t(`playground_no_${kind}`)}
          action={
            <Link to="/new/$kind" params={{ kind }} className={buttonLook("main")}>
              {t("new_of_kind", { kind: t(`object_${kind}`) })}
            </Link>
          }
        >
          {t(`playground_no_${kind}_about`)}
        </Empty>
      </Page>
    );
  }
  return <Talk places={places} names={listed.data.map(({ name }) => name)} />;
}

function Talk({ places, names }: { places: { name: string; path: string }[]; names: string[] }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const search = useSearch<{ model?: string; beside?: string; service?: string }>();
  const place = places.find(({ name }) => name === search.service) ?? places[0];
  const chosen = [search.model ?? names[0] ?? "", ...(search.beside ? [search.beside] : [])];
  const [key, setKey] = useState("");
  const [system, setSystem] = useState("");
  const [tools, setTools] = useState("");
  const [text, setText] = useState("");
  const [sides, setSides] = useState<Side[]>([empty, empty]);
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<string>();
  const stop = useRef<AbortController>(undefined);
  const list = useId();
  const choose = (change: object) => navigate({ to: ".", search: (now) => ({ ...now, ...change }), replace: true });
  const change = (at: number, how: (side: Side) => Side) => setSides((now) => now.map((side, other) => (other === at ? how(side) : side)));

  const send = async (event: FormEvent) => {
    event.preventDefault();
    if (!place || !text.trim()) return;
    let offered: Tool[];
    try {
      offered = toolsOf(tools);
      setFault(undefined);
    } catch (error) {
      setFault(String((error as Error).message));
      return;
    }
    const asked: Said = { role: "user", text };
    setText("");
    setBusy(true);
    stop.current = new AbortController();
    const { signal } = stop.current;
    await Promise.all(
      chosen.map(async (model, at) => {
        const before = [...(sides[at]?.said ?? []), asked];
        change(at, (side) => ({ ...side, said: [...before, { role: "assistant", text: "" }], error: undefined }));
        try {
          const facts = await ask({ place, model, key, system, tools: offered, said: before, signal }, (said) =>
            change(at, (side) => ({ ...side, said: [...before, said] })),
          );
          change(at, (side) => ({ ...side, facts: [...side.facts, facts] }));
        } catch (error) {
          const message = signal.aborted ? t("stopped") : String((error as Error).message);
          change(at, (side) => ({ ...side, facts: [...side.facts, {}], error: message }));
        }
      }),
    );
    setBusy(false);
  };

  return (
    <Page
      title={t("nav_playground")}
      about={t("playground_about")}
      actions={
        <Button disabled={busy} onClick={() => setSides([empty, empty])}>
          {t("begin_anew")}
        </Button>
      }
    >
      <div className="grid gap-8 lg:grid-cols-[16rem_minmax(0,1fr)]">
        <div className="flex flex-col gap-4">
          <datalist id={list}>
            {names.map((name) => (
              <option key={name} value={name} />
            ))}
          </datalist>
          <Field label={t("model")} list={list} value={chosen[0] ?? ""} className="font-mono" onChange={(event) => choose({ model: event.target.value })} />
          <Field label={t("model_beside")} hint={t("model_beside_hint")} list={list} value={search.beside ?? ""} className="font-mono" onChange={(event) => choose({ beside: event.target.value || undefined })} />
          {places.length > 1 && (
            <Choice label={t("service")} value={place?.name} onChange={(event) => choose({ service: event.target.value })}>
              {places.map(({ name }) => (
                <option key={name}>{name}</option>
              ))}
            </Choice>
          )}
          <Field label={t("key")} hint={t("try_key_hint")} type="password" autoComplete="off" value={key} onChange={(event) => setKey(event.target.value)} />
          <TextArea label={t("system_prompt")} value={system} rows={3} onChange={(event) => setSystem(event.target.value)} />
          <details>
            <summary className="text-sm font-medium">{t("tools")}</summary>
            <div className="pt-3">
              <TextArea label={t("tools_json")} hint={t("tools_hint")} fault={fault} className="font-mono text-xs" spellCheck={false} rows={6} value={tools} onChange={(event) => setTools(event.target.value)} />
            </div>
          </details>
        </div>
        <div className="flex min-w-0 flex-col gap-6">
          <div className={cx("grid gap-8", chosen.length > 1 && "xl:grid-cols-2")}>
            {chosen.map((model, at) => (
              <section key={at} aria-label={model} className="flex min-w-0 flex-col gap-4">
                <h2 className="border-b border-rule pb-2 font-mono text-[13px] font-medium break-all">{model}</h2>
                {(sides[at]?.said.length ?? 0) === 0 && <p className="text-muted">{t("playground_empty")}</p>}
                {sides[at]?.said.map((said, index) => (
                  <Turn key={index} said={said} facts={said.role === "assistant" ? sides[at]?.facts[(index - 1) / 2] : undefined} isComing={busy && index === (sides[at]?.said.length ?? 0) - 1} />
                ))}
                {sides[at]?.error && (
                  <p role="alert" className="border-l-4 border-clay bg-claywash px-3 py-2 break-words">
                    {sides[at].error}
                  </p>
                )}
              </section>
            ))}
          </div>
          <form onSubmit={send} className="sticky bottom-0 flex flex-col gap-2 border-t border-rule bg-paper py-4">
            <TextArea
              label={t("message")}
              value={text}
              rows={3}
              className="min-h-16"
              onChange={(event) => setText(event.target.value)}
              onKeyDown={(event) => {
                if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.currentTarget.form?.requestSubmit();
              }}
            />
            <div className="flex items-center gap-2">
              <Button type="submit" kind="main" busy={busy} disabled={!text.trim()}>
                {t("send")}
              </Button>
              {busy && <Button onClick={() => stop.current?.abort()}>{t("stop")}</Button>}
              <kbd className="font-mono text-xs text-muted max-sm:hidden">Ctrl Enter</kbd>
            </div>
          </form>
        </div>
      </div>
    </Page>
  );
}
