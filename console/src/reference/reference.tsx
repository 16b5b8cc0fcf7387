// A reference of an API: its operations by tag, each drawn when it is opened, so that a description
// with thousands of them is as quick to show as a short one.
import { type ReactNode, useDeferredValue, useMemo, useState } from "react";
import { useTranslation } from "../i18n/use";
import { Code, cx, inputLook } from "../ui/parts";
import { type Call, codeOf } from "./code";
import { type Description, type Node, type Operation, type Schema, follow, sample, typeOf } from "./read";

export type ReferenceProps = {
  description: Description;
  /** Where it is called, without a slash at its end. */
  base: string;
  /** Fields that every call comes with, such as a key. */
  headers?: [string, string][];
  /** What else is shown of an operation. */
  beside?: (operation: Operation) => ReactNode;
};

export function Reference(props: ReferenceProps) {
  const { t } = useTranslation();
  const { description } = props;
  const [word, setWord] = useState("");
  const wanted = useDeferredValue(word.toLowerCase());
  const groups = useMemo(() => {
    const found = new Map<string, Operation[]>();
    for (const operation of description.operations) {
      const text = `${operation.method} ${operation.path} ${operation.summary} ${operation.id ?? ""}`;
      if (wanted && !text.toLowerCase().includes(wanted)) continue;
      const group = found.get(operation.tag);
      if (group) group.push(operation);
      else found.set(operation.tag, [operation]);
    }
    return [...found];
  }, [description, wanted]);
  const shown = groups.reduce((sum, [, operations]) => sum + operations.length, 0);
  return (
    <div className="flex flex-col gap-6">
      <div className="flex flex-wrap items-center gap-4">
        <input
          type="search"
          aria-label={t("filter")}
          placeholder={t("filter")}
          value={word}
          onChange={(event) => setWord(event.target.value)}
          className={cx(inputLook, "max-w-64")}
        />
        <span className="ml-auto text-xs text-muted" aria-live="polite">
          {t("api_operations", { count: shown })}
        </span>
      </div>
      {groups.map(([tag, operations]) => (
        <section key={tag} className="flex flex-col">
          <h2 className="pb-2 font-semibold">{tag || (groups.length > 1 && t("other_operations"))}</h2>
          {operations.map((operation) => (
            <One key={operation.key} operation={operation} {...props} />
          ))}
        </section>
      ))}
    </div>
  );
}

function One({ operation, ...props }: ReferenceProps & { operation: Operation }) {
  const { t } = useTranslation();
  const [isOpen, setOpen] = useState(false);
  return (
    <details
      onToggle={(event) => setOpen(event.currentTarget.open)}
      className="border-b border-rule [contain-intrinsic-size:auto_45px] [content-visibility:auto] first-of-type:border-t"
    >
      <summary className="flex min-h-11 flex-wrap items-center gap-x-4 gap-y-1 py-2 hover:bg-wash">
        <span className="w-16 font-mono text-xs font-medium">{operation.method}</span>
        <code className={cx("font-mono text-[13px] break-all", operation.isDeprecated && "line-through")}>{operation.path}</code>
        {operation.isDeprecated && <span className="text-xs text-clay">{t("deprecated")}</span>}
        <span className="ml-auto truncate text-muted max-sm:hidden">{operation.summary}</span>
      </summary>
      {isOpen && <Whole operation={operation} {...props} />}
    </details>
  );
}

function Whole({ operation, description, base, headers = [], beside }: ReferenceProps & { operation: Operation }) {
  const { t } = useTranslation();
  const { root } = description;
  const [language, setLanguage] = useState("curl");
  const example = operation.body && JSON.stringify(operation.body.example ?? sample(root, operation.body.schema), null, 2);
  const call: Call = {
    method: operation.method,
    url: base + filledIn(root, operation),
    headers: operation.body ? [...headers, ["content-type", operation.body.mediaType]] : headers,
    body: example,
  };
  return (
    <div className="grid gap-6 py-4 lg:grid-cols-2">
      <div className="flex min-w-0 flex-col gap-4">
        {operation.summary && <p className="font-medium sm:hidden">{operation.summary}</p>}
        {operation.description && <p className="max-w-prose whitespace-pre-line">{operation.description}</p>}
        {operation.parameters.length > 0 && (
          <Part title={t("parameters")}>
            <ul>
              {operation.parameters.map((one) => (
                <Member key={`${one.in} ${one.name}`} root={root} name={one.name} schema={one.schema ?? {}} isRequired={one.required} place={t(`in_${one.in}`)} about={one.description} />
              ))}
            </ul>
          </Part>
        )}
        {operation.body?.schema && (
          <Part title={`${t("request_body")} · ${operation.body.mediaType}`}>
            <Members root={root} schema={operation.body.schema} />
          </Part>
        )}
        <Part title={t("answers")}>
          <ul>
            {operation.answers.map((one) => (
              <li key={one.status} className="border-b border-rule py-2 last:border-0">
                <details>
                  <summary>
                    <span className="font-mono text-[13px] font-medium">{one.status}</span> <span className="text-muted">{one.description}</span>
                  </summary>
                  {one.schema && <Members root={root} schema={one.schema} />}
                </details>
              </li>
            ))}
          </ul>
        </Part>
      </div>
      <div className="flex min-w-0 flex-col gap-4">
        <div className="flex flex-wrap gap-1">
          {Object.keys(codeOf).map((one) => (
            <button
              key={one}
              type="button"
              aria-pressed={one === language}
              onClick={() => setLanguage(one)}
              className="rounded-md px-2 py-1 text-xs text-muted hover:bg-wash aria-pressed:bg-wash aria-pressed:font-medium aria-pressed:text-ink"
            >
              {one}
            </button>
          ))}
        </div>
        <Code label={language} text={codeOf[language]?.(call) ?? ""} />
        {beside?.(operation)}
      </div>
    </div>
  );
}

