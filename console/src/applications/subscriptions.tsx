// What an application has asked for, and asking for more.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "../i18n/use";
import { type Schemas, api } from "../api/client";
import { plans, subscriptionsOf } from "../api/questions";
import { filled } from "../people/entrance";
import { Dialog } from "../ui/dialog";
import { when } from "../ui/number";
import { Pending, Section } from "../ui/page";
import { Button, Choice, Fault, Field, State } from "../ui/parts";
import { type Column, Table } from "../ui/table";
import { planFacts, subscriptionShape } from "../ui/words";

type Row = Schemas["SubscriptionBody"];

export function Subscriptions({ application, canAsk }: { application: string; canAsk: boolean }) {
  const { t } = useTranslation();
  const { data, error } = useQuery(subscriptionsOf(application));
  const [isAsking, setAsking] = useState(false);
  const [ending, setEnding] = useState<Row>();
  const columns: Column<Row>[] = [
    { id: "plan", header: t("plan"), accessorFn: (row) => row.plan, cell: ({ getValue }) => <span className="font-medium">{getValue()}</span> },
    { id: "product", header: t("product"), accessorFn: (row) => row.product },
    { id: "state", header: t("state"), accessorFn: (row) => t(`sub_${row.state}`), cell: ({ row, getValue }) => <State shape={subscriptionShape(row.original.state)}>{getValue()}</State> },
    { id: "since", header: t("since"), accessorFn: (row) => row.created_at ?? "", cell: ({ getValue }) => when(getValue()), meta: { narrow: true } },
    {
      id: "act",
      header: () => <span className="sr-only">{t("actions")}</span>,
      enableSorting: false,
      meta: { right: true },
      cell: ({ row: { original: one } }) =>
        ["active", "pending"].includes(one.state) &&
        one.id && (
          <Button kind="edge" onClick={() => setEnding(one)}>
            {t("end")}
          </Button>
        ),
    },
  ];
  const asking = canAsk && <Button onClick={() => setAsking(true)}>{t("subscribe")}</Button>;
  return (
    <Section title={t("subscriptions")} actions={asking}>
      {!data ? (
        <Pending error={error} />
      ) : data.length === 0 ? (
        <p className="text-muted">{t("subscriptions_none")}</p>
      ) : (
        <Table label={t("subscriptions")} rows={data} columns={columns} searchable={data.length > 10} />
      )}
      <Dialog title={t("subscribe")} open={isAsking} onClose={() => setAsking(false)}>
        <Ask application={application} onDone={() => setAsking(false)} />
      </Dialog>
      <Dialog title={t("end_title", { plan: ending?.plan })} open={!!ending} onClose={() => setEnding(undefined)}>
        {ending && <End of={ending} onDone={() => setEnding(undefined)} />}
      </Dialog>
    </Section>
  );
}

/** Asks for a plan, with the answers to its questions. */
export function Ask({ application, product, onDone }: { application: string; product?: string; onDone: () => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const { data, error } = useQuery(plans);
  const offered = data?.filter((plan) => !product || plan.config.product === product) ?? [];
  const [chosen, setChosen] = useState("");
  const plan = offered.find(({ name }) => name === chosen) ?? offered[0];
  const ask = useMutation({
    mutationFn: ({ plan: _plan, ...answers }: Record<string, string>) =>
      api.POST("/api/v1/applications/{name}/subscriptions", {
        params: { path: { name: application } },
        body: { plan: plan?.name ?? "", answers } as never,
      }),
    onSuccess: async () => {
      await queries.invalidateQueries();
      onDone();
    },
  });
  if (!data) return <Pending error={error} />;
  if (!plan) return <p className="text-muted">{t("plans_none")}</p>;
  return (
    <form className="flex flex-col gap-4" onSubmit={(event) => ask.mutate(filled(event))}>
      <Choice label={t("plan")} name="plan" value={plan.name} onChange={(event) => setChosen(event.target.value)}>
        {offered.map(({ name, config }) => (
          <option key={name} value={name}>
            {product ? (config.title ?? name) : `${config.product} · ${config.title ?? name}`}
          </option>
        ))}
      </Choice>
      <div className="flex flex-col gap-1 border-l-2 border-rule pl-3 text-muted">
        {plan.config.description && <p>{plan.config.description}</p>}
        {planFacts(t, plan.config).map((fact) => (
          <p key={fact}>{fact}</p>
        ))}
        <p>{t(plan.config.approval === "by_hand" ? "approval_by_hand" : "approval_automatic")}</p>
      </div>
      {plan.config.questions?.map((question) => (
        <Field key={question.name} label={question.label} name={question.name} required={question.required} />
      ))}
      <Fault error={ask.error} />
      <div className="flex gap-2">
        <Button type="submit" kind="main" busy={ask.isPending}>
          {t("subscribe")}
        </Button>
        <Button onClick={onDone}>{t("cancel")}</Button>
      </div>
    </form>
  );
}

function End({ of, onDone }: { of: Row; onDone: () => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const end = useMutation({
    mutationFn: () =>
      api.POST("/api/v1/subscriptions/{subscription}:cancel", {
        params: { path: { subscription: of.id ?? "" } },
        body: {} as never,
      }),
    onSuccess: async () => {
      await queries.invalidateQueries();
      onDone();
    },
  });
  return (
    <>
      <p>{t("end_about", { application: of.application, product: of.product })}</p>
      <Fault error={end.error} />
      <div className="flex gap-2">
        <Button kind="danger" busy={end.isPending} onClick={() => end.mutate()}>
          {t("end")}
        </Button>
        <Button onClick={onDone}>{t("cancel")}</Button>
      </div>
    </>
  );
}
