// One object of any kind, to be made, changed or removed by its form.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type AnyObject, isOnly, object, removeObject } from "../../api/objects";
import { session, teams } from "../../api/questions";
import type { Tree } from "../../form/change";
import { ObjectForm } from "../../form/form";
import { objectKinds } from "../../form/schema";
import { useTranslation } from "../../i18n/use";
import { Dialog } from "../../ui/dialog";
import { when } from "../../ui/number";
import { NoPage } from "../../ui/no-page";
import { Page, Pending } from "../../ui/page";
import { Button, Choice, Fault, State } from "../../ui/parts";
import { Link, useNavigate, useParams, useSearch } from "../../ui/router";
import { startOf } from "./object/start";
import { Tested } from "./object/tested";

export default function ObjectPage() {
  const { kind = "", name } = useParams();
  if (!objectKinds.includes(kind)) return <NoPage />;
  return name === undefined ? <New kind={kind} key={kind} /> : <One kind={kind} name={name} key={`${kind} ${name}`} />;
}

const back = (kind: string) => (kind === "provider" || kind === "model" ? "/models" : kind === "product" || kind === "plan" ? "/products" : "/objects");

function New({ kind }: { kind: string }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const search = useSearch<{ from?: string }>();
  const { data: identity } = useQuery(session);
  const all = useQuery({ ...teams, retry: false });
  const [team, setTeam] = useState("");
  const mine = identity?.role === "admin" ? all.data?.map((one) => one.name) : identity?.teams.map((one) => one.team);
  const hasOwner = ["product", "plan", "service", "upstream", "route", "mcp_server"].includes(kind) && !!mine?.length;
  const saved = (made: AnyObject) =>
    navigate(back(kind) === "/objects" ? { to: "/objects/$kind/$name", params: { kind, name: made.name }, replace: true } : { to: back(kind) });
  return (
    <Page title={t("new_of_kind", { kind: t(`object_${kind}`) })} about={t(`about_${kind}`)}>
      {hasOwner && (
        <div className="max-w-sm">
          <Choice label={t("owner")} value={team} onChange={(event) => setTeam(event.target.value)}>
            <option value="">{t("platform")}</option>
            {mine.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </Choice>
        </div>
      )}
      <ObjectForm kind={kind} start={startOf(kind, search.from)} team={team || undefined} onSaved={saved} beside={kind === "provider" ? (config) => <Tested config={config} /> : undefined} />
    </Page>
  );
}

function One({ kind, name }: { kind: string; name: string }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { data, error } = useQuery(object(kind, name));
  const [isGoing, setGoing] = useState(false);
  const [savedAt, setSavedAt] = useState<string>();
  if (!data) {
    return (
      <Page title={isOnly(kind) ? t("policies_all") : name}>
        <Pending error={error} />
      </Page>
    );
  }
  return (
    <Page
      title={isOnly(kind) ? t("policies_all") : name}
      about={
        <span className="flex flex-wrap gap-x-4">
          <span>{t(`object_${kind}`)}</span>
          {data.origin === "file" ? <span>{t("read_only_file", { file: data.file })}</span> : <span>{t("revision")} {data.revision}</span>}
          {data.updated_at && <span>{when(data.updated_at)}</span>}
          {kind === "service" && <Link to="/services/$name" params={{ name }} className="underline underline-offset-4">{t("see_service")}</Link>}
        </span>
      }
      actions={data.origin === "database" && <Button onClick={() => setGoing(true)}>{t("delete")}</Button>}
    >
      {savedAt && (
        <p role="status">
          <State shape="good">{t("saved_at", { time: new Date(savedAt).toLocaleTimeString() })}</State>
        </p>
      )}
      <ObjectForm
        key={data.revision ?? 0}
        kind={kind}
        object={data}
        onSaved={() => setSavedAt(new Date().toISOString())}
        beside={kind === "provider" ? (config: Tree, isChanged) => <Tested config={config} stored={isChanged ? undefined : name} /> : undefined}
      />
      <Dialog title={t("delete_title", { name })} open={isGoing} onClose={() => setGoing(false)}>
        <Delete of={data} onDone={() => navigate({ to: back(kind) })} onCancel={() => setGoing(false)} />
      </Dialog>
    </Page>
  );
}

/** What still needs it is what the gateway refuses by; it is asked before anything is done. */
function Delete({ of, onDone, onCancel }: { of: AnyObject; onDone: () => void; onCancel: () => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const check = useQuery({
    queryKey: ["may-go", of.kind, of.name, of.revision],
    retry: false,
    staleTime: 0,
    queryFn: async () => {
      await removeObject(of, true);
      return true;
    },
  });
  const remove = useMutation({
    mutationFn: () => removeObject(of),
    onSuccess: async () => {
      onDone();
      await queries.invalidateQueries();
    },
  });
  return (
    <>
      <p>{check.error ? t("delete_needed") : t(`delete_about_${of.kind === "model" || of.kind === "provider" ? "model" : "object"}`)}</p>
      <Fault error={remove.error ?? check.error} />
      <div className="flex gap-2">
        <Button kind="danger" busy={remove.isPending} disabled={!check.data} onClick={() => remove.mutate()}>
          {t("delete")}
        </Button>
        <Button onClick={onCancel}>{t("cancel")}</Button>
      </div>
    </>
  );
}
