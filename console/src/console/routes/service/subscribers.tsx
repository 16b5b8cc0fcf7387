// Who may call a service by a plan.
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "../../../i18n/use";
import { type Schemas, isUnkept } from "../../../api/client";
import { products, subscriptions } from "../../../api/questions";
import { when } from "../../../ui/number";
import { Empty, Pending } from "../../../ui/page";
import { State } from "../../../ui/parts";
import { type Column, Table } from "../../../ui/table";
import { subscriptionShape } from "../../../ui/words";
import type { ServiceProps } from "../service";

export default function Subscribers({ service }: ServiceProps) {
  const { t } = useTranslation();
  const offered = useQuery(products);
  const all = useQuery(subscriptions({}));
  type Row = Schemas["SubscriptionBody"];
  const names = offered.data?.filter(({ config }) => config.services?.includes(service.name)).map(({ name }) => name);
  const rows = all.data?.filter((one) => names?.includes(one.product));
  const none = <Empty title={t("subscribers_none")}>{t("subscribers_none_about")}</Empty>;
  if (isUnkept(all.error)) return none;
  if (!rows || !names) return <Pending error={all.error ?? offered.error} />;
  if (rows.length === 0) return none;
  const columns: Column<Row>[] = [
    { id: "application", header: t("application"), accessorFn: (row) => row.application, cell: ({ getValue }) => <span className="font-medium">{getValue()}</span> },
    { id: "plan", header: t("plan"), accessorFn: (row) => row.plan },
    { id: "product", header: t("product"), accessorFn: (row) => row.product, meta: { narrow: true } },
    { id: "state", header: t("state"), accessorFn: (row) => t(`sub_${row.state}`), cell: ({ row, getValue }) => <State shape={subscriptionShape(row.original.state)}>{getValue()}</State> },
    { id: "since", header: t("since"), accessorFn: (row) => row.created_at ?? "", cell: ({ getValue }) => when(getValue()), meta: { right: true } },
  ];
  return <Table label={t("tab_subscribers")} rows={rows} columns={columns} searchable={rows.length > 10} />;
}