/** The path with an example where it has a hole, and the query that must be there. */
function filledIn(root: Node, operation: Operation) {
  const value = (name: string, place: string) => {
    const parameter = operation.parameters.find((one) => one.name === name && one.in === place);
    const example = (parameter as Node | undefined)?.example ?? sample(root, parameter?.schema);
    return encodeURIComponent(String(example ?? name));
  };
  const path = operation.path.replace(/\{([^}]+)\}/g, (_, name: string) => value(name, "path"));
  const query = operation.parameters
    .filter((one) => one.in === "query" && one.required)
    .map((one) => `${encodeURIComponent(one.name)}=${value(one.name, "query")}`);
  return query.length ? `${path}?${query.join("&")}` : path;
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div>
      <h3 className="border-b border-rule pb-1 text-xs font-medium text-muted">{title}</h3>
      {children}
    </div>
  );
}

/** The members of a schema, one level at a time: what refers to itself never ends otherwise. */
function Members({ root, schema }: { root: Node; schema: Schema }) {
  const of = whole(root, schema);
  if (typeOf(of) === "array" && of.items) {
    return (
      <ul>
        <Member root={root} name="[ ]" schema={of.items as Schema} />
      </ul>
    );
  }
  const required = (of.required as string[] | undefined) ?? [];
  const members = Object.entries((of.properties ?? {}) as Record<string, Schema>);
  if (members.length === 0) return <p className="py-2 font-mono text-[13px] text-muted">{kindOf(root, schema)}</p>;
  return (
    <ul>
      {members.map(([name, one]) => (
        <Member key={name} root={root} name={name} schema={one} isRequired={required.includes(name)} />
      ))}
    </ul>
  );
}

function Member({ root, name, schema, isRequired, place, about }: { root: Node; name: string; schema: Schema; isRequired?: boolean; place?: string; about?: string }) {
  const { t } = useTranslation();
  const [isOpen, setOpen] = useState(false);
  const of = whole(root, schema);
  const inner = typeOf(of) === "array" ? whole(root, of.items as Schema) : of;
  const isDeep = !!inner.properties || (typeOf(of) === "array" && !!inner.items);
  const text = about ?? (of.description as string | undefined);
  const head = (
    <span className="flex flex-wrap items-baseline gap-x-3">
      <code className="font-mono text-[13px] font-medium break-all">{name}</code>
      <span className="font-mono text-xs text-muted">{kindOf(root, schema)}</span>
      {place && <span className="text-xs text-muted">{place}</span>}
      {isRequired && <span className="text-xs text-clay">{t("required")}</span>}
    </span>
  );
  return (
    <li className="border-b border-rule py-2 last:border-0">
      {isDeep ? (
        <details onToggle={(event) => setOpen(event.currentTarget.open)}>
          <summary>{head}</summary>
          {isOpen && (
            <div className="border-l border-rule pl-4">
              <Members root={root} schema={typeOf(of) === "array" ? (of.items as Schema) : of} />
            </div>
          )}
        </details>
      ) : (
        head
      )}
      {text && <p className="text-xs text-muted">{text}</p>}
      {Array.isArray(of.enum) && <p className="font-mono text-xs break-words text-muted">{of.enum.map(String).join(" | ")}</p>}
    </li>
  );
}

/** A schema with what `allOf` adds to it. */
function whole(root: Node, schema: Schema | undefined): Node {
  const of = (follow(root, schema) ?? {}) as Node;
  const parts = (of.allOf as Schema[] | undefined)?.map((one) => whole(root, one)) ?? [];
  if (parts.length === 0) return of;
  const properties = Object.assign({}, ...parts.map((one) => one.properties), of.properties);
  const required = [...parts, of].flatMap((one) => (one.required as string[] | undefined) ?? []);
  return { ...Object.assign({}, ...parts), ...of, properties, required };
}

function kindOf(root: Node, schema: Schema): string {
  const of = (follow(root, schema) ?? {}) as Node;
  const name = typeof schema?.$ref === "string" ? schema.$ref.split("/").at(-1) : undefined;
  const type = typeOf(of);
  if (type === "array") return `[${of.items ? kindOf(root, of.items as Schema) : ""}]`;
  const either = (of.oneOf ?? of.anyOf) as Schema[] | undefined;
  if (either) return name ?? either.map((one) => kindOf(root, one)).join(" | ");
  return name ?? [type || "any", of.format].filter(Boolean).join(" ");
}
