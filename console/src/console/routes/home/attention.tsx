// What somebody should look at: each with the way to where it is dealt with.
import { useQuery } from "@tanstack/react-query";
import { Link } from "../../../ui/router";
import { ArrowRight } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "../../../i18n/use";
import { certificates, configuration, services, spending, subscriptions, upstreams } from "../../../api/questions";
import { percent, when } from "../../../ui/number";
import { Section } from "../../../ui/page";
import { type Shape, State } from "../../../ui/parts";
import { healthWord, isUnwell } from "../../../ui/words";

/** How long before its end a service is told of, in milliseconds. */
const SUNSET_SOON = 30 * 86_400_000;
/** How long before its end a certificate is told of: they are renewed a month before, as a rule. */
const CERTIFICATE_SOON = 21 * 86_400_000;
/** What is left of a budget when it is told of, of one. */
const BUDGET_LOW = 0.1;

type Matter = { key: string; shape: Shape; text: string; way?: ReactNode };

export function Attention() {
  const { t } = useTranslation();
  const waiting = useQuery({ ...subscriptions({ state: "pending" }), retry: false });
  const live = useQuery(upstreams);
  const listed = useQuery(services);
  const budgets = useQuery({ ...spending, retry: false });
  const config = useQuery(configuration);
  const ends = useQuery(certificates);
  const matters: Matter[] = [];
  if (config.data?.last_error) {
    matters.push({ key: "config", shape: "bad", text: `${t("attention_config")}: ${config.data.last_error.message}` });
  }
  for (const upstream of live.data ?? []) {
    for (const endpoint of upstream.endpoints ?? []) {
      if (!isUnwell(endpoint)) continue;
      const { address } = endpoint;
      const health = t(healthWord(endpoint.health));
      const text = t("attention_endpoint", { upstream: upstream.name, address, health });
      matters.push({ key: `${upstream.name} ${address}`, shape: "bad", text });
    }
  }
  if (waiting.data?.length) {
    const text = t("attention_approvals", { count: waiting.data.length });
    const way = (
      <Link to="/approvals" aria-label={t("nav_approvals")}>
        <ArrowRight size={16} aria-hidden />
      </Link>
    );
    matters.push({ key: "approvals", shape: "wait", text, way });
  }
  for (const service of listed.data ?? []) {
    const end = service.config.sunset_at && Date.parse(service.config.sunset_at);
    if (!end || end < Date.now() || end > Date.now() + SUNSET_SOON) continue;
    const text = t("attention_sunset", { service: service.name, time: when(service.config.sunset_at) });
    const way = (
      <Link to="/services/$name" params={{ name: service.name }} search={{ tab: "life" }} aria-label={service.name}>
        <ArrowRight size={16} aria-hidden />
      </Link>
    );
    matters.push({ key: `sunset ${service.name}`, shape: "wait", text, way });
  }
  for (const { consumer, budgets: its } of budgets.data ?? []) {
    const low = its.find((budget) => budget.limit > 0 && budget.left / budget.limit < BUDGET_LOW);
    if (!low) continue;
    const left = percent((low.left / low.limit) * 100);
    matters.push({ key: `budget ${consumer}`, shape: "wait", text: t("attention_budget", { consumer, percent: left }) });
  }
  for (const { certificate, end } of ends.data ?? []) {
    if (end > Date.now() + CERTIFICATE_SOON) continue;
    const time = when(new Date(end).toISOString());
    matters.push({ key: `certificate ${certificate}`, shape: end < Date.now() ? "bad" : "wait", text: t("attention_certificate", { certificate, time }) });
  }
  if (!live.data || !listed.data) return null;
  return (
    <Section title={t("attention")}>
      {matters.length === 0 && <p className="text-muted">{t("attention_none")}</p>}
      <ul className="flex flex-col">
        {matters.map(({ key, shape, text, way }) => (
          <li key={key} className="flex items-center justify-between gap-4 border-b border-rule py-2 first:border-t">
            <State shape={shape}>
              <span className="whitespace-normal">{text}</span>
            </State>
            {way}
          </li>
        ))}
      </ul>
    </Section>
  );
}
