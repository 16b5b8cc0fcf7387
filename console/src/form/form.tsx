// The form of an object: made anew or changed, with what comes of it beside as YAML and as curl.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useCallback, useMemo, useState } from "react";
import { stringify } from "yaml";
import { Refusal, apiRoot, tagOf } from "../api/client";
import { type AnyObject, changeObject, isOnly, makeObject, objects, pathOf, pluralOf, readObject } from "../api/objects";
import { useTranslation } from "../i18n/use";
import { Button, Code, Fault } from "../ui/parts";
import { type Tree, isSame, merge, patchOf } from "./change";
import { Merging } from "./merging";
import { Facts, Members } from "./part";
import { kindNamed, resolve, schemaOf, type Node } from "./schema";

export type FormProps = {
  kind: string;
  /** What is changed; nothing where it is made. */
  object?: AnyObject;
  start?: Tree;
  team?: string;
  onSaved: (object: AnyObject) => void;
  /** What else can be done with it as it stands in the form. */
  beside?: (config: Tree, isChanged: boolean) => ReactNode;
};

export function ObjectForm({ kind, object, start = {}, team, onSaved, beside }: FormProps) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const schema = schemaOf(kind) ?? {};
  const [seen, setSeen] = useState(object);
  const [config, setConfig] = useState<Tree>(object?.config ?? start);
  const [blocked, setBlocked] = useState<string[]>([]);
  const [latest, setLatest] = useState<AnyObject>();
  // A form whose parts keep what was typed begins anew with what comes from a merge.
  const [turn, setTurn] = useState(0);
  const patch = useMemo(() => patchOf(seen?.config ?? {}, config), [seen, config]);
  const isChanged = !isSame(patch, {});
  const save = useMutation({
    mutationFn: () => (seen ? changeObject(seen, patch) : makeObject(kind, config, team)),
    onSuccess: async (saved) => {
      await queries.invalidateQueries();
      onSaved(saved);
    },
    onError: async (error) => {
      if (error instanceof Refusal && error.status === 412 && seen) setLatest(await readObject(kind, seen.name));
    },
  });
  const faults = useMemo(() => {
    const errors = save.error instanceof Refusal ? (save.error.problem.errors ?? []) : [];
    return new Map(errors.flatMap((one) => (one.pointer ? [[one.pointer, [one.message, one.suggestion].filter(Boolean).join(" · ")]] : [])));
  }, [save.error]);
  const names = useNames(schema);
  const block = useCallback(
    (pointer: string, isBlocked: boolean) => setBlocked((all) => [...all.filter((one) => one !== pointer), ...(isBlocked ? [pointer] : [])]),
    [],
  );
  const facts = useMemo(() => ({ faults, names, block }), [faults, names, block]);
  const isReadOnly = seen?.origin === "file";
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (blocked.length > 0) return;
    // What is as it was is not sent: it would be a change by nobody.
    if (seen && !isChanged) onSaved(seen);
    else save.mutate();
  };
  const take = (next: Tree) => {
    if (!latest) return;
    setSeen(latest);
    setConfig(next);
    setLatest(undefined);
    setTurn(turn + 1);
    save.reset();
  };
  return (
    <div className="grid gap-8 lg:grid-cols-[minmax(0,1fr)_minmax(0,26rem)]">
      <form onSubmit={submit} noValidate className="flex min-w-0 flex-col gap-6">
        <fieldset disabled={isReadOnly} className="min-w-0">
          <legend className="sr-only">{t("form_of", { kind })}</legend>
          <Facts value={facts}>
            <Members key={turn} node={resolve(schema)} value={config} pointer="" without={seen ? ["name", "team"] : ["team"]} numbered={kind === "policies"} onChange={setConfig} />
          </Facts>
        </fieldset>
        {latest && seen ? (
          <Merging merge={merge(seen.config, config, latest.config)} onTake={take} theirs={latest.config} />
        ) : (
          <Fault error={save.error} />
        )}
        <div className="sticky bottom-0 -mx-1 flex flex-wrap items-center gap-2 border-t border-rule bg-paper px-1 py-3">
          <Button type="submit" kind="main" busy={save.isPending} disabled={isReadOnly || blocked.length > 0 || !!latest}>
            {t(seen ? "save" : "make")}
          </Button>
          {beside?.(config, isChanged)}
          {seen && <span className="text-xs text-muted" aria-live="polite">{t(isChanged ? "form_changed" : "form_unchanged", { count: Object.keys(patch).length })}</span>}
        </div>
      </form>
      <aside aria-label={t("form_result")} className="flex min-w-0 flex-col gap-4 lg:sticky lg:top-8 lg:self-start">
        <Code label="YAML" text={yamlOf(kind, config)} />
        <Code text={curlOf(kind, seen, seen ? patch : config)} />
      </aside>
    </div>
  );
}

/** As the gateway file has it. */
export function yamlOf(kind: string, config: Tree) {
  return stringify({ [pluralOf(kind)]: isOnly(kind) ? config : [config] }, { lineWidth: 0 }).trimEnd();
}

function curlOf(kind: string, seen: AnyObject | undefined, sent: Tree) {
  const text = JSON.stringify(sent, null, 2).replaceAll("'", "'\\''");
  const way = seen ? `-X PATCH ${apiRoot}${pathOf(kind, seen.name)}` : isOnly(kind) ? `-X PUT ${apiRoot}${pathOf(kind, "default")}` : `-X POST ${apiRoot}/api/v1/${pluralOf(kind)}`;
  const match = seen ? ` \\\n  -H 'if-match: ${tagOf(seen)}'` : "";
  return `curl ${way} \\\n  -H "authorization: Bearer $TOKEN"${match} \\\n  -H 'content-type: application/${seen ? "merge-patch+" : ""}json' \\\n  -d '${text}'`;
}

/** The names that a form of this schema may refer to, by kind. */
function useNames(schema: Node) {
  const kinds = useMemo(() => kindsIn(schema), [schema]);
  const asks = (kind: string) => ({ ...objects(kind), enabled: kinds.has(kind), retry: false });
  const found = [
    ["provider", useQuery(asks("provider")).data],
    ["upstream", useQuery(asks("upstream")).data],
    ["service", useQuery(asks("service")).data],
    ["model", useQuery(asks("model")).data],
    ["product", useQuery(asks("product")).data],
    ["listener", useQuery(asks("listener")).data],
  ] as const;
  // Each of them is the same until it is asked anew.
  // oxlint-disable-next-line react-hooks/exhaustive-deps
  return useCallback((kind: string) => found.find(([word]) => word === kind)?.[1]?.map((one) => one.name) ?? [], found.map(([, data]) => data));
}

function kindsIn(node: Node, seen = new Set<string>(), found = new Set<string>()) {
  const kind = kindNamed(node.title);
  if (kind) found.add(kind);
  if (node.$ref) {
    if (seen.has(node.$ref)) return found;
    seen.add(node.$ref);
  }
  const { properties = {}, items, additionalProperties } = resolve(node);
  for (const part of Object.values(properties)) kindsIn(part, seen, found);
  if (items) kindsIn(items, seen, found);
  if (typeof additionalProperties === "object") kindsIn(additionalProperties, seen, found);
  return found;
}
