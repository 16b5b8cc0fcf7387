// What a service was like after each change, what differs, and the way back.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "../../../i18n/use";
import { Refusal, api, body } from "../../../api/client";
import { type Revision, revisions } from "../../../api/questions";
import { when } from "../../../ui/number";
import { Dialog } from "../../../ui/dialog";
import { Empty, Pending } from "../../../ui/page";
import { Button, Fault, Field, State } from "../../../ui/parts";
import { type Column, Table } from "../../../ui/table";
import { filled } from "../../../people/entrance";
import type { ServiceProps } from "../service";

export default function Revisions({ service }: ServiceProps) {
  const { t } = useTranslation();
  const { data, error } = useQuery(revisions(service.name));
  const [compared, setCompared] = useState<Revision>();
  const [pointed, setPointed] = useState<Revision>();
  const isFile = service.origin === "file";
  const none = <Empty title={t("revisions_none")}>{t("revisions_none_about")}</Empty>;
  if (isFile || (error instanceof Refusal && ["no_database", "object_not_found"].includes(error.code))) return none;
  if (!data) return <Pending error={error} />;
  if (data.length === 0) return none;
  const now = data.find((one) => one.is_current);
  const columns: Column<Revision>[] = [
    { id: "revision", header: t("revision"), accessorFn: (row) => row.revision, cell: ({ getValue }) => <span className="font-medium">{getValue()}</span> },
    {
      id: "state",
      header: t("state"),
      accessorFn: (row) => (row.is_current ? t("current") : row.current_at ? "" : t("prepared")),
      cell: ({ row: { original: one }, getValue }) =>
        getValue() && <State shape={one.is_current ? "good" : "wait"}>{getValue()}</State>,
    },
    { id: "at", header: t("at"), accessorFn: (row) => row.created_at, cell: ({ getValue }) => when(getValue()) },
    { id: "by", header: t("by"), accessorFn: (row) => row.actor, meta: { narrow: true } },
    { id: "note", header: t("note"), accessorFn: (row) => row.note ?? "", meta: { narrow: true } },
    {
      id: "act",
      header: () => <span className="sr-only">{t("actions")}</span>,
      enableSorting: false,
      meta: { right: true },
      cell: ({ row: { original: one } }) => (
        <span className="-mr-3 inline-flex">
          <Button kind="quiet" onClick={() => setCompared(one)}>
            {t("compare")}
          </Button>
          {!one.is_current && (
            <Button kind="quiet" onClick={() => setPointed(one)}>
              {t("roll_back")}
            </Button>
          )}
        </span>
      ),
    },
  ];
  return (
    <>
      <Table label={t("tab_revisions")} rows={data} columns={columns} searchable={data.length > 10} />
      <Dialog
        drawer
        title={t("diff_of", { revision: compared?.revision })}
        open={!!compared}
        onClose={() => setCompared(undefined)}
      >
        {compared && <Difference name={service.name} revision={compared.revision} />}
      </Dialog>
      <Dialog title={t("point_title", { revision: pointed?.revision })} open={!!pointed} onClose={() => setPointed(undefined)}>
        {pointed && (
          <Point name={service.name} revision={pointed.revision} now={now?.revision} onDone={() => setPointed(undefined)} />
        )}
      </Dialog>
    </>
  );
}

type Place = { pointer: string; before?: unknown; after?: unknown };
type Change = { rule: string; pointer: string; message: string };
type Told = {
  against?: number | null;
  config: Place[];
  api?: { added: string[]; removed: string[]; changed: string[]; breaking: Change[] } | null;
};

function Difference({ name, revision }: { name: string; revision: number }) {
  const { t } = useTranslation();
  const { data, error } = useQuery({
    queryKey: ["difference", name, revision],
    queryFn: async () => {
      const params = { path: { name, revision: String(revision) } };
      return (await body(api.GET("/api/v1/services/{name}/revisions/{revision}/diff", { params }))) as Told;
    },
  });
  if (!data) return <Pending error={error} />;
  const breaking = data.api?.breaking ?? [];
  return (
    <div className="flex flex-col gap-4">
      <p className="text-muted">
        {data.against ? t("diff_title", { revision, against: data.against }) : t("diff_first", { revision })}
      </p>
      {data.config.length === 0 && !data.api && <p>{t("diff_none")}</p>}
      {breaking.length > 0 && (
        <div className="flex flex-col gap-1">
          <State shape="bad">{t("diff_breaking")}</State>
          <ul className="text-sm">
            {breaking.map((one, at) => (
              <li key={`${one.rule}${at}`}>{one.message}</li>
            ))}
          </ul>
        </div>
      )}
      {(["added", "changed", "removed"] as const).map(
        (kind) =>
          !!data.api?.[kind].length && (
            <p key={kind}>
              {t(`diff_${kind}`)}: <span className="font-mono text-[13px]">{data.api[kind].join(", ")}</span>
            </p>
          ),
      )}
      <ul className="flex flex-col gap-3">
        {data.config.map((place) => (
          <li key={place.pointer} className="flex flex-col gap-1">
            <code className="font-mono text-[13px] break-all">{place.pointer}</code>
            <Side word={t("was")} sign="−" value={place.before} />
            <Side word={t("is")} sign="+" value={place.after} />
          </li>
        ))}
      </ul>
    </div>
  );
}

function Side({ word, sign, value }: { word: string; sign: string; value: unknown }) {
  if (value === undefined || value === null) return null;
  return (
    <pre className="overflow-x-auto border-l-2 border-edge bg-wash px-3 py-1 font-mono text-[13px] whitespace-pre-wrap">
      <span aria-hidden>{sign} </span>
      <span className="sr-only">{word} </span>
      {typeof value === "string" ? value : JSON.stringify(value, null, 2)}
    </pre>
  );
}

function Point({ name, revision, now, onDone }: { name: string; revision: number; now?: number; onDone: () => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const point = useMutation({
    mutationFn: ({ reason }: Record<string, string>) =>
      api.POST("/api/v1/services/{name}:point", {
        params: { path: { name } },
        body: { revision, current: now, reason: reason || undefined } as never,
      }),
    onSuccess: async () => {
      await queries.invalidateQueries();
      onDone();
    },
  });
  return (
    <form className="flex flex-col gap-4" onSubmit={(event) => point.mutate(filled(event))}>
      <p>{t("point_about", { now })}</p>
      <Field label={t("reason")} name="reason" maxLength={1000} hint={t("reason_hint")} />
      <Fault error={point.error} />
      <div className="flex gap-2">
        <Button type="submit" kind="danger" busy={point.isPending}>
          {t("roll_back")}
        </Button>
        <Button onClick={onDone}>{t("cancel")}</Button>
      </div>
    </form>
  );
}
