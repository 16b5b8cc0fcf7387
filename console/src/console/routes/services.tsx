// Every service that one may see.
import { useQuery } from "@tanstack/react-query";
import { Link } from "../../ui/router";
import { useMemo, useState } from "react";
import { useTranslation } from "../../i18n/use";
import { apiRoot } from "../../api/client";
import { series, services, session } from "../../api/questions";
import { count } from "../../ui/number";
import { Empty, Page, Pending } from "../../ui/page";
import { Button, State } from "../../ui/parts";
import { Spark } from "../../ui/spark";
import { type Column, Table } from "../../ui/table";
import { kindOf, lifeOf, lifeShape } from "../../ui/words";
import { ImportDialog } from "./services/import";
import { ServerDialog } from "./services/server";

export default function Services() {
  const { t } = useTranslation();
  const { data, error } = useQuery(services);
  const { data: identity } = useQuery(session);
  const traffic = useQuery(series("24h", { metric: "requests", group_by: "service", limit: "100" }));
  const [open, setOpen] = useState<"import" | "server">();
  // The figures are part of the rows, for what a table has read of a row it does not read again.
  const rows = useMemo(() => {
    const all = traffic.data?.series.map((one) => {
      const values = one.points.map((point) => point.value ?? 0);
      return [(one.group as { service?: string }).service ?? "", values] as const;
    });
    const points = all && new Map(all);
    return data?.map((service) => ({ ...service, traffic: points && (points.get(service.name) ?? []) }));
  }, [data, traffic.data]);
  type Row = NonNullable<typeof rows>[number];
  const columns = useMemo<Column<Row>[]>(
    () => [
      {
        id: "name",
        header: t("name"),
        accessorFn: (row) => row.name,
        cell: ({ row }) => (
          <Link to="/services/$name" params={{ name: row.original.name }} className="font-medium hover:underline">
            {row.original.name}
          </Link>
        ),
      },
      { id: "kind", header: t("kind"), accessorFn: (row) => t(`kind_${kindOf(row.config)}`), meta: { narrow: true } },
      {
        id: "state",
        header: t("state"),
        accessorFn: (row) => t(`state_${lifeOf(row.config)}`),
        cell: ({ row, getValue }) => <State shape={lifeShape(lifeOf(row.original.config))}>{getValue()}</State>,
      },
      { id: "version", header: t("version"), accessorFn: (row) => String(row.config.version ?? ""), meta: { narrow: true } },
      { id: "owner", header: t("owner"), accessorFn: (row) => row.team ?? t("platform"), meta: { narrow: true } },
      {
        id: "traffic",
        header: t("traffic_24h"),
        meta: { right: true },
        accessorFn: (row) => row.traffic?.reduce((sum, value) => sum + value, 0),
        cell: ({ row, getValue }) => (
          <span className="inline-flex items-center justify-end gap-3 align-middle">
            {getValue() > 0 && (
              <span className="max-sm:hidden">
                <Spark values={row.original.traffic ?? []} label={t("last_24h")} />
              </span>
            )}
            <span className="min-w-10">{count(getValue())}</span>
          </span>
        ),
      },
    ],
    [t],
  );
  const canMake = identity?.kind !== "loopback";
  const importing = (
    <Button kind="main" onClick={() => setOpen("import")}>
      {t("import_api")}
    </Button>
  );
  return (
    <Page
      title={t("services_title")}
      about={t("services_about")}
      actions={
        canMake &&
        !!data?.length && (
          <>
            <Button onClick={() => setOpen("server")}>{t("card_service")}</Button>
            {importing}
          </>
        )
      }
    >
      {!rows ? (
        <Pending error={error} />
      ) : rows.length === 0 ? (
        <Empty
          title={t("services_empty")}
          action={canMake && importing}
          curl={`curl -X POST ${apiRoot}/api/v1/services/orders:import \\\n  -H "authorization: Bearer $TOKEN" -H "content-type: application/json" \\\n  -d "$(jq -Rs '{description: ., routes: "prefix"}' orders.yaml)"`}
        >
          {t("services_empty_about")}
        </Empty>
      ) : (
        <Table label={t("services_title")} rows={rows} columns={columns} />
      )}
      <ImportDialog open={open === "import"} onClose={() => setOpen(undefined)} />
      <ServerDialog open={open === "server"} onClose={() => setOpen(undefined)} />
    </Page>
  );
}
