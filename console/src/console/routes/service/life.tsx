// The life of a service: where it is, what comes next, and who a step would hit.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "../../../i18n/use";
import { type Schemas, api, isUnkept } from "../../../api/client";
import { callers } from "../../../api/questions";
import { count, when } from "../../../ui/number";
import { Dialog } from "../../../ui/dialog";
import { Pending, Section } from "../../../ui/page";
import { Button, Fault, Field, cx } from "../../../ui/parts";
import { type Column, Table } from "../../../ui/table";
import { filled } from "../../../people/entrance";
import type { ServiceProps } from "../service";

const DAYS = 30;
const states = ["draft", "in_review", "published", "deprecated", "retired", "archived"] as const;

/** What may be done next, from each state; the first is what is done most. */
const steps: Record<string, Verb[]> = {
  draft: ["publish", "submit", "archive"],
  in_review: ["publish", "reject"],
  published: ["deprecate", "withdraw"],
  deprecated: ["deprecate", "publish", "retire"],
  retired: ["archive"],
  archived: [],
};
type Verb = "submit" | "reject" | "publish" | "withdraw" | "deprecate" | "retire" | "archive" | "suspend" | "resume";
const isHarsh = (verb: Verb) => ["withdraw", "retire", "archive", "suspend"].includes(verb);

export default function Life({ service }: ServiceProps) {
  const { t } = useTranslation();
  const { config } = service;
  const [verb, setVerb] = useState<Verb>();
  const state = config.state ?? "published";
  const next = [...(steps[state] ?? [])];
  if (["published", "deprecated"].includes(state)) next.push(config.suspended ? "resume" : "suspend");
  const dates: Partial<Record<(typeof states)[number], string>> = {
    ...(config.deprecated_at ? { deprecated: when(config.deprecated_at) } : {}),
    ...(config.sunset_at ? { retired: when(config.sunset_at) } : {}),
  };
  const at = states.indexOf(state);
  return (
    <>
      <ol aria-label={t("tab_life")} className="flex flex-col sm:flex-row">
        {states.map((one, index) => (
          <li
            key={one}
            aria-current={index === at ? "step" : undefined}
            className={cx(
              "flex-1 py-3 max-sm:border-l-2 max-sm:pl-4 sm:border-t-2 sm:pr-3",
              index < at ? "border-edge" : index === at ? "border-clay" : "border-rule",
            )}
          >
            <p className={cx(index === at ? "font-semibold" : "text-muted")}>{t(`state_${one}`)}</p>
            <p className="text-xs text-muted">{index === at && !dates[one] ? t("life_now") : dates[one]}</p>
          </li>
        ))}
      </ol>
      {service.origin === "file" ? (
        <p className="text-muted">{t("read_only_file", { file: service.file ?? "" })}</p>
      ) : (
        <div className="flex flex-wrap gap-2">
          {next.map((one, index) => (
            <Button key={one} kind={isHarsh(one) ? "danger" : index === 0 && state !== "deprecated" ? "main" : "plain"} onClick={() => setVerb(one)}>
              {t(one === "deprecate" && state === "deprecated" ? "act_dates" : `act_${one}`)}
            </Button>
          ))}
        </div>
      )}
      <Callers name={service.name} />
      <Dialog title={verb ? `${t(`act_${verb}`)}: ${service.name}` : ""} open={!!verb} onClose={() => setVerb(undefined)}>
        {verb && <Step service={service} verb={verb} onDone={() => setVerb(undefined)} />}
      </Dialog>
    </>
  );
}

function Callers({ name }: { name: string }) {
  const { t } = useTranslation();
  const { data, error } = useQuery(callers(name, DAYS));
  type Row = Schemas["CallerBody"];
  const columns: Column<Row>[] = [
    { id: "consumer", header: t("caller"), accessorFn: (row) => row.consumer, cell: ({ getValue }) => <span className="font-medium">{getValue()}</span> },
    { id: "team", header: t("owner"), accessorFn: (row) => row.team ?? "", meta: { narrow: true } },
    { id: "requests", header: t("requests"), accessorFn: (row) => row.requests, cell: ({ getValue }) => count(getValue()), meta: { right: true } },
    { id: "errors", header: t("errors"), accessorFn: (row) => row.errors, cell: ({ getValue }) => count(getValue()), meta: { right: true, narrow: true } },
    { id: "last", header: t("last_called"), accessorFn: (row) => row.last_called_at, cell: ({ getValue }) => when(getValue()), meta: { right: true } },
  ];
  return (
    <Section title={t("life_callers")}>
      {isUnkept(error) ? (
        <p className="text-muted">{t("no_usage_about")}</p>
      ) : !data ? (
        <Pending error={error} />
      ) : data.callers.length === 0 ? (
        <p className="text-muted">{t("life_callers_none")}</p>
      ) : (
        <Table label={t("life_callers")} rows={data.callers} columns={columns} searchable={data.callers.length > 10} />
      )}
      {!!data?.nameless_requests && (
        <p className="text-xs text-muted">{t("life_nameless", { count: data.nameless_requests })}</p>
      )}
    </Section>
  );
}

function Step({ service, verb, onDone }: ServiceProps & { verb: Verb; onDone: () => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const known = useQuery(callers(service.name, DAYS));
  const take = useMutation({
    mutationFn: (values: Record<string, string>) => {
      const body = Object.fromEntries(Object.entries(values).filter(([, value]) => value));
      const path = `/api/v1/services/{name}:${verb}` as "/api/v1/services/{name}:suspend";
      return api.POST(path, { params: { path: { name: service.name } }, body: body as never });
    },
    onSuccess: async () => {
      await queries.invalidateQueries();
      onDone();
    },
  });
  const hit = isHarsh(verb) ? (known.data?.callers ?? []) : [];
  const today = new Date().toISOString().slice(0, 10);
  return (
    <form className="flex flex-col gap-4" onSubmit={(event) => take.mutate(filled(event))}>
      <p>{t(`about_${verb}`)}</p>
      {hit.length > 0 && (
        <div className="border-l-2 border-clay pl-3">
          <p>{t("breaks_callers", { count: hit.length })}</p>
          <p className="text-muted">{hit.slice(0, 12).map((one) => one.consumer).join(", ")}{hit.length > 12 && " …"}</p>
        </div>
      )}
      {verb === "deprecate" ? (
        <>
          <div className="grid grid-cols-2 gap-4">
            <Field label={t("deprecated_at")} type="date" name="deprecated_at" defaultValue={service.config.deprecated_at?.slice(0, 10) ?? today} hint={t("date_hint")} />
            <Field label={t("sunset_at")} type="date" name="sunset_at" defaultValue={service.config.sunset_at?.slice(0, 10)} />
          </div>
          <Field label={t("successor")} name="successor" hint={t("successor_hint")} defaultValue={service.config.successor ?? ""} />
          <Field label={t("notice")} name="notice" type="url" hint={t("notice_hint")} defaultValue={service.config.notice ?? ""} />
        </>
      ) : (
        <Field label={t("reason")} name="reason" maxLength={1000} hint={t("reason_hint")} />
      )}
      <Fault error={take.error} />
      <div className="flex gap-2">
        <Button type="submit" kind={isHarsh(verb) ? "danger" : "main"} busy={take.isPending}>
          {t(`act_${verb}`)}
        </Button>
        <Button onClick={onDone}>{t("cancel")}</Button>
      </div>
    </form>
  );
}
