// What was used by one or two dimensions, over a time range that the address keeps, with a chart and
// a file of the same.
import { useQuery } from "@tanstack/react-query";
import { Suspense, lazy, useMemo } from "react";
import { apiRoot, isUnkept } from "../../api/client";
import { type Range, breakdown, isRange, ranges, series } from "../../api/questions";
import { useTranslation } from "../../i18n/use";
import { count, duration, money, percent } from "../../ui/number";
import { Empty, Page, Pending, Section } from "../../ui/page";
import { Choice, buttonLook } from "../../ui/parts";
import { Ranges } from "../../ui/ranges";
import { useNavigate, useSearch } from "../../ui/router";
import { type Column, Table } from "../../ui/table";

const Chart = lazy(() => import("../../ui/chart"));

/** By what use is told apart, as the API has it. */
export const dimensions = ["service", "version", "route", "operation", "consumer", "application", "plan", "product", "team", "model", "deployment", "provider", "status", "class", "reason"] as const;
export const metrics = ["requests", "errors", "error_percent", "latency_p50", "latency_p95", "first_token_p95", "tokens", "cost_nano_usd"] as const;

export type AnalyticsSearch = { range?: Range; by?: string; and?: string; metric?: string; q?: string; sort?: string };
type Row = { group: Record<string, string>; sums: Record<string, number>; latency: { p50_us?: number | null; p95_us?: number | null } };

const LINES_MAX = 6;
const ROWS_MAX = "500";

export default function Analytics() {
  const { t } = useTranslation();
  const { range: asked, by = "service", and, metric = "requests" } = useSearch<AnalyticsSearch>();
  const range = isRange(asked) ? asked : "24h";
  const navigate = useNavigate();
  const choose = (change: AnalyticsSearch) => navigate({ to: ".", search: (now) => ({ ...now, sort: undefined, ...change }), replace: true });
  const found = useQuery(breakdown(range, { by: and ? `${by},${and}` : by, limit: ROWS_MAX }));
  const lines = useQuery(series(range, { metric, group_by: by, limit: String(LINES_MAX) }));
  const isSpan = /^(latency|first_token)_/.test(metric);
  const unit = metric === "cost_nano_usd" ? money : metric === "error_percent" ? percent : isSpan ? duration : count;
  const chart = useMemo(() => {
    const all = (lines.data?.series ?? []).slice(0, LINES_MAX);
    const times = all[0]?.points.map((point) => Date.parse(point.at) / 1000) ?? [];
    return {
      times,
      lines: all.map((one) => ({
        name: Object.values(one.group as Record<string, string>)[0] || t("none"),
        values: one.points.map((point) => (isSpan ? (point.value ?? null) : (point.value ?? 0))),
      })),
    };
  }, [lines.data, isSpan, t]);
  const rows = (found.data?.rows ?? []) as unknown as Row[];
  const tokens = (sums: Record<string, number>) => sums.tokens ?? Object.entries(sums).reduce((sum, [name, value]) => (name.startsWith("tokens_") ? sum + value : sum), 0);
  const group = (name: string): Column<Row> => ({
    id: name,
    header: t(`dimension_${name}`),
    accessorFn: (row) => row.group[name] || t("none"),
    cell: ({ getValue }) => <span className="font-medium break-all">{getValue()}</span>,
  });
  const columns: Column<Row>[] = [
    group(by),
    ...(and ? [group(and)] : []),
    { id: "requests", header: t("requests"), accessorFn: (row) => row.sums.requests ?? 0, cell: ({ getValue }) => count(getValue()), meta: { right: true } },
    {
      id: "errors",
      header: t("errors"),
      accessorFn: (row) => row.sums.errors ?? 0,
      cell: ({ getValue, row }) => (getValue() ? `${count(getValue())} · ${percent((getValue() / (row.original.sums.requests || 1)) * 100)}` : "0"),
      meta: { right: true },
    },
    { id: "p50", header: t("median"), accessorFn: (row) => row.latency.p50_us ?? 0, cell: ({ row }) => duration(row.original.latency.p50_us), meta: { right: true, narrow: true } },
    { id: "p95", header: t("p95"), accessorFn: (row) => row.latency.p95_us ?? 0, cell: ({ row }) => duration(row.original.latency.p95_us), meta: { right: true, narrow: true } },
    { id: "tokens", header: t("tokens"), accessorFn: (row) => tokens(row.sums), cell: ({ getValue }) => count(getValue()), meta: { right: true, narrow: true } },
    { id: "cost", header: t("cost"), accessorFn: (row) => row.sums.cost_nano_usd ?? 0, cell: ({ getValue }) => money(getValue()), meta: { right: true, narrow: true } },
  ];
  const query = new URLSearchParams({ from: new Date(Date.now() - ranges[range].seconds * 1000).toISOString(), by: and ? `${by},${and}` : by, limit: "1000", format: "csv" });
  return (
    <Page
      title={t("nav_analytics")}
      about={t("analytics_about")}
      actions={
        <>
          <Ranges current={range} onChoose={(range) => choose({ range })} />
          <a href={`${apiRoot}/api/v1/usage/breakdown?${query}`} download={`usage-${[by, and].filter(Boolean).join("-")}-${range}.csv`} className={buttonLook("plain")}>
            {t("export_csv")}
          </a>
        </>
      }
    >
      <div className="grid gap-4 sm:grid-cols-3">
        <Choice label={t("analytics_by")} value={by} onChange={({ target }) => choose({ by: target.value, and: target.value === and ? undefined : and })}>
          {dimensions.map((one) => (
            <option key={one} value={one}>
              {t(`dimension_${one}`)}
            </option>
          ))}
        </Choice>
        <Choice label={t("analytics_and")} value={and ?? ""} onChange={({ target }) => choose({ and: target.value || undefined })}>
          <option value="">{t("nothing_else")}</option>
          {dimensions.filter((one) => one !== by).map((one) => (
            <option key={one} value={one}>
              {t(`dimension_${one}`)}
            </option>
          ))}
        </Choice>
        <Choice label={t("analytics_metric")} value={metric} onChange={({ target }) => choose({ metric: target.value })}>
          {metrics.map((one) => (
            <option key={one} value={one}>
              {t(`metric_${one}`)}
            </option>
          ))}
        </Choice>
      </div>
      {found.error ? (
        isUnkept(found.error) ? (
          <Empty title={t("no_usage_title")} curl="architrave run --config gateway.yaml --data architrave-data">
            {t("no_usage_about")}
          </Empty>
        ) : (
          <Pending error={found.error} />
        )
      ) : !found.data ? (
        <Pending />
      ) : rows.length === 0 ? (
        <Empty title={t("analytics_none")}>{t("analytics_none_about", { range: t(`range_${range}`) })}</Empty>
      ) : (
        <>
          {chart.times.length > 0 && (
            <Section title={`${t(`metric_${metric}`)} · ${t(`dimension_${by}`)}`}>
              <Suspense fallback={<div className="h-[240px]" />}>
                <Chart label={t(`metric_${metric}`)} times={chart.times} lines={chart.lines} unit={unit} height={240} />
              </Suspense>
            </Section>
          )}
          {found.data.is_cut && <p className="text-muted">{t("analytics_cut", { count: rows.length })}</p>}
          <Table key={`${by} ${and}`} label={t("nav_analytics")} rows={rows} columns={columns} searchable={rows.length > 10} />
        </>
      )}
    </Page>
  );
}
