// How a page is laid out: its title and what can be done with it, sections, facts, waiting, nothing.
import { type ReactNode, useEffect } from "react";
import { useTranslation } from "../i18n/use";
import { Code, Fault, cx } from "./parts";

export function Page({
  title,
  about,
  actions,
  children,
}: {
  title: string;
  about?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}) {
  useEffect(() => {
    document.title = `${title} · Architrave`;
  }, [title]);
  return (
    <div className="mx-auto flex w-full max-w-6xl flex-col gap-8 px-4 py-6 sm:px-8 sm:py-8">
      <header className="flex flex-wrap items-start justify-between gap-4">
        <div className="min-w-0">
          <h1 className="text-2xl leading-8 font-semibold tracking-tight break-words">{title}</h1>
          {about && <div className="mt-1 text-muted">{about}</div>}
        </div>
        {actions && <div className="flex flex-wrap gap-2">{actions}</div>}
      </header>
      {children}
    </div>
  );
}

export function Section({
  title,
  actions,
  children,
}: {
  title: string;
  actions?: ReactNode;
  children: ReactNode;
}) {
  return (
    <section className="flex flex-col gap-3">
      <div className="flex min-h-8 flex-wrap items-center justify-between gap-2">
        <h2 className="text-base font-semibold">{title}</h2>
        {actions}
      </div>
      {children}
    </section>
  );
}

/** Names and what they are. */
export function Facts({ facts }: { facts: [string, ReactNode][] }) {
  return (
    <dl className="grid grid-cols-1 content-start gap-x-8 sm:grid-cols-[max-content_1fr]">
      {facts
        .filter(([, value]) => value !== null && value !== undefined && value !== "")
        .map(([name, value]) => (
          <div
            key={name}
            className="col-span-full grid grid-cols-subgrid border-b border-rule py-2 max-sm:flex max-sm:flex-col"
          >
            <dt className="text-muted">{name}</dt>
            <dd className="min-w-0 break-words">{value}</dd>
          </div>
        ))}
    </dl>
  );
}

/** Nothing yet: what that means, the one thing to do, and how to do it from a terminal. */
export function Empty({
  title,
  children,
  action,
  curl,
}: {
  title: string;
  children?: ReactNode;
  action?: ReactNode;
  curl?: string;
}) {
  return (
    <div className="flex max-w-2xl flex-col items-start gap-4 border-l-2 border-rule py-2 pl-6">
      <div>
        <p className="font-semibold">{title}</p>
        {children && <div className="mt-1 text-muted">{children}</div>}
      </div>
      {action}
      {curl && (
        <div className="w-full">
          <Code text={curl} />
        </div>
      )}
    </div>
  );
}

/** What a question to the API has come to, where it has no answer yet. */
export function Pending({ error, className }: { error?: unknown; className?: string }) {
  const { t } = useTranslation();
  if (error) return <Fault error={error} />;
  return (
    <p role="status" className={cx("py-8 text-muted", className)}>
      {t("loading")}
    </p>
  );
}
