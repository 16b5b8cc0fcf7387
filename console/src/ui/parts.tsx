// What every page is made of: buttons, fields, words of state, things to copy.
import { Check, Copy as CopyIcon, LoaderCircle } from "lucide-react";
import {
  type ButtonHTMLAttributes,
  type InputHTMLAttributes,
  type ReactNode,
  type SelectHTMLAttributes,
  type TextareaHTMLAttributes,
  useId,
  useState,
} from "react";
import { useTranslation } from "../i18n/use";
import { Refusal } from "../api/client";

export function cx(...names: (ReactNode | undefined)[]) {
  return names.filter((name) => typeof name === "string" && name).join(" ");
}

const button =
  "inline-flex h-9 items-center justify-center gap-2 whitespace-nowrap rounded-md px-3 text-sm font-medium disabled:opacity-60";
const buttonKinds = {
  main: "bg-fired text-onfired hover:brightness-110",
  plain: "border border-edge bg-sheet text-ink hover:bg-wash",
  quiet: "text-muted hover:bg-wash hover:text-ink",
  /** At the end of a row, in line with its edge. */
  edge: "-mr-3 text-muted hover:bg-wash hover:text-ink",
  danger: "border border-clay bg-sheet text-clay hover:bg-claywash",
};
export type ButtonKind = keyof typeof buttonKinds;

/** How a link looks that is to be pressed. */
export const buttonLook = (kind: ButtonKind) => cx(button, buttonKinds[kind]);

export function Button({
  kind = "plain",
  busy,
  className,
  children,
  ...rest
}: ButtonHTMLAttributes<HTMLButtonElement> & { kind?: ButtonKind; busy?: boolean }) {
  return (
    <button
      type="button"
      {...rest}
      disabled={rest.disabled || busy}
      aria-busy={busy || undefined}
      className={cx(button, buttonKinds[kind], className)}
    >
      {busy && <LoaderCircle size={16} className="motion-safe:animate-spin" aria-hidden />}
      {children}
    </button>
  );
}

export const inputLook =
  "h-9 w-full min-w-0 rounded-md border border-edge bg-sheet px-3 text-sm text-ink aria-invalid:border-clay";

type FieldProps = { label: string; hint?: ReactNode; fault?: string | null };

/** A label, what is filled in, a hint, and what is wrong with it. */
function Frame({
  id,
  label,
  hint,
  fault,
  children,
}: FieldProps & { id: string; children: ReactNode }) {
  return (
    <div className="flex flex-col gap-1">
      <label htmlFor={id} className="text-sm font-medium">
        {label}
      </label>
      {children}
      {hint && (
        <p id={`${id}-hint`} className="text-xs text-muted">
          {hint}
        </p>
      )}
      {fault && (
        <p id={`${id}-fault`} role="alert" className="text-xs text-clay">
          {fault}
        </p>
      )}
    </div>
  );
}

const told = (id: string, { hint, fault }: FieldProps) => ({
  id,
  "aria-invalid": fault ? true : undefined,
  "aria-describedby": cx(hint && `${id}-hint`, fault && `${id}-fault`) || undefined,
});

export function Field(props: FieldProps & InputHTMLAttributes<HTMLInputElement>) {
  const id = useId();
  const { label, hint, fault, className, ...rest } = props;
  return (
    <Frame id={id} label={label} hint={hint} fault={fault}>
      <input {...rest} {...told(id, props)} className={cx(inputLook, className)} />
    </Frame>
  );
}

export function TextArea(props: FieldProps & TextareaHTMLAttributes<HTMLTextAreaElement>) {
  const id = useId();
  const { label, hint, fault, className, ...rest } = props;
  return (
    <Frame id={id} label={label} hint={hint} fault={fault}>
      <textarea
        {...rest}
        {...told(id, props)}
        className={cx(inputLook, "h-auto min-h-24 py-2", className)}
      />
    </Frame>
  );
}

export function Choice(props: FieldProps & SelectHTMLAttributes<HTMLSelectElement>) {
  const id = useId();
  const { label, hint, fault, className, children, ...rest } = props;
  return (
    <Frame id={id} label={label} hint={hint} fault={fault}>
      <select {...rest} {...told(id, props)} className={cx(inputLook, className)}>
        {children}
      </select>
    </Frame>
  );
}

/** What was refused, in the API's own words; nothing when nothing was. */
export function Fault({ error }: { error: unknown }) {
  const { t } = useTranslation();
  if (!error) return null;
  const refusal = error instanceof Refusal ? error : null;
  const text = refusal?.code === "unreachable" ? t("unreachable") : String((error as Error).message);
  return (
    <div role="alert" className="rounded-md border-l-4 border-clay bg-claywash px-3 py-2 text-sm">
      <p className="break-words">{text}</p>
      {refusal?.problem.errors?.map((fault) => (
        <p key={`${fault.object}${fault.pointer}${fault.message}`} className="mt-1 break-words text-xs">
          {fault.object && <code className="font-mono font-medium">{fault.object} </code>}
          {fault.pointer && <code className="font-mono">{fault.pointer} </code>}
          {fault.message}
          {fault.suggestion && ` · ${fault.suggestion}`}
        </p>
      ))}
    </div>
  );
}

const shapes = {
  good: "before:rounded-full before:bg-ink",
  calm: "before:rounded-full before:border before:border-edge",
  wait: "before:rotate-45 before:border before:border-ink",
  bad: "font-medium text-clay before:bg-clay",
};
export type Shape = keyof typeof shapes;

/** A state, told by its word and a shape before any colour. */
export function State({ shape, children }: { shape: Shape; children: ReactNode }) {
  const mark = "before:size-2 before:shrink-0 before:content-['']";
  return (
    <span className={cx("inline-flex items-center gap-2 whitespace-nowrap", mark, shapes[shape])}>
      {children}
    </span>
  );
}

/** Something in monospace that one click copies. */
export function Copy({ text, shown }: { text: string; shown?: string }) {
  const { t } = useTranslation();
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 1500);
  };
  const Icon = isCopied ? Check : CopyIcon;
  return (
    <button
      type="button"
      onClick={copy}
      title={t("copy")}
      className="group inline-flex max-w-full items-center gap-2 rounded-sm text-left font-mono text-[13px] hover:bg-wash"
    >
      <span className="min-w-0 break-all">{shown ?? text}</span>
      <Icon size={14} className="shrink-0 text-muted group-hover:text-ink" aria-hidden />
      <span className="sr-only" aria-live="polite">
        {isCopied ? t("copied") : t("copy")}
      </span>
    </button>
  );
}

/** A command or a file, to be copied whole. */
export function Code({ text, label }: { text: string; label?: string }) {
  const { t } = useTranslation();
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 1500);
  };
  return (
    <figure className="overflow-hidden rounded-md border border-rule bg-wash">
      <figcaption className="flex items-center justify-between border-b border-rule px-3 py-1 text-xs text-muted">
        <span>{label ?? "curl"}</span>
        <button type="button" onClick={copy} className="rounded-sm px-1 hover:text-ink">
          <span aria-live="polite">{isCopied ? t("copied") : t("copy")}</span>
        </button>
      </figcaption>
      <pre tabIndex={0} className="overflow-x-auto p-3 font-mono text-[13px] leading-5">
        {text}
      </pre>
    </figure>
  );
}

/** The mark: one beam on two columns. */
export function Mark({ size = 20 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="3.5" strokeLinecap="square" aria-hidden className="text-clay">
      <path d="M3 5.5h18" />
      <path d="M7 10v10" />
      <path d="M17 10v10" />
    </svg>
  );
}
