// One exchange: what was asked, who was tried, what each policy said, and where the time went.
import { useQuery } from "@tanstack/react-query";
import { useParams } from "../../ui/router";
import { useTranslation } from "../../i18n/use";
import { type Schemas, api, body } from "../../api/client";
import { duration, when } from "../../ui/number";
import { Facts, Page, Pending, Section } from "../../ui/page";
import { Code, Copy, State, cx } from "../../ui/parts";

type Exchange = Schemas["RequestBody"];

export default function Request() {
  const { t } = useTranslation();
  const { id = "" } = useParams();
  const { data, error } = useQuery({
    queryKey: ["request", id],
    queryFn: () => body(api.GET("/api/v1/requests/{request}", { params: { path: { request: id } } })),
  });
  if (!data) {
    return (
      <Page title={t("request")}>
        <Pending error={error} />
      </Page>
    );
  }
  const facts = (data.facts ?? {}) as Record<string, unknown>;
  const isWrong = (data.status ?? 0) >= 400 || !!data.reason;
  return (
    <Page
      title={`${data.method} ${data.path}`}
      about={
        <span className="flex flex-wrap gap-x-4">
          <State shape={isWrong ? "bad" : "good"}>{[data.status ?? "–", data.reason].filter(Boolean).join(" ")}</State>
          <span>{duration(data.latency_us)}</span>
          <span>{when(data.at)}</span>
        </span>
      }
    >
      <div className="grid gap-8 lg:grid-cols-2">
        <Facts
          facts={[
            [t("service"), data.service],
            [t("route"), data.route],
            [t("caller"), data.consumer],
            [t("model"), data.model],
            [t("request_id"), <Copy key="id" text={data.request_id} />],
            [t("trace_id"), <Copy key="trace" text={data.trace_id} />],
          ]}
        />
        <Policies policies={data.policies} />
      </div>
      <Attempts exchange={data} />
      <Section title={t("call_again")}>
        <Code text={curlOf(data, facts)} />
        <p className="text-xs text-muted">{t("call_again_about")}</p>
      </Section>
      <Section title={t("facts")}>
        <Facts facts={Object.entries(facts).map(([name, value]) => [name, <code key={name} className="font-mono text-[13px] break-all">{typeof value === "object" ? JSON.stringify(value) : String(value)}</code>])} />
      </Section>
      {data.bodies && (
        <Section title={t("bodies")}>
          {Object.entries(data.bodies as Record<string, unknown>).map(([side, text]) => (
            <Code key={side} label={side} text={typeof text === "string" ? text : JSON.stringify(text, null, 2)} />
          ))}
        </Section>
      )}
    </Page>
  );
}

/** Without credentials and values of the query, which the log does not have. */
function curlOf({ method, path }: Exchange, facts: Record<string, unknown>) {
  const host = typeof facts.host === "string" ? facts.host : "$GATEWAY";
  return `curl ${method === "GET" ? "" : `-X ${method} `}'http://${host}${path}' -H "authorization: Bearer $KEY"`;
}

function Policies({ policies }: { policies: Exchange["policies"] }) {
  const { t } = useTranslation();
  if (!policies?.length) return <p className="text-muted">{t("policies_silent")}</p>;
  return (
    <ol aria-label={t("policies")}>
      {policies.map(({ policy, outcome }, at) => (
        <li key={`${policy}${at}`} className="flex justify-between gap-4 border-b border-rule py-2">
          <span>
            <span className="mr-3 text-muted">{at + 1}</span>
            {policy}
          </span>
          <State shape={outcome === "refused" ? "bad" : outcome === "passed" ? "good" : "wait"}>{t(`outcome_${outcome}`)}</State>
        </li>
      ))}
    </ol>
  );
}

/** Every attempt over the time of the whole, drawn to scale. */
function Attempts({ exchange }: { exchange: Exchange }) {
  const { t } = useTranslation();
  const attempts = exchange.attempts ?? [];
  if (attempts.length === 0) return null;
  const whole = Math.max(exchange.latency_us / 1000, ...attempts.map((one) => one.start_ms + one.duration_ms), 0.001);
  return (
    <Section title={t("attempts")}>
      <ol>
        {attempts.map((one, at) => {
          const isWrong = !!one.error || !!one.given_up;
          return (
            <li key={`${at}${one.start_ms}`} className="grid items-center gap-x-6 gap-y-1 border-b border-rule py-2 sm:grid-cols-[14rem_1fr_12rem]">
              <code className="font-mono text-[13px] break-all">{one.endpoint ?? one.deployment ?? "–"}</code>
              <span className="block h-2 bg-wash">
                <span
                  className={cx("block h-2 min-w-0.5", isWrong ? "bg-clay" : "bg-ink/70")}
                  style={{ marginLeft: `${(one.start_ms / whole) * 100}%`, width: `${(one.duration_ms / whole) * 100}%` }}
                />
              </span>
              <span className={cx("sm:text-right", isWrong && "text-clay")}>
                {[one.status ?? one.error, one.given_up, duration(one.duration_ms * 1000)].filter(Boolean).join(" · ")}
              </span>
            </li>
          );
        })}
      </ol>
    </Section>
  );
}
