// Models with what serves them, live, and the providers behind.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "../../i18n/use";
import { type Schemas, api, apiRoot, body } from "../../api/client";
import { type Model, models, providers, session } from "../../api/questions";
import { Dialog } from "../../ui/dialog";
import { count } from "../../ui/number";
import { Empty, Page, Pending, Section } from "../../ui/page";
import { Button, State, buttonLook } from "../../ui/parts";
import { Link } from "../../ui/router";
import { type Column, Table } from "../../ui/table";
import { Verdict } from "./models/verdict";
import { ObjectLink } from "./object/link";

type Lane = { model: string; provider: string; of: string; lane: Schemas["LaneBody"] };

export default function Models() {
  const { t } = useTranslation();
  const { data, error } = useQuery(models);
  const behind = useQuery(providers);
  const { data: identity } = useQuery(session);
  const canMake = !!identity && identity.kind !== "loopback";
  if (!data) {
    return (
      <Page title={t("nav_models")}>
        <Pending error={error} />
      </Page>
    );
  }
  return (
    <Page
      title={t("nav_models")}
      about={t("models_about")}
      actions={
        canMake && <>
          <Link to="/playground" className={buttonLook("plain")}>
            {t("nav_playground")}
          </Link>
          <Link to="/new/$kind" params={{ kind: "provider" }} className={buttonLook("plain")}>
            {t("add_provider")}
          </Link>
          <Link to="/new/$kind" params={{ kind: "model" }} className={buttonLook(behind.data?.length ? "main" : "plain")}>
            {t("add_model")}
          </Link>
        </>
      }
    >
      {data.length === 0 ? (
        <Empty
          title={t("models_none")}
          action={
            canMake && <Link to="/new/$kind" params={{ kind: behind.data?.length ? "model" : "provider" }} className={buttonLook("main")}>
              {t(behind.data?.length ? "add_model" : "add_provider")}
            </Link>
          }
          curl={`curl -X POST ${apiRoot}/api/v1/objects:apply \\\n  -H "authorization: Bearer $TOKEN" -H "content-type: application/json" -d '{"objects": [\n  {"kind":"provider","name":"openai","config":{"name":"openai","kind":"openai","credentials":[{"value":"sk-…"}]}},\n  {"kind":"model","name":"fast","config":{"name":"fast","deployments":[{"provider":"openai","model":"gpt-4o-mini"}]}}]}'`}
        >
          {t("models_none_about")}
        </Empty>
      ) : (
        <Lanes all={data} />
      )}
      {!!behind.data?.length && <Providers all={behind.data} />}
    </Page>
  );
}

function Lanes({ all }: { all: Model[] }) {
  const { t } = useTranslation();
  const rows: Lane[] = all.flatMap((model) =>
    (model.deployments ?? []).flatMap((one) =>
      one.lanes.map((lane) => ({ model: model.name, provider: one.provider, of: one.model, lane })),
    ),
  );
  const columns: Column<Lane>[] = [
    { id: "model", header: t("model"), accessorFn: (row) => row.model, cell: ({ getValue }) => <ObjectLink kind="model" name={getValue()} /> },
    { id: "by", header: t("served_by"), accessorFn: (row) => `${row.provider}/${row.of}`, cell: ({ row: { original: one } }) => (
      <span className="break-all">
        {one.provider}/{one.of}
        {one.lane.credential && <span className="text-muted"> · {one.lane.credential}</span>}
      </span>
    ) },
    {
      id: "state",
      header: t("state"),
      accessorFn: (row) => row.lane.state,
      cell: ({ row: { original: one } }) => {
        const isResting = (one.lane.rests_for_ms ?? 0) > 0;
        const seconds = Math.ceil((one.lane.rests_for_ms ?? 0) / 1000);
        return <State shape={isResting ? "bad" : "good"}>{isResting ? t("rests", { seconds }) : one.lane.state}</State>;
      },
    },
    { id: "in_flight", header: t("in_flight"), accessorFn: (row) => row.lane.requests_in_flight, meta: { right: true, narrow: true } },
    { id: "requests", header: t("requests"), accessorFn: (row) => row.lane.requests, cell: ({ getValue }) => count(getValue()), meta: { right: true } },
    { id: "failures", header: t("failures"), accessorFn: (row) => row.lane.failures, cell: ({ getValue }) => count(getValue()), meta: { right: true, narrow: true } },
    { id: "first", header: t("first_token"), accessorFn: (row) => row.lane.first_token_ms ?? 0, cell: ({ getValue }) => (getValue() ? `${Math.round(getValue())} ms` : "–"), meta: { right: true, narrow: true } },
    { id: "speed", header: t("speed"), accessorFn: (row) => row.lane.tokens_per_second ?? 0, cell: ({ getValue }) => (getValue() ? t("tokens_per_second", { count: Math.round(getValue()) }) : "–"), meta: { right: true, narrow: true } },
  ];
  return <Table label={t("nav_models")} rows={rows} columns={columns} searchable={rows.length > 10} />;
}

function Providers({ all }: { all: Schemas["ProviderObject"][] }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const [shown, setShown] = useState<string>();
  const test = useMutation({
    mutationFn: (name: string) => body(api.POST("/api/v1/providers/{name}:test", { params: { path: { name } } })),
    onSettled: () => queries.invalidateQueries(models),
  });
  const columns: Column<Schemas["ProviderObject"]>[] = [
    { id: "name", header: t("name"), accessorFn: (row) => row.name, cell: ({ getValue }) => <ObjectLink kind="provider" name={getValue()} /> },
    { id: "kind", header: t("kind"), accessorFn: (row) => row.config.kind },
    { id: "keys", header: t("keys"), accessorFn: (row) => row.config.credentials?.length ?? 0, meta: { right: true } },
    { id: "origin", header: t("origin"), accessorFn: (row) => t(`origin_${row.origin}`), meta: { narrow: true } },
    {
      id: "act",
      header: () => <span className="sr-only">{t("actions")}</span>,
      enableSorting: false,
      meta: { right: true },
      cell: ({ row: { original: one } }) => (
        <Button
          kind="edge"
          onClick={() => {
            setShown(one.name);
            test.mutate(one.name);
          }}
        >
          {t("test")}
        </Button>
      ),
    },
  ];
  return (
    <Section title={t("providers")}>
      <Table label={t("providers")} rows={all} columns={columns} searchable={all.length > 10} />
      <Dialog title={t("test_title", { name: shown })} open={!!shown} onClose={() => setShown(undefined)}>
        <Verdict test={test} />
      </Dialog>
    </Section>
  );
}
