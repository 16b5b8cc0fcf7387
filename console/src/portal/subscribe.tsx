// From a plan to a key in one drawer: an application, chosen or made, the questions of the plan, and
// the key, shown once.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type Schemas, api, body } from "../api/client";
import { applications } from "../api/questions";
import { MakeKey } from "../applications/keys";
import { useTranslation } from "../i18n/use";
import { filled } from "../people/entrance";
import { Pending } from "../ui/page";
import { Button, Choice, Fault, Field } from "../ui/parts";
import { planFacts } from "../ui/words";

/** Stands for an application that is not there yet; no name has a space. */
const NEW = " new";

export function Subscribe({ plan, onDone }: { plan: Schemas["PlanObject"]; onDone: () => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const { data, error } = useQuery(applications);
  const mine = data?.filter((one) => one.origin !== "file") ?? [];
  const [chosen, setChosen] = useState<string>();
  const application = chosen ?? mine[0]?.name ?? NEW;
  const ask = useMutation({
    mutationFn: async ({ application: _chosen, new_name, ...answers }: Record<string, string>) => {
      const name = application === NEW ? (new_name ?? "") : application;
      // Made already by an attempt that was refused later, it is there: then that one is asked for.
      if (application === NEW && !mine.some((one) => one.name === name)) {
        await api.POST("/api/v1/applications", { body: { name } as never });
        await queries.invalidateQueries(applications);
        setChosen(name);
      }
      const params = { path: { name } };
      const made = await body(
        api.POST("/api/v1/applications/{name}/subscriptions", { params, body: { plan: plan.name, answers } as never }),
      );
      const keys = await body(api.GET("/api/v1/applications/{name}/credentials", { params }));
      await queries.invalidateQueries();
      return { name, state: made.state, hasKey: keys.credentials.some((key) => !key.revoked_at) };
    },
  });
  if (!data) return <Pending error={error} />;
  if (ask.data) {
    const { name, state, hasKey } = ask.data;
    return (
      <div className="flex flex-col gap-4">
        <p role="status">{t(state === "active" ? "subscribed_now" : "subscribed_waiting", { application: name })}</p>
        {hasKey ? (
          <>
            <p className="text-muted">{t("has_key")}</p>
            <div>
              <Button kind="main" onClick={onDone}>
                {t("close")}
              </Button>
            </div>
          </>
        ) : (
          <MakeKey application={name} onDone={onDone} />
        )}
      </div>
    );
  }
  return (
    <form className="flex flex-col gap-4" onSubmit={(event) => ask.mutate(filled(event))}>
      <div className="flex flex-col gap-1 border-l-2 border-rule pl-3 text-muted">
        {plan.config.description && <p>{plan.config.description}</p>}
        {planFacts(t, plan.config).map((fact) => (
          <p key={fact}>{fact}</p>
        ))}
        <p>{t(plan.config.approval === "by_hand" ? "approval_by_hand" : "approval_automatic")}</p>
      </div>
      <Choice label={t("application")} name="application" value={application} onChange={(event) => setChosen(event.target.value)}>
        {mine.map((one) => (
          <option key={one.name}>{one.name}</option>
        ))}
        <option value={NEW}>{t("make_application")}</option>
      </Choice>
      {application === NEW && (
        <Field label={t("application_name")} hint={t("import_name_hint")} name="new_name" required pattern="[a-z0-9\-]{1,63}" className="font-mono" />
      )}
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
