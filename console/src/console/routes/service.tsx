// One service: what it is, what leads to it, what stands behind it, and where it is in its life.
import { useQuery } from "@tanstack/react-query";
import { Link, useParams, useSearch } from "../../ui/router";
import { type ComponentType, Suspense, lazy } from "react";
import { useTranslation } from "../../i18n/use";
import type { Schemas } from "../../api/client";
import { service } from "../../api/questions";
import { Page, Pending } from "../../ui/page";
import { State, buttonLook } from "../../ui/parts";
import { Tabs } from "../../ui/tabs";
import { kindOf, lifeOf, lifeShape } from "../../ui/words";
import { type ServiceTab, serviceTabs } from "../router";
import { Overview } from "./service/overview";

export type ServiceProps = { service: Schemas["ServiceObject"] };

const parts: Record<ServiceTab, ComponentType<ServiceProps>> = {
  overview: Overview,
  api: lazy(() => import("./service/api")),
  routes: lazy(() => import("./service/routes")),
  upstream: lazy(() => import("./service/upstream")),
  life: lazy(() => import("./service/life")),
  revisions: lazy(() => import("./service/revisions")),
  subscribers: lazy(() => import("./service/subscribers")),
};

export default function Service() {
  const { t } = useTranslation();
  const { name = "" } = useParams();
  const { tab = "overview" } = useSearch<{ tab?: ServiceTab }>();
  const { data, error } = useQuery(service(name));
  if (!data) {
    return (
      <Page title={name}>
        <Pending error={error} />
      </Page>
    );
  }
  const life = lifeOf(data.config);
  const Part = parts[tab];
  return (
    <Page
      title={name}
      about={
        <span className="flex flex-wrap gap-x-4">
          <State shape={lifeShape(life)}>{t(`state_${life}`)}</State>
          <span>{t(`kind_${kindOf(data.config)}`)}</span>
          {data.config.version !== undefined && <span>{String(data.config.version)}</span>}
          <span>{data.team ?? t("platform")}</span>
        </span>
      }
      actions={
        data.origin === "database" && (
          <Link to="/objects/$kind/$name" params={{ kind: "service", name }} className={buttonLook("plain")}>
            {t("change")}
          </Link>
        )
      }
    >
      <Tabs label={name} current={tab} tabs={serviceTabs.map((one) => [one, t(`tab_${one}`)])} />
      <Suspense fallback={<Pending />}>
        <Part service={data} />
      </Suspense>
    </Page>
  );
}
