// Home: what goes through the gateway now, and what somebody should look at.
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "../../ui/router";
import { type ReactNode, Suspense, lazy, useMemo } from "react";
import { useTranslation } from "../../i18n/use";
import { isUnkept } from "../../api/client";
import { type Range, breakdown, ranges, series, services, session } from "../../api/questions";
import { count, duration, money, percent } from "../../ui/number";
import { Empty, Page, Pending, Section } from "../../ui/page";
import { cx } from "../../ui/parts";
import { Ranges } from "../../ui/ranges";
import { Attention } from "./home/attention";
import { Beginnings } from "./home/beginnings";

const Chart = lazy(() => import("../../ui/chart"));

export default function Home() {
  const { t } = useTranslation();
  const { range = "1h" } = useSearch<{ range?: Range }>();
  const navigate = useNavigate();
  const { data: identity } = useQuery(session);
  const listed = useQuery(services);
  const total = useQuery(breakdown(range));
  const isFirst = listed.data && listed.data.length === 0;
  return (
    <Page
      title={t("home_title")}
      about={
        total.dataUpdatedAt > 0 &&
        total.data &&
        t("as_of", { time: new Date(total.dataUpdatedAt).toLocaleTimeString() })
      }
      actions={
        <Ranges current={range} onChoose={(range) => navigate({ to: "/", search: { range } })} />
      }
    >
      {identity?.kind === "loopback" && <p className="max-w-2xl text-muted">{t("loopback_about")}</p>}
      {isFirst !== undefined && identity?.kind !== "loopback" && <Beginnings isFirst={isFirst} />}
      <Attention />
      {total.error ? (
        isUnkept(total.error) ? (
          <Empty title={t("no_usage_title")} curl="architrave run --config gateway.yaml --data architrave-data">
            {t("no_usage_about")}
          </Empty>
        ) : (
          <Pending error={total.error} />
        )
      ) : (
        <Traffic range={range} />
      )}
    </Page>
  );
}

function Traffic({ range }: { range: Range }) {
  const { t } = useTranslation();
  const total = useQuery(breakdown(range));
  const classes = useQuery(series(range, { metric: "requests", group_by: "class" }));
  const busy = useQuery(breakdown(range, { by: "service", limit: "8" }));
  const chart = useMemo(() => {
    const found = classes.data?.series ?? [];
    const times = found[0]?.points.map((point) => Date.parse(point.at) / 1000) ?? [];
    const lines = found.map((one) => {
      const name = String((one.group as { class?: string }).class || "?");
      const values = one.points.map((point) => point.value ?? 0);
      return { name, values, accent: name === "5xx" };
    });
    return { times, lines };
  }, [classes.data]);
  if (!total.data) return <Pending />;
  const row = total.data.rows[0];
  const sums = (row?.sums ?? {}) as Record<string, number>;
  const asked = sums.requests ?? 0;
  const wrong = sums.errors ?? 0;
  const tokens = Object.entries(sums).reduce(
    (sum, [name, value]) => (name.startsWith("tokens_") ? sum + value : sum),
    0,
  );
  return (
    <>
      <dl className="grid grid-cols-2 gap-x-8 gap-y-6 border-y border-rule py-6 lg:grid-cols-4">
        <Figure name={t("requests")} value={count(asked)} beside={t("rate_per_second", { rate: (asked / ranges[range].seconds).toFixed(2) })} />
        <Figure
          name={t("errors")}
          value={
            wrong > 0 ? (
              <Link to="/traffic" search={{ status: "400" }} className="underline decoration-1 underline-offset-4">
                {count(wrong)}
              </Link>
            ) : (
              count(wrong)
            )
          }
          isWrong={wrong > 0}
          beside={t("of_requests", { percent: percent(asked ? (wrong / asked) * 100 : 0) })}
        />
        <Figure name={t("p95")} value={duration(row?.latency.p95_us)} beside={t("median_is", { time: duration(row?.latency.p50_us) })} />
        <Figure name={t("cost")} value={money(sums.cost_nano_usd ?? 0)} beside={t("tokens_are", { shown: count(tokens) })} />
      </dl>
      {chart.times.length > 0 && (
        <Section title={t("traffic_chart")}>
          <Suspense fallback={<div className="h-[200px]" />}>
            <Chart label={t("traffic_chart")} times={chart.times} lines={chart.lines} unit={count} />
          </Suspense>
        </Section>
      )}
      {!!busy.data?.rows.length && (
        <Section title={t("busiest")}>
          <Busiest rows={busy.data.rows as never} />
        </Section>
      )}
    </>
  );
}

function Figure({ name, value, beside, isWrong }: { name: string; value: ReactNode; beside: ReactNode; isWrong?: boolean }) {
  return (
    <div className="min-w-0">
      <dt className="text-xs text-muted">{name}</dt>
      <dd className={cx("mt-1 text-2xl leading-8 font-medium tracking-tight", isWrong && "text-clay")}>{value}</dd>
      <dd className="text-xs text-muted">{beside}</dd>
    </div>
  );
}

type Row = { group: { service?: string }; sums: Record<string, number>; latency: { p95_us?: number | null } };

function Busiest({ rows }: { rows: Row[] }) {
  const { t } = useTranslation();
  const most = Math.max(...rows.map((row) => row.sums.requests ?? 0), 1);
  return (
    <div role="region" aria-label={t("busiest")} tabIndex={0} className="overflow-x-auto">
      <table className="w-full text-sm">
        <thead>
          <tr className="border-b border-edge text-xs text-muted">
            <th scope="col" className="py-2 pr-3 text-left font-medium">{t("name")}</th>
            <th scope="col" className="px-3 py-2 text-right font-medium">{t("requests")}</th>
            <td className="w-1/3 max-sm:hidden" />
            <th scope="col" className="px-3 py-2 text-right font-medium">{t("errors")}</th>
            <th scope="col" className="py-2 pl-3 text-right font-medium">{t("p95")}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ group, sums, latency }) => (
            <tr key={group.service} className="h-11 border-b border-rule hover:bg-wash">
              <td className="pr-3">
                {group.service ? (
                  <Link to="/services/$name" params={{ name: group.service }} className="font-medium hover:underline">
                    {group.service}
                  </Link>
                ) : (
                  <span className="text-muted">{t("none")}</span>
                )}
              </td>
              <td className="px-3 text-right">{count(sums.requests)}</td>
              <td className="px-3 max-sm:hidden">
                <div className="h-1 bg-ink/70" style={{ width: `${((sums.requests ?? 0) / most) * 100}%` }} />
              </td>
              <td className={cx("px-3 text-right", (sums.errors ?? 0) > 0 && "text-clay")}>{count(sums.errors)}</td>
              <td className="pl-3 text-right">{duration(latency.p95_us)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

