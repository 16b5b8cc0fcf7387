// One part of an object, filled in as its schema has it. What the schema does not know is left as it
// is, and so is everything that nobody touches.
import { Plus, X } from "lucide-react";
import { type ReactNode, createContext, use, useState } from "react";
import { parse, stringify } from "yaml";
import { useTranslation } from "../i18n/use";
import { Button, Choice, Field, TextArea, cx } from "../ui/parts";
import { type Tree, isTree, put } from "./change";
import { type Node, blank, isBlock, kindNamed, resolve, sortOf } from "./schema";

export type FormFacts = {
  /** What is wrong, by JSON Pointer. */
  faults: Map<string, string>;
  /** The names of all objects of a kind, as far as they are known. */
  names: (kind: string) => string[];
  /** Whether a part cannot be read as it stands, by its pointer. */
  block: (pointer: string, isBlocked: boolean) => void;
};
export const Facts = createContext<FormFacts>({ faults: new Map(), names: () => [], block: () => undefined });

type PartProps = {
  name: string;
  node: Node;
  value: unknown;
  pointer: string;
  required?: boolean;
  onChange: (value: unknown) => void;
};

const below = (pointer: string, key: string | number) => `${pointer}/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`;

export function Part({ name, node: written, value, pointer, required, onChange }: PartProps) {
  const { t } = useTranslation();
  const { faults } = use(Facts);
  const node = resolve(written);
  const sort = sortOf(node);
  const fault = faults.get(pointer);
  const usual = node.default;
  const isPlain = usual !== undefined && !isTree(usual) && !Array.isArray(usual) && usual !== "";
  const hint = told([node.description, isPlain && t("form_default", { value: String(usual) })].filter(Boolean).join(" "));
  const common = { label: name, hint, fault, required };
  switch (sort) {
    case "text": {
      if (value !== undefined && typeof value !== "string") break;
      return <Text {...common} name={name} kind={kindNamed(node.title)} list={`names-${pointer}`} value={value ?? ""} onChange={onChange} />;
    }
    case "number":
      if (value !== undefined && typeof value !== "number" && typeof value !== "string") break;
      return (
        <Field {...common} inputMode="decimal" value={value === undefined ? "" : String(value)} onChange={({ target }) => {
          const text = target.value.trim();
          // What is no number goes as it stands, and is refused with its place.
          onChange(text === "" ? undefined : /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text);
        }} />
      );
    case "word":
      if (value !== undefined && typeof value !== "string") break;
      return (
        <Choice {...common} value={value ?? ""} onChange={(event) => onChange(event.target.value || undefined)}>
          {(!required || value === undefined) && <option value="">{isPlain ? t("form_usual", { value: String(usual) }) : t("form_unset")}</option>}
          {node.oneOf?.map((one) => (
            <option key={String(one.const)} value={String(one.const)}>
              {String(one.const)}
              {one.description && ` · ${plain(one.description)}`}
            </option>
          ))}
        </Choice>
      );
    case "flag":
      if (value !== undefined && typeof value !== "boolean") break;
      return (
        <Choice {...common} value={value === undefined ? "" : String(value)} onChange={({ target }) => onChange(target.value === "" ? undefined : target.value === "true")}>
          <option value="">{isPlain ? t("form_usual", { value: t(usual ? "yes" : "no") }) : t("form_unset")}</option>
          <option value="true">{t("yes")}</option>
          <option value="false">{t("no")}</option>
        </Choice>
      );
    case "secret":
      return <Secret {...common} value={value} onChange={onChange} />;
    case "texts":
      if (value !== undefined && !(Array.isArray(value) && value.every((one) => typeof one === "string" && !/[\n\r]/.test(one)))) break;
      return <Lines {...common} value={(value as string[] | undefined) ?? []} isThere={value !== undefined} onChange={onChange} />;
    case "object":
    case "nothing":
      if (!isTree(value)) break;
      return <Members node={node} value={value} pointer={pointer} onChange={onChange} />;
    case "oneof":
      if (!isTree(value) || Object.keys(value).length !== 1) break;
      return <OneOf name={name} node={node} value={value} pointer={pointer} onChange={onChange} />;
    case "list":
      if (!Array.isArray(value)) break;
      return <List name={name} node={node} value={value} pointer={pointer} onChange={onChange} />;
    default:
  }
  return <Raw {...common} value={value} pointer={pointer} onChange={onChange} />;
}

/** What a schema says, with what it quotes as code. */
export function told(text: string | undefined): ReactNode {
  if (!text?.includes("`")) return text;
  return text.split("`").map((part, at) => (at % 2 ? <code key={at} className="font-mono">{part}</code> : part));
}

/** The same where there is text alone. */
const plain = (text: string | undefined) => text?.replaceAll("`", "").replace(/\.$/, "");

type Common = { label: string; hint: ReactNode; fault?: string; required?: boolean };

/** What is written in several lines, as a rule. */
const LONG = ["description", "template"];

