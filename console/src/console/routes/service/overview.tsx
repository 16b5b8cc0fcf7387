// The facts of a service, what it did of late, and how to call it.
import { useQuery } from "@tanstack/react-query";
import { Link } from "../../../ui/router";
import { Suspense, lazy, useMemo } from "react";
import { useTranslation } from "../../../i18n/use";
import { breakdown, listeners, routes, series } from "../../../api/questions";
import { count, duration, money, percent, when } from "../../../ui/number";
import { Facts, Section } from "../../../ui/page";
import { Code, Copy } from "../../../ui/parts";
import { leadsTo } from "../../../ui/words";
import type { ServiceProps } from "../service";

const Chart = lazy(() => import("../../../ui/chart"));

export function Overview({ service }: ServiceProps) {
  const { t } = useTranslation();
  const { config } = service;
  const of = { service: service.name };
  const total = useQuery(breakdown("24h", of));
  const latency = useQuery(series("24h", { ...of, metric: "latency_p95" }));
  const median = useQuery(series("24h", { ...of, metric: "latency_p50" }));
  const row = total.data?.rows[0];
  const sums = (row?.sums ?? {}) as Record<string, number>;
  const asked = sums.requests ?? 0;
  const chart = useMemo(() => {
    const points = latency.data?.series[0]?.points ?? [];
    const middle = median.data?.series[0]?.points ?? [];
    return {
      times: points.map((point) => Date.parse(point.at) / 1000),
      lines: [
        { name: "p95", values: points.map((point) => point.value ?? null) },
        { name: "p50", values: points.map((_, at) => middle[at]?.value ?? null) },
      ],
    };
  }, [latency.data, median.data]);
  const seen = config.visibility ?? "private";
  return (
    <>
      {service.origin === "file" && (
        <p className="text-muted">{t("read_only_file", { file: service.file ?? "" })}</p>
      )}
      <div className="grid gap-8 lg:grid-cols-2">
        <Facts
          facts={[
            [t("upstream"), config.http?.upstream],
            [t("models"), config.llm?.models?.join(", ")],
            [t("model"), config.prompt?.model],
            [t("visibility"), t(`visibility_${seen}`, { teams: config.shared_with?.join(", ") })],
            [t("origin"), t(`origin_${service.origin}`)],
            [t("deprecated_at"), config.deprecated_at && when(config.deprecated_at)],
            [t("sunset_at"), config.sunset_at && when(config.sunset_at)],
            [
              t("successor"),
              config.successor && /^[a-z0-9-]+$/.test(config.successor) ? (
                <Link to="/services/$name" params={{ name: config.successor }} className="underline underline-offset-4">
                  {config.successor}
                </Link>
              ) : (
                config.successor
              ),
            ],
            [t("changed"), service.updated_at && when(service.updated_at)],
            ["Id", service.id && <Copy text={service.id} />],
          ]}
        />
        {!total.error && total.data && (
          <Facts
            facts={[
              [t("last_24h"), t("requests_count", { count: asked, shown: count(asked) })],
              [t("errors"), `${count(sums.errors ?? 0)} · ${percent(asked ? ((sums.errors ?? 0) / asked) * 100 : 0)}`],
              [t("p95"), duration(row?.latency.p95_us)],
              [t("cost"), sums.cost_nano_usd ? money(sums.cost_nano_usd) : null],
            ]}
          />
        )}
      </div>
      {asked > 0 && chart.times.length > 1 && (
        <Section title={t("latency")}>
          <Suspense fallback={<div className="h-[200px]" />}>
            <Chart label={t("latency")} times={chart.times} lines={chart.lines} unit={duration} />
          </Suspense>
        </Section>
      )}
      <Calling name={service.name} isChat={!!config.llm} />
    </>
  );
}

/** A command that reaches it, by the first route and listener that do. */
function Calling({ name, isChat }: { name: string; isChat: boolean }) {
  const { t } = useTranslation();
  const { data: ways } = useQuery(routes);
  const { data: doors } = useQuery(listeners);
  const route = ways?.find((route) => leadsTo(route.config, name));
  const door = doors?.find(
    ({ name, config }) =>
      ["http", "https", undefined].includes(config.protocol as string) &&
      (!route?.config.listeners || route.config.listeners.includes(name)),
  );
  if (!route || !door) return null;
  const scheme = door.config.protocol === "https" ? "https" : "http";
  const address = door.config.address.replace(/^(0\.0\.0\.0|\[::\])/, location.hostname);
  const match = route.config.match?.[0]?.path;
  const path = match?.prefix ?? match?.exact ?? "/";
  const host = route.config.hosts?.[0];
  const lines = [
    `curl ${scheme}://${address}${isChat ? `${path.replace(/\/$/, "")}/chat/completions` : path}`,
    ...(host ? [`-H 'host: ${host}'`] : []),
    ...(isChat
      ? ["-H 'content-type: application/json'", `-d '{"model":"fast","messages":[{"role":"user","content":"hello"}]}'`]
      : []),
  ];
  return (
    <Section title={t("call_it")}>
      <Code text={lines.join(" \\\n  ")} />
    </Section>
  );
}
