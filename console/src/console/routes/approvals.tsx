// Who waits to be let in: one list for all products that one decides about.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "../../i18n/use";
import { type Schemas, api } from "../../api/client";
import { subscriptions } from "../../api/questions";
import { filled } from "../../people/entrance";
import { when } from "../../ui/number";
import { Empty, Page, Pending } from "../../ui/page";
import { Button, Fault, Field } from "../../ui/parts";

type Waiting = Schemas["SubscriptionBody"];

export default function Approvals() {
  const { t } = useTranslation();
  const { data, error } = useQuery(subscriptions({ state: "pending" }));
  return (
    <Page title={t("nav_approvals")} about={t("approvals_about")}>
      {!data ? (
        <Pending error={error} />
      ) : data.length === 0 ? (
        <Empty title={t("approvals_none")}>{t("approvals_none_about")}</Empty>
      ) : (
        <ul className="border-t border-rule">
          {data.map((one) => (
            <One key={one.id} of={one} />
          ))}
        </ul>
      )}
    </Page>
  );
}

function One({ of }: { of: Waiting }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const [isRejecting, setRejecting] = useState(false);
  const decide = useMutation({
    mutationFn: ({ verb, reason }: { verb: "approve" | "reject"; reason?: string }) => {
      const params = { path: { subscription: of.id ?? "" } };
      const body = (reason ? { reason } : {}) as never;
      return verb === "approve"
        ? api.POST("/api/v1/subscriptions/{subscription}:approve", { params, body })
        : api.POST("/api/v1/subscriptions/{subscription}:reject", { params, body });
    },
    onSuccess: () => queries.invalidateQueries({ queryKey: ["subscriptions"] }),
  });
  const answers = Object.entries(of.answers);
  return (
    <li className="flex flex-col gap-3 border-b border-rule py-4">
      <div className="flex flex-wrap items-start justify-between gap-4">
        <div className="min-w-0">
          <p>{t("wants", { application: of.application, plan: of.plan, product: of.product })}</p>
          <p className="text-xs text-muted">{[of.team, when(of.created_at)].filter(Boolean).join(" · ")}</p>
        </div>
        {!isRejecting && (
          <div className="flex gap-2">
            <Button kind="main" busy={decide.isPending} onClick={() => decide.mutate({ verb: "approve" })}>
              {t("approve")}
            </Button>
            <Button onClick={() => setRejecting(true)}>{t("reject")}</Button>
          </div>
        )}
      </div>
      {answers.length > 0 && (
        <dl className="text-sm">
          {answers.map(([question, answer]) => (
            <div key={question} className="flex gap-3">
              <dt className="text-muted">{question}</dt>
              <dd className="min-w-0 break-words">{answer}</dd>
            </div>
          ))}
        </dl>
      )}
      {isRejecting && (
        <form
          className="flex max-w-md flex-col gap-3"
          onSubmit={(event) => decide.mutate({ verb: "reject", reason: filled(event).reason })}
        >
          <Field label={t("reason")} name="reason" hint={t("reject_hint")} autoFocus maxLength={1000} />
          <div className="flex gap-2">
            <Button type="submit" kind="danger" busy={decide.isPending}>
              {t("reject")}
            </Button>
            <Button onClick={() => setRejecting(false)}>{t("cancel")}</Button>
          </div>
        </form>
      )}
      <Fault error={decide.error} />
    </li>
  );
}
