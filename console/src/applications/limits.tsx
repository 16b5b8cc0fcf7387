// What an application may use by each of its subscriptions, and how much of it is left now.
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "../i18n/use";
import type { Schemas } from "../api/client";
import { limits } from "../api/questions";
import { count, money, when } from "../ui/number";
import { Section } from "../ui/page";

type Limit = Schemas["LimitBody"];

export function Limits({ application }: { application: string }) {
  const { t } = useTranslation();
  const { data } = useQuery(limits(application));
  const rows = data?.flatMap((one) => one.limits.map((limit) => ({ plan: one.plan, limit }))) ?? [];
  if (rows.length === 0) return null;
  const amount = (limit: Limit, value: number) =>
    limit.unit === "nano_usd" ? money(value) : t(`unit_${limit.unit}`, { count: value, shown: count(value) });
  const span = (limit: Limit) =>
    limit.per ? t(`per_${limit.per}`) : limit.window_seconds ? t("per_seconds", { seconds: limit.window_seconds }) : t("at_once");
  return (
    <Section title={t("limits")}>
      <ul>
        {rows.map(({ plan, limit }) => (
          <li
            key={`${plan} ${limit.kind} ${limit.unit} ${limit.per} ${limit.counted_for}`}
            className="grid items-center gap-x-6 gap-y-1 border-b border-rule py-3 sm:grid-cols-[10rem_1fr_14rem]"
          >
            <span>
              <span className="font-medium">{plan}</span> <span className="text-muted">{t(`for_${limit.counted_for}`)}</span>
            </span>
            <span className="h-2 bg-wash">
              <span
                className={limit.left === 0 ? "block h-2 bg-clay" : "block h-2 bg-ink/70"}
                style={{ width: `${Math.min(100, (limit.used / Math.max(limit.limit, 1)) * 100)}%` }}
              />
            </span>
            <span className="sm:text-right">
              {t("left_of", { left: amount(limit, limit.left), limit: amount(limit, limit.limit), span: span(limit) })}
              {limit.kind === "budget" && limit.renews_at && (
                <span className="block text-xs text-muted">{t("renews", { time: when(limit.renews_at) })}</span>
              )}
            </span>
          </li>
        ))}
      </ul>
    </Section>
  );
}
