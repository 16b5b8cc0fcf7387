// One application: its keys, what it has asked for, and what it may still use.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams } from "../ui/router";
import { useState } from "react";
import { useTranslation } from "../i18n/use";
import { type Schemas, api, tagOf } from "../api/client";
import { application } from "../api/questions";
import { Keys } from "./keys";
import { Limits } from "./limits";
import { Subscriptions } from "./subscriptions";
import { Dialog } from "../ui/dialog";
import { Page, Pending } from "../ui/page";
import { Button, Fault } from "../ui/parts";

export default function Application() {
  const { t } = useTranslation();
  const { name = "" } = useParams();
  const { data, error } = useQuery(application(name));
  const [isLeaving, setLeaving] = useState(false);
  if (!data) {
    return (
      <Page title={name}>
        <Pending error={error} />
      </Page>
    );
  }
  const isFile = data.origin === "file";
  return (
    <Page
      title={name}
      about={[data.description, data.team ?? data.owner].filter(Boolean).join(" · ")}
      actions={
        !isFile && (
          <Button kind="danger" onClick={() => setLeaving(true)}>
            {t("delete")}
          </Button>
        )
      }
    >
      {isFile && <p className="text-muted">{t("read_only_file", { file: "" })}</p>}
      {!isFile && <Keys application={name} />}
      <Subscriptions application={name} canAsk={!isFile} />
      <Limits application={name} />
      <Dialog title={t("delete_title", { name })} open={isLeaving} onClose={() => setLeaving(false)}>
        <Removal of={data} onDone={() => setLeaving(false)} />
      </Dialog>
    </Page>
  );
}

function Removal({ of, onDone }: { of: Schemas["ApplicationBody"]; onDone: () => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const remove = useMutation({
    // What is removed is what was seen: somebody else's change since then is not lost with it.
    mutationFn: () =>
      api.DELETE("/api/v1/applications/{name}", {
        params: { path: { name: of.name } },
        headers: { "if-match": tagOf(of) },
      }),
    onSuccess: async () => {
      await navigate({ to: "/applications" });
      queries.removeQueries({ queryKey: ["application", of.name] });
      await queries.invalidateQueries();
    },
  });
  return (
    <>
      <p>{t("delete_application_about")}</p>
      <Fault error={remove.error} />
      <div className="flex gap-2">
        <Button kind="danger" busy={remove.isPending} onClick={() => remove.mutate()}>
          {t("delete")}
        </Button>
        <Button onClick={onDone}>{t("cancel")}</Button>
      </div>
    </>
  );
}
