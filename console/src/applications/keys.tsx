// The keys of an application: made, rotated and revoked; what a key is, is shown once.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "../i18n/use";
import { type Schemas, api, body } from "../api/client";
import { credentials } from "../api/questions";
import { filled } from "../people/entrance";
import { Dialog } from "../ui/dialog";
import { when } from "../ui/number";
import { Pending, Section } from "../ui/page";
import { Button, Choice, Code, Fault, Field, type Shape, State } from "../ui/parts";
import { type Column, Table } from "../ui/table";

type Key = Schemas["CredentialBody"];
type Act = { kind: "make" } | { kind: "rotate" | "revoke"; key: Key };

function stateOf(key: Key): [string, Shape] {
  if (key.revoked_at) return ["key_revoked", "calm"];
  if (key.expires_at && Date.parse(key.expires_at) < Date.now()) return ["key_expired", "calm"];
  return key.expires_at ? ["key_ending", "wait"] : ["key_good", "good"];
}

export function Keys({ application }: { application: string }) {
  const { t } = useTranslation();
  const { data, error } = useQuery(credentials(application));
  const [act, setAct] = useState<Act>();
  const columns: Column<Key>[] = [
    { id: "key", header: t("key"), accessorFn: (row) => row.name, cell: ({ row: { original: key } }) => <span className="font-medium">{key.name}</span> },
    { id: "shown", header: t("key_shown"), accessorFn: (row) => `${row.prefix}…${row.last4}`, cell: ({ getValue }) => <code className="font-mono text-[13px] whitespace-nowrap">{getValue()}</code>, meta: { narrow: true } },
    {
      id: "state",
      header: t("state"),
      accessorFn: (row) => t(stateOf(row)[0], { time: when(row.expires_at) }),
      cell: ({ row, getValue }) => <State shape={stateOf(row.original)[1]}>{getValue()}</State>,
    },
    { id: "since", header: t("since"), accessorFn: (row) => row.created_at, cell: ({ getValue }) => when(getValue()), meta: { narrow: true } },
    {
      id: "act",
      header: () => <span className="sr-only">{t("actions")}</span>,
      enableSorting: false,
      meta: { right: true },
      cell: ({ row: { original: key } }) =>
        !key.revoked_at && (
          <span className="-mr-3 inline-flex">
            <Button kind="quiet" onClick={() => setAct({ kind: "rotate", key })}>
              {t("rotate")}
            </Button>
            <Button kind="quiet" onClick={() => setAct({ kind: "revoke", key })}>
              {t("revoke")}
            </Button>
          </span>
        ),
    },
  ];
  const making = <Button onClick={() => setAct({ kind: "make" })}>{t("make_key")}</Button>;
  const title = act?.kind === "make" ? t("make_key") : act ? t(`${act.kind}_title`, { name: act.key.name }) : "";
  return (
    <Section title={t("keys")} actions={making}>
      {!data ? (
        <Pending error={error} />
      ) : data.length === 0 ? (
        <p className="text-muted">{t("keys_none")}</p>
      ) : (
        <Table label={t("keys")} rows={data} columns={columns} searchable={data.length > 10} />
      )}
      <Dialog title={title} open={!!act} onClose={() => setAct(undefined)}>
        {act?.kind === "revoke" && <Revoke application={application} of={act.key} onDone={() => setAct(undefined)} />}
        {act?.kind === "rotate" && <MakeKey application={application} of={act.key} onDone={() => setAct(undefined)} />}
        {act?.kind === "make" && <MakeKey application={application} onDone={() => setAct(undefined)} />}
      </Dialog>
    </Section>
  );
}

/** Makes a key, or one in the place of another; then shows it, once. */
export function MakeKey({ application, of, onDone }: { application: string; of?: Key; onDone: () => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const make = useMutation({
    mutationFn: ({ name, grace }: Record<string, string>) => {
      if (!of) {
        const params = { path: { name: application } };
        return body(api.POST("/api/v1/applications/{name}/credentials", { params, body: { name: name || null } as never }));
      }
      const params = { path: { name: application, credential: of.id } };
      return body(
        api.POST("/api/v1/applications/{name}/credentials/{credential}:rotate", { params, body: { grace } as never }),
      );
    },
    onSuccess: () => queries.invalidateQueries(credentials(application)),
  });
  if (make.data?.secret) {
    return (
      <div className="flex flex-col gap-4">
        <p>{t("key_once")}</p>
        <Code label={t("key")} text={make.data.secret} />
        <Code label=".env" text={`${application.toUpperCase().replaceAll("-", "_")}_KEY=${make.data.secret}`} />
        <div>
          <Button kind="main" onClick={onDone}>
            {t("key_kept")}
          </Button>
        </div>
      </div>
    );
  }
  return (
    <form className="flex flex-col gap-4" onSubmit={(event) => make.mutate(filled(event))}>
      {of ? (
        <Choice label={t("grace")} name="grace" hint={t("grace_hint")} defaultValue="24h">
          {["0s", "1h", "24h", "7d"].map((grace) => (
            <option key={grace} value={grace}>
              {t(`grace_${grace}`)}
            </option>
          ))}
        </Choice>
      ) : (
        <Field label={t("key_name")} name="name" hint={t("key_name_hint")} maxLength={100} autoFocus />
      )}
      <Fault error={make.error} />
      <div className="flex gap-2">
        <Button type="submit" kind="main" busy={make.isPending}>
          {of ? t("rotate") : t("make_key")}
        </Button>
        <Button onClick={onDone}>{t("cancel")}</Button>
      </div>
    </form>
  );
}

function Revoke({ application, of, onDone }: { application: string; of: Key; onDone: () => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const revoke = useMutation({
    mutationFn: () =>
      api.POST("/api/v1/applications/{name}/credentials/{credential}:revoke", {
        params: { path: { name: application, credential: of.id } },
      }),
    onSuccess: async () => {
      await queries.invalidateQueries(credentials(application));
      onDone();
    },
  });
  return (
    <>
      <p>{t("revoke_about", { application })}</p>
      <Fault error={revoke.error} />
      <div className="flex gap-2">
        <Button kind="danger" busy={revoke.isPending} onClick={() => revoke.mutate()}>
          {t("revoke")}
        </Button>
        <Button onClick={onDone}>{t("cancel")}</Button>
      </div>
    </>
  );
}
