// One service as those see it who use it: what it is, on what terms, and its reference.
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "../../ui/router";
import { useState } from "react";
import { type Schemas, facePath } from "../../api/client";
import { description, plans, products, service, session, subscriptions, versions } from "../../api/questions";
import { useTranslation } from "../../i18n/use";
import { readDescription } from "../../reference/read";
import { Tried } from "../../reference/tried";
import { Dialog } from "../../ui/dialog";
import { when } from "../../ui/number";
import { Page, Pending, Section } from "../../ui/page";
import { Button, Fault, State, buttonLook } from "../../ui/parts";
import { lifeOf, lifeShape, planFacts, subscriptionShape } from "../../ui/words";
import { Subscribe } from "../subscribe";

export default function Service() {
  const { t } = useTranslation();
  const { name = "" } = useParams();
  const { data, error } = useQuery(service(name));
  if (!data) {
    return (
      <Page title={name}>
        <Pending error={error} />
      </Page>
    );
  }
  const { config } = data;
  const life = lifeOf(config);
  return (
    <Page
      title={name}
      about={
        <span className="flex flex-wrap gap-x-4">
          <State shape={lifeShape(life)}>{t(`state_${life}`)}</State>
          {config.version !== undefined && <span>{String(config.version)}</span>}
        </span>
      }
      actions={
        <a href={`${facePath}/services/${name}.md`} className="text-sm text-muted underline underline-offset-4 hover:text-ink">
          {t("as_markdown")}
        </a>
      }
    >
      {config.deprecated_at && <Ending config={config} />}
      <Terms name={name} />
      <Versions name={name} />
      <Described name={name} />
    </Page>
  );
}

function Ending({ config }: { config: Schemas["Service"] }) {
  const { t } = useTranslation();
  const isService = !!config.successor && /^[a-z0-9-]+$/.test(config.successor);
  return (
    <div className="border-l-4 border-clay bg-claywash px-4 py-3">
      <p className="font-medium">
        {config.sunset_at ? t("ends", { time: when(config.sunset_at) }) : t("deprecated_since", { time: when(config.deprecated_at) })}
      </p>
      {config.successor && (
        <p>
          {t("successor")}:{" "}
          {isService ? (
            <Link to="/services/$name" params={{ name: config.successor }} className="underline underline-offset-4">
              {config.successor}
            </Link>
          ) : (
            config.successor
          )}
        </p>
      )}
      {config.notice && <p className="break-all">{config.notice}</p>}
    </div>
  );
}

/** The plans by which it may be used, and which of them one has. */
function Terms({ name }: { name: string }) {
  const { t } = useTranslation();
  const offered = useQuery(products);
  const all = useQuery(plans);
  const { data: identity } = useQuery(session);
  const mine = useQuery({ ...subscriptions({}), enabled: !!identity });
  const [chosen, setChosen] = useState<Schemas["PlanObject"]>();
  if (!offered.data || !all.data) return <Pending error={offered.error ?? all.error} />;
  const within = offered.data.filter(({ config }) => config.services?.includes(name)).map((product) => product.name);
  const open = all.data.filter(({ config }) => within.includes(config.product));
  if (open.length === 0) return <p className="text-muted">{t("terms_none")}</p>;
  return (
    <Section title={t("plans")}>
      <ul className="border-t border-rule">
        {open.map((plan) => {
          const { config } = plan;
          const own = mine.data?.filter((one) => one.plan === plan.name && ["active", "pending", "suspended"].includes(one.state)) ?? [];
          return (
            <li key={plan.name} className="flex items-start justify-between gap-4 border-b border-rule py-4">
              <div className="min-w-0">
                <p className="font-medium">{config.title ?? plan.name}</p>
                {config.description && <p className="text-muted">{config.description}</p>}
                <p className="text-muted">{[...planFacts(t, config), config.approval === "by_hand" && t("approval_by_hand")].filter(Boolean).join(" · ")}</p>
                {own.map((one) => (
                  <p key={one.id ?? one.application}>
                    <State shape={subscriptionShape(one.state)}>
                      {one.application}: {t(`sub_${one.state}`)}
                    </State>
                  </p>
                ))}
              </div>
              {identity ? (
                <Button kind={own.length ? "plain" : "main"} aria-label={`${t("subscribe")}: ${config.title ?? plan.name}`} onClick={() => setChosen(plan)}>
                  {t("subscribe")}
                </Button>
              ) : (
                <Link to="/sign-in" search={{ to: `/services/${name}` }} className={buttonLook("plain")}>
                  {t("sign_in_first")}
                </Link>
              )}
            </li>
          );
        })}
      </ul>
      <Dialog drawer title={`${t("subscribe")}: ${chosen?.config.title ?? chosen?.name ?? ""}`} open={!!chosen} onClose={() => setChosen(undefined)}>
        {chosen && <Subscribe plan={chosen} onDone={() => setChosen(undefined)} />}
      </Dialog>
    </Section>
  );
}

function Versions({ name }: { name: string }) {
  const { t } = useTranslation();
  const { data } = useQuery({ ...versions(name), retry: false });
  const others = data?.filter((one) => one.name !== name) ?? [];
  if (others.length === 0) return null;
  return (
    <Section title={t("other_versions")}>
      <ul>
        {others.map((one) => (
          <li key={one.name} className="flex gap-4 border-b border-rule py-2">
            <Link to="/services/$name" params={{ name: one.name }} className="font-medium hover:underline">
              {one.name}
            </Link>
            <span>{String(one.config.version ?? "")}</span>
            <State shape={lifeShape(lifeOf(one.config))}>{t(`state_${lifeOf(one.config)}`)}</State>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Described({ name }: { name: string }) {
  const { t } = useTranslation();
  const { data: text, error } = useQuery(description(name));
  const read = useQuery({
    queryKey: ["read", name, text],
    enabled: !!text,
    retry: false,
    queryFn: () => readDescription(text ?? ""),
  });
  if (text === undefined) return <Pending error={error} />;
  if (!text) return <p className="text-muted">{t("reference_none")}</p>;
  if (read.error) return <Fault error={new Error(`${t("description_invalid")} ${(read.error as Error).message}`)} />;
  if (!read.data) return <Pending />;
  return (
    <Section title={t("reference")}>
      {read.data.about && <p className="max-w-prose whitespace-pre-line">{read.data.about}</p>}
      <Tried service={name} description={read.data} />
    </Section>
  );
}
