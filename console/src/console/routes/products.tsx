// Products with their plans: what is offered, on what terms, and who has it.
import { useQuery } from "@tanstack/react-query";
import { apiRoot } from "../../api/client";
import { plans, products, subscriptions } from "../../api/questions";
import { useTranslation } from "../../i18n/use";
import { Empty, Page, Pending, Section } from "../../ui/page";
import { Button, State, buttonLook } from "../../ui/parts";
import { Link, useNavigate } from "../../ui/router";
import { planFacts } from "../../ui/words";
import { ObjectLink } from "./object/link";

export default function Products() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { data, error } = useQuery(products);
  const all = useQuery(plans);
  const held = useQuery({ ...subscriptions({ state: "active" }), retry: false });
  const making = (
    <Link to="/new/$kind" params={{ kind: "product" }} className={buttonLook("main")}>
      {t("new_of_kind", { kind: t("object_product") })}
    </Link>
  );
  return (
    <Page title={t("nav_products")} about={t("products_about")} actions={!!data?.length && making}>
      {!data || !all.data ? (
        <Pending error={error ?? all.error} />
      ) : data.length === 0 ? (
        <Empty
          title={t("products_none")}
          action={making}
          curl={`curl -X POST ${apiRoot}/api/v1/products \\\n  -H "authorization: Bearer $TOKEN" -H "content-type: application/json" \\\n  -d '{"name":"shop","services":["orders"],"visibility":"signed_in"}'`}
        >
          {t("products_none_about")}
        </Empty>
      ) : (
        data.map(({ name, config }) => {
          const own = all.data.filter((plan) => plan.config.product === name);
          return (
            <Section
              key={name}
              title={config.title ?? name}
              actions={
                <Button
                  kind="quiet"
                  aria-label={`${t("new_of_kind", { kind: t("object_plan") })}: ${name}`}
                  onClick={() => navigate({ to: "/new/$kind", params: { kind: "plan" }, search: { from: name } })}
                >
                  {t("new_of_kind", { kind: t("object_plan") })}
                </Button>
              }
            >
              <p className="flex flex-wrap gap-x-4 gap-y-1 text-muted">
                <ObjectLink kind="product" name={name} />
                <span>{t(`visibility_${config.visibility ?? "private"}`, { teams: (config.shared_with ?? []).join(", ") })}</span>
                <span>{config.services?.join(", ") || t("none")}</span>
              </p>
              {config.description && <p className="max-w-prose">{config.description}</p>}
              {own.length === 0 && <p className="text-muted">{t("plans_of_none")}</p>}
              <ul className={own.length ? "border-t border-rule" : undefined}>
                {own.map((plan) => (
                  <li key={plan.name} className="grid gap-x-8 gap-y-1 border-b border-rule py-3 sm:grid-cols-[12rem_1fr_max-content]">
                    <ObjectLink kind="plan" name={plan.name} />
                    <span className="text-muted">{planFacts(t, plan.config).join(" · ") || t("unlimited")}</span>
                    <State shape={plan.config.approval === "by_hand" ? "wait" : "good"}>
                      {t(plan.config.approval === "by_hand" ? "approval_short_by_hand" : "approval_short_automatic")}
                      {held.data && ` · ${t("subscribers_are", { count: held.data.filter((one) => one.plan === plan.name).length })}`}
                    </State>
                  </li>
                ))}
              </ul>
            </Section>
          );
        })
      )}
    </Page>
  );
}