/** A text: in one line, unless it has more or is one of those that do. */
function Text({ name, kind, list, value, onChange, ...common }: Common & { name: string; kind?: string; list: string; value: string; onChange: PartProps["onChange"] }) {
  const { names } = use(Facts);
  // One line would lose the ends of others; what it is when it is opened, it stays.
  const [isLong] = useState(() => LONG.includes(name) || /[\n\r]/.test(value));
  const change = (text: string) => onChange(text || undefined);
  if (isLong) return <TextArea {...common} className="min-h-16" rows={Math.min(value.split("\n").length + 1, 16)} value={value} onChange={(event) => change(event.target.value)} />;
  return (
    <>
      <Field {...common} className={cx(kind && "font-mono")} list={kind && list} value={value} autoComplete="off" onChange={(event) => change(event.target.value)} />
      {kind && (
        <datalist id={list}>
          {names(kind).map((one) => (
            <option key={one} value={one} />
          ))}
        </datalist>
      )}
    </>
  );
}

/** A secret that is there is never shown; what is typed takes its place. */
function Secret({ value, onChange, ...common }: Common & { value: unknown; onChange: PartProps["onChange"] }) {
  const { t } = useTranslation();
  const [kept] = useState(() => (isTree(value) ? value : undefined));
  const text = typeof value === "string" ? value : "";
  return (
    <Field
      {...common}
      required={common.required && !kept}
      type="password"
      autoComplete="off"
      value={text}
      placeholder={isTree(value) ? t("form_secret_kept") : undefined}
      onChange={(event) => onChange(event.target.value || kept)}
    />
  );
}

function Lines({ value, isThere, onChange, ...common }: Common & { value: string[]; isThere: boolean; onChange: PartProps["onChange"] }) {
  const { t } = useTranslation();
  const [text, setText] = useState(() => value.join("\n"));
  const change = (next: string) => {
    setText(next);
    const lines = next.split("\n").map((line) => line.trim()).filter(Boolean);
    onChange(lines.length || isThere ? lines : undefined);
  };
  return (
    <TextArea
      {...common}
      required={false}
      hint={
        <>
          {common.hint} {t("form_a_line_each")}
        </>
      }
      className="min-h-16 font-mono"
      spellCheck={false}
      value={text}
      rows={Math.min(Math.max(value.length, 2), 12)}
      onChange={(event) => change(event.target.value)}
    />
  );
}

/** What has no form of its own, as YAML. */
function Raw({ value, pointer, onChange, ...common }: Common & { value: unknown; pointer: string; onChange: PartProps["onChange"] }) {
  const { block } = use(Facts);
  const [text, setText] = useState(() => (value === undefined ? "" : stringify(value)));
  const [fault, setFault] = useState<string>();
  const change = (next: string) => {
    setText(next);
    try {
      const read: unknown = next.trim() ? parse(next) : undefined;
      setFault(undefined);
      block(pointer, false);
      onChange(read);
    } catch (error) {
      setFault((error as Error).message.split("\n")[0]);
      block(pointer, true);
    }
  };
  return (
    <TextArea {...common} required={false} fault={fault ?? common.fault} className="min-h-20 font-mono" spellCheck={false} rows={Math.min(text.split("\n").length + 1, 16)} value={text} onChange={(event) => change(event.target.value)} />
  );
}

/** The members of an object: those that are there or must be, then those that may be. */
export function Members({ node, value, pointer, onChange, without = [], numbered }: { node: Node; value: Tree; pointer: string; onChange: (value: Tree) => void; without?: string[]; numbered?: boolean }) {
  const { t } = useTranslation();
  const { faults } = use(Facts);
  const known = Object.entries(node.properties ?? {}).filter(([key]) => !without.includes(key));
  const isNeeded = (key: string) => !!node.required?.includes(key);
  const isBelow = (key: string) => [...faults.keys()].some((at) => `${at}/`.startsWith(`${below(pointer, key)}/`));
  // What moved between both while it is filled in would be gone from under the hand.
  const [first] = useState(() => new Set(known.map(([key]) => key).filter((key) => isNeeded(key) || key in value)));
  const isFirst = (key: string) => first.has(key) || isBelow(key) || (numbered === true && key in value);
  const others = known.filter(([key]) => !isFirst(key));
  const strange = Object.keys(value).filter((key) => !(key in (node.properties ?? {})));
  const one = ([key, part]: [string, Node]) => (
    <Member key={key} name={key} node={part} value={value[key]} pointer={below(pointer, key)} required={isNeeded(key)} onChange={(next) => onChange(put(value, key, next))} />
  );
  return (
    <div className="flex min-w-0 flex-col gap-4">
      {known.filter(([key]) => isFirst(key)).map(one)}
      {strange.length > 0 && <p className="text-xs text-muted">{t("form_strange", { names: strange.join(", ") })}</p>}
      {others.length > 0 &&
        (numbered ? (
          <Choice label={t("form_add_policy")} value="" onChange={({ target }) => {
            const part = node.properties?.[target.value];
            if (part) onChange(put(value, target.value, blank(resolve(part))));
          }}>
            <option value="">{t("form_choose")}</option>
            {others.map(([key, part]) => (
              <option key={key} value={key}>
                {key} · {plain(part.description ?? resolve(part).description)}
              </option>
            ))}
          </Choice>
        ) : (
          <details className="border-t border-rule pt-3">
            <summary className="text-sm text-muted hover:text-ink">{t("form_more", { count: others.length })}</summary>
            <div className="mt-4 flex flex-col gap-4">{others.map(one)}</div>
          </details>
        ))}
    </div>
  );
}

