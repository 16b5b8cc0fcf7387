// What stands behind a service: each endpoint, how it does, and how much of the load it has now.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "../../../i18n/use";
import { type Schemas, api } from "../../../api/client";
import { upstreams } from "../../../api/questions";
import { count } from "../../../ui/number";
import { Dialog } from "../../../ui/dialog";
import { Empty, Facts, Pending } from "../../../ui/page";
import { Button, Fault, State } from "../../../ui/parts";
import { type Column, Table } from "../../../ui/table";
import { healthShape, healthWord } from "../../../ui/words";
import { ObjectLink } from "../object/link";
import type { ServiceProps } from "../service";

type Endpoint = Schemas["EndpointBody"];

/** Whether it gets new requests: of those with the first priority, by weight and how far it has warmed up. */
const isTaking = (one: Endpoint) => !one.is_draining && one.health === "healthy";

export default function Upstream({ service }: ServiceProps) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const { data, error } = useQuery(upstreams);
  const [draining, setDraining] = useState<Endpoint>();
  const name = service.config.http?.upstream ?? "";
  const move = useMutation({
    mutationFn: ({ address, verb }: { address: string; verb: "drain" | "ready" }) => {
      const params = { path: { name, address } };
      return verb === "drain"
        ? api.POST("/api/v1/upstreams/{name}/endpoints/{address}:drain", { params })
        : api.POST("/api/v1/upstreams/{name}/endpoints/{address}:ready", { params });
    },
    onSuccess: () => setDraining(undefined),
    onSettled: () => queries.invalidateQueries(upstreams),
  });
  if (!name) return <Empty title={t("upstream_none")}>{t("upstream_none_about")}</Empty>;
  if (!data) return <Pending error={error} />;
  const upstream = data.find((one) => one.name === name);
  const endpoints = upstream?.endpoints ?? [];
  const taking = endpoints.filter(isTaking);
  const first = Math.min(...endpoints.filter((one) => isTaking(one)).map((one) => one.priority));
  const load = (one: Endpoint) => (isTaking(one) && one.priority === first ? one.weight * one.share_percent : 0);
  const sum = endpoints.reduce((all, one) => all + load(one), 0);
  const columns: Column<Endpoint>[] = [
    { id: "address", header: t("endpoint"), accessorFn: (row) => row.address, cell: ({ getValue }) => <code className="font-mono text-[13px]">{getValue()}</code> },
    {
      id: "health",
      header: t("health"),
      accessorFn: (row) => row.health,
      cell: ({ row: { original: one } }) => (
        <span title={one.check_error ?? undefined}>
          <State shape={healthShape(one)}>{t(one.is_draining ? "draining" : healthWord(one.health))}</State>
        </span>
      ),
    },
    {
      id: "share",
      header: t("share"),
      accessorFn: (row) => Math.round((load(row) / (sum || 1)) * 100),
      cell: ({ getValue }) => (
        <span className="flex items-center gap-3">
          <span className="h-2 w-24 bg-wash max-sm:hidden">
            <span className="block h-2 bg-ink/70" style={{ width: `${getValue()}%` }} />
          </span>
          {getValue()} %
        </span>
      ),
    },
    { id: "weight", header: t("weight"), accessorFn: (row) => row.weight, meta: { right: true, narrow: true } },
    { id: "in_flight", header: t("in_flight"), accessorFn: (row) => row.in_flight, meta: { right: true } },
    { id: "requests", header: t("requests"), accessorFn: (row) => row.requests, cell: ({ getValue }) => count(getValue()), meta: { right: true, narrow: true } },
    { id: "failures", header: t("failures"), accessorFn: (row) => row.failures, cell: ({ getValue }) => count(getValue()), meta: { right: true, narrow: true } },
    { id: "latency", header: t("mean_latency"), accessorFn: (row) => row.latency_ms ?? 0, cell: ({ getValue }) => (getValue() ? `${getValue().toFixed(1)} ms` : "–"), meta: { right: true } },
    {
      id: "act",
      header: () => <span className="sr-only">{t("actions")}</span>,
      enableSorting: false,
      meta: { right: true },
      cell: ({ row: { original: one } }) =>
        one.is_draining ? (
          <Button kind="edge" onClick={() => move.mutate({ address: one.address, verb: "ready" })}>
            {t("undrain")}
          </Button>
        ) : (
          <Button kind="edge" onClick={() => setDraining(one)}>
            {t("drain")}
          </Button>
        ),
    },
  ];
  return (
    <>
      <Facts
        facts={[
          [t("upstream"), <ObjectLink key={name} kind="upstream" name={name} />],
          [t("balancing"), (upstream?.config?.balance as string | undefined) ?? "p2c_ewma"],
        ]}
      />
      <Table label={t("tab_upstream")} rows={endpoints} columns={columns} searchable={endpoints.length > 10} />
      <Dialog title={t("drain_title", { address: draining?.address })} open={!!draining} onClose={() => setDraining(undefined)}>
        <p>{t("drain_about", { count: draining?.in_flight ?? 0 })}</p>
        {taking.length < 2 && <p className="text-clay">{t("drain_last")}</p>}
        <Fault error={move.error} />
        <div className="flex gap-2">
          <Button kind="danger" busy={move.isPending} onClick={() => draining && move.mutate({ address: draining.address, verb: "drain" })}>
            {t("drain")}
          </Button>
          <Button onClick={() => setDraining(undefined)}>{t("cancel")}</Button>
        </div>
      </Dialog>
    </>
  );
}
