// The routes that lead to a service, the way the gateway reads them.
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "../../../i18n/use";
import type { Schemas } from "../../../api/client";
import { routes } from "../../../api/questions";
import { Empty, Pending } from "../../../ui/page";
import { buttonLook } from "../../../ui/parts";
import { Link } from "../../../ui/router";
import { type Column, Table } from "../../../ui/table";
import { leadsTo } from "../../../ui/words";
import { ObjectLink } from "../object/link";
import type { ServiceProps } from "../service";

type Row = { object: Schemas["RouteObject"]; match: string; weight: string };

function told(match: Schemas["RouteMatch"]) {
  const path = match.path?.exact ?? (match.path?.prefix && `${match.path.prefix}…`) ?? match.path?.regex;
  const other = [
    ...Object.keys(match.headers ?? {}).map((name) => `header ${name}`),
    ...Object.keys(match.query ?? {}).map((name) => `?${name}`),
    ...Object.keys(match.cookies ?? {}).map((name) => `cookie ${name}`),
  ];
  return [match.methods?.join(" "), path, ...other].filter(Boolean).join(" · ");
}

export default function Routes({ service }: ServiceProps) {
  const { t } = useTranslation();
  const { data, error } = useQuery(routes);
  if (!data) return <Pending error={error} />;
  const rows: Row[] = data
    .filter(({ config }) => leadsTo(config, service.name))
    .map((object) => {
      const of = object.config.services ?? [];
      const all = of.reduce((sum, one) => sum + (one.weight ?? 1), 0);
      const own = of.find((one) => one.name === service.name)?.weight ?? 1;
      return {
        object,
        match: object.config.match?.map(told).join("\n") || t("everything"),
        weight: of.length ? `${Math.round((own / all) * 100)} %` : "100 %",
      };
    });
  const making = service.origin === "database" && (
    <Link to="/new/$kind" params={{ kind: "route" }} search={{ from: service.name }} className={buttonLook("plain")}>
      {t("new_of_kind", { kind: t("object_route") })}
    </Link>
  );
  if (rows.length === 0) {
    return (
      <Empty title={t("routes_none")} action={making}>
        {t("routes_none_about")}
      </Empty>
    );
  }
  const columns: Column<Row>[] = [
    { id: "name", header: t("name"), accessorFn: (row) => row.object.name, cell: ({ getValue }) => <ObjectLink kind="route" name={getValue()} /> },
    { id: "hosts", header: t("hosts"), accessorFn: (row) => row.object.config.hosts?.join(", ") ?? t("any") },
    { id: "match", header: t("match"), accessorFn: (row) => row.match, cell: ({ getValue }) => <code className="font-mono text-[13px] whitespace-pre">{getValue()}</code> },
    { id: "policies", header: t("policies"), accessorFn: (row) => Object.keys(row.object.config.policies ?? {}).join(", ") || t("none"), meta: { narrow: true } },
    { id: "weight", header: t("weight"), accessorFn: (row) => row.weight, meta: { right: true } },
  ];
  return (
    <>
      <Table label={t("tab_routes")} rows={rows} columns={columns} searchable={rows.length > 10} />
      {making && <div>{making}</div>}
    </>
  );
}