/** A member with its name; what is more than a line can be put in and taken out. */
function Member({ name, node: written, value, pointer, required, onChange }: PartProps) {
  const { t } = useTranslation();
  const { faults } = use(Facts);
  const node = resolve(written);
  const sort = sortOf(node);
  if (!isBlock(sort)) return <Part name={name} node={node} value={value} pointer={pointer} required={required} onChange={onChange} />;
  const fault = faults.get(pointer);
  if (value === undefined) {
    return (
      <div className="flex items-start justify-between gap-4">
        <p className="min-w-0">
          <span className="text-sm font-medium">{name}</span>
          <span className="block text-xs text-muted">{told(node.description)}</span>
          {fault && <span className="block text-xs text-clay">{fault}</span>}
        </p>
        <Button aria-label={`${t("add")}: ${name}`} onClick={() => onChange(blank(node))}>
          <Plus size={14} aria-hidden />
          {t("add")}
        </Button>
      </div>
    );
  }
  const isBare = sort === "raw" || sort === "map";
  const policies = written.$ref === "PolicySet" && isTree(value);
  return (
    <Group name={name} about={isBare ? undefined : node.description} fault={isBare ? undefined : fault} onRemove={required ? undefined : () => onChange(undefined)}>
      {policies ? (
        <Members numbered node={node} value={value} pointer={pointer} onChange={onChange} />
      ) : (
        <Part name={name} node={node} value={value} pointer={pointer} required={required} onChange={onChange} />
      )}
    </Group>
  );
}

function Group({ name, about, fault, isItem, onRemove, children }: { name: string; about?: string; fault?: string; isItem?: boolean; onRemove?: () => void; children: ReactNode }) {
  const { t } = useTranslation();
  return (
    <fieldset className={cx("min-w-0", isItem ? "border-l-2 border-rule pl-4" : "rounded-md border border-rule px-4 pb-4")}>
      <legend className={cx("flex items-center gap-1 text-sm font-medium", isItem ? "pb-2" : "-ml-1 px-1")}>
        {name}
        {onRemove && (
          <button type="button" aria-label={`${t("remove")}: ${name}`} title={t("remove")} onClick={onRemove} className="rounded-sm p-1 text-muted hover:bg-wash hover:text-ink">
            <X size={14} aria-hidden />
          </button>
        )}
      </legend>
      {about && <p className="pb-3 text-xs text-muted">{told(about)}</p>}
      {fault && <p role="alert" className="pb-3 text-xs text-clay">{fault}</p>}
      {children}
    </fieldset>
  );
}

/** One of several: which, and then that one. */
function OneOf({ name, node, value, pointer, onChange }: Omit<PartProps, "required" | "value"> & { value: Tree }) {
  const [chosen = ""] = Object.keys(value);
  const options = Object.entries(node.properties ?? {});
  const part = node.properties?.[chosen];
  const sort = part && sortOf(resolve(part));
  return (
    <div className="flex flex-col gap-4">
      <Choice label={name} value={chosen} onChange={({ target }) => onChange({ [target.value]: blank(resolve(node.properties?.[target.value] ?? {})) })}>
        {!part && <option value={chosen}>{chosen}</option>}
        {options.map(([key, one]) => (
          <option key={key} value={key}>
            {key} · {plain(one.description ?? resolve(one).description)}
          </option>
        ))}
      </Choice>
      {part && sort !== "nothing" && <Part key={chosen} name={chosen} node={part} value={value[chosen]} pointer={below(pointer, chosen)} required onChange={(next) => onChange({ [chosen]: next === undefined ? blank(resolve(part)) : next })} />}
    </div>
  );
}

function List({ name, node, value, pointer, onChange }: Omit<PartProps, "required" | "value"> & { value: unknown[] }) {
  const { t } = useTranslation();
  const items = resolve(node.items ?? {});
  // Which is which, while they are put in and taken out.
  const [keys, setKeys] = useState(() => value.map((_, at) => at));
  const add = () => {
    setKeys([...keys, Math.max(-1, ...keys) + 1]);
    onChange([...value, blank(items)]);
  };
  const remove = (at: number) => {
    setKeys(keys.filter((_, other) => other !== at));
    onChange(value.filter((_, other) => other !== at));
  };
  return (
    <div className="flex flex-col gap-4">
      {value.map((item, at) => (
        <Group isItem key={keys[at] ?? `late ${at}`} name={`${name} ${at + 1}`} onRemove={() => remove(at)}>
          <Part name={name} node={items} value={item} pointer={below(pointer, at)} required onChange={(next) => onChange(value.map((one, other) => (other === at ? next : one)))} />
        </Group>
      ))}
      <div>
        <Button aria-label={`${t("add")}: ${name}`} onClick={add}>
          <Plus size={14} aria-hidden />
          {t("add")}
        </Button>
      </div>
    </div>
  );
}
