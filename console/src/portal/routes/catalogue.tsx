// What there is to use: every service that one may know of, with the product that it comes in.
import { useQuery } from "@tanstack/react-query";
import { Link } from "../../ui/router";
import { products, services, session, subscriptions } from "../../api/questions";
import { useTranslation } from "../../i18n/use";
import { when } from "../../ui/number";
import { Empty, Page, Pending } from "../../ui/page";
import { State } from "../../ui/parts";
import { type Column, Table } from "../../ui/table";
import { lifeOf, lifeShape } from "../../ui/words";

export default function Catalogue() {
  const { t } = useTranslation();
  const { data, error } = useQuery(services);
  const offered = useQuery(products);
  const { data: identity } = useQuery(session);
  const mine = useQuery({ ...subscriptions({}), enabled: !!identity });
  const rows = data
    ?.filter(({ config }) => ["published", "deprecated"].includes(config.state ?? "published"))
    .map((service) => {
      const within = offered.data?.filter(({ config }) => config.services?.includes(service.name)) ?? [];
      const active = mine.data?.some((one) => one.state === "active" && within.some(({ name }) => name === one.product));
      return { service, within, active };
    });
  type Row = NonNullable<typeof rows>[number];
  const columns: Column<Row>[] = [
    {
      id: "name",
      header: t("name"),
      accessorFn: ({ service }) => service.name,
      cell: ({ row: { original: one } }) => (
        <span className="flex flex-col py-1">
          <Link to="/services/$name" params={{ name: one.service.name }} className="font-medium hover:underline">
            {one.service.name}
          </Link>
          {one.within[0]?.config.description && <span className="text-xs text-muted">{one.within[0].config.description}</span>}
        </span>
      ),
    },
    { id: "product", header: t("product"), accessorFn: ({ within }) => within.map(({ name, config }) => config.title ?? name).join(", "), meta: { narrow: true } },
    { id: "version", header: t("version"), accessorFn: ({ service }) => String(service.config.version ?? ""), meta: { narrow: true } },
    {
      id: "state",
      header: t("state"),
      accessorFn: ({ service }) => t(`state_${lifeOf(service.config)}`),
      cell: ({ row: { original: one }, getValue }) => (
        <State shape={lifeShape(lifeOf(one.service.config))}>
          {one.service.config.sunset_at ? t("ends", { time: when(one.service.config.sunset_at) }) : getValue()}
        </State>
      ),
    },
    ...(identity ? [{ id: "mine", header: t("subscribed"), accessorFn: ({ active }) => (active ? t("yes") : ""), meta: { right: true } } satisfies Column<Row>] : []),
  ];
  return (
    <Page title={t("nav_catalogue")} about={t(identity ? "catalogue_about" : "catalogue_public_about")}>
      {!rows ? (
        <Pending error={error} />
      ) : rows.length === 0 ? (
        <Empty title={t("catalogue_empty")}>{t("catalogue_empty_about")}</Empty>
      ) : (
        <Table label={t("nav_catalogue")} rows={rows} columns={columns} />
      )}
    </Page>
  );
}
