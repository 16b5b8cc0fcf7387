// Who may sign in, and as what.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "../../../i18n/use";
import { type Schemas, api, apiRoot, body, facePath, tagOf } from "../../../api/client";
import { session, users } from "../../../api/questions";
import { filled } from "../../../people/entrance";
import { Dialog } from "../../../ui/dialog";
import { Pending } from "../../../ui/page";
import { Button, Choice, Code, Fault, Field, State } from "../../../ui/parts";
import { type Column, Table } from "../../../ui/table";

type User = Schemas["UserBody"];

export function Users() {
  const { t } = useTranslation();
  const { data, error } = useQuery(users);
  const { data: me } = useQuery(session);
  const [isInviting, setInviting] = useState(false);
  const [changed, setChanged] = useState<User>();
  if (!data) return <Pending error={error} />;
  const columns: Column<User>[] = [
    { id: "name", header: t("name"), accessorFn: (row) => row.display_name, cell: ({ getValue }) => <span className="font-medium">{getValue()}</span> },
    { id: "email", header: t("email"), accessorFn: (row) => row.email },
    { id: "role", header: t("role"), accessorFn: (row) => t(`role_${row.role ?? "none"}`) },
    { id: "state", header: t("state"), accessorFn: (row) => t(`user_${row.state}`), cell: ({ row, getValue }) => <State shape={row.original.state === "active" ? "good" : row.original.state === "invited" ? "wait" : "calm"}>{getValue()}</State> },
    {
      id: "act",
      header: () => <span className="sr-only">{t("actions")}</span>,
      enableSorting: false,
      meta: { right: true },
      cell: ({ row: { original: user } }) =>
        me?.role === "admin" && (
          <Button kind="edge" onClick={() => setChanged(user)}>
            {t("change")}
          </Button>
        ),
    },
  ];
  return (
    <>
      <Table
        label={t("tab_users")}
        rows={data}
        columns={columns}
        beside={me?.role === "admin" && <Button onClick={() => setInviting(true)}>{t("invite")}</Button>}
      />
      <Dialog title={t("invite")} open={isInviting} onClose={() => setInviting(false)}>
        <Invite onDone={() => setInviting(false)} />
      </Dialog>
      <Dialog title={changed?.display_name ?? ""} open={!!changed} onClose={() => setChanged(undefined)}>
        {changed && <Change user={changed} isMe={me?.id === changed.id} onDone={() => setChanged(undefined)} />}
      </Dialog>
    </>
  );
}

const roles = ["", "auditor", "admin"] as const;

function Role({ value }: { value?: string | null }) {
  const { t } = useTranslation();
  return (
    <Choice label={t("role")} name="role" hint={t("role_hint")} defaultValue={value ?? ""}>
      {roles.map((role) => (
        <option key={role} value={role}>
          {t(`role_${role || "none"}`)}
        </option>
      ))}
    </Choice>
  );
}

function Invite({ onDone }: { onDone: () => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const invite = useMutation({
    mutationFn: ({ role, ...values }: Record<string, string>) =>
      body(api.POST("/api/v1/users", { body: { ...values, role: role || null } as never })),
    onSuccess: () => queries.invalidateQueries(users),
  });
  if (invite.data?.code) return <Invitation of={invite.data} onDone={onDone} />;
  return (
    <form className="flex flex-col gap-4" onSubmit={(event) => invite.mutate(filled(event))}>
      <Field label={t("email")} name="email" type="email" required autoFocus />
      <Field label={t("name")} name="display_name" required />
      <Role />
      <Fault error={invite.error} />
      <div className="flex gap-2">
        <Button type="submit" kind="main" busy={invite.isPending}>
          {t("invite")}
        </Button>
        <Button onClick={onDone}>{t("cancel")}</Button>
      </div>
    </form>
  );
}

/** The way in for somebody, to be given to them: shown once. */
function Invitation({ of, onDone }: { of: Schemas["UserWithCode"]; onDone: () => void }) {
  const { t } = useTranslation();
  const way = `${new URL(facePath, apiRoot).href}/invitation?user=${of.user.id}`;
  return (
    <div className="flex flex-col gap-4">
      <p>{t("invited_about", { name: of.user.display_name })}</p>
      <Code label={t("invited_way")} text={way} />
      <Code label={t("code")} text={of.code ?? ""} />
      <div>
        <Button kind="main" onClick={onDone}>
          {t("invited_kept")}
        </Button>
      </div>
    </div>
  );
}

function Change({ user, isMe, onDone }: { user: User; isMe: boolean; onDone: () => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const params = { path: { user: user.id } };
  const done = async () => {
    await queries.invalidateQueries();
    onDone();
  };
  const save = useMutation({
    mutationFn: ({ display_name, role }: Record<string, string>) => {
      // Only what is different is sent: what the form does not show stays as it is.
      const patch = {
        ...(display_name !== user.display_name ? { display_name } : {}),
        ...((role || null) !== (user.role ?? null) ? { role: role || null } : {}),
      };
      if (Object.keys(patch).length === 0) return Promise.resolve(undefined);
      return api.PATCH("/api/v1/users/{user}", {
        params,
        body: patch as never,
        headers: { "if-match": tagOf(user) },
      });
    },
    onSuccess: done,
  });
  const turn = useMutation({
    mutationFn: () =>
      user.state === "disabled"
        ? api.POST("/api/v1/users/{user}:enable", { params })
        : api.POST("/api/v1/users/{user}:disable", { params }),
    onSuccess: done,
  });
  const reset = useMutation({
    mutationFn: () => body(api.POST("/api/v1/users/{user}:reset_password", { params })),
  });
  if (reset.data?.code) return <Invitation of={reset.data} onDone={onDone} />;
  return (
    <form className="flex flex-col gap-4" onSubmit={(event) => save.mutate(filled(event))}>
      <Field label={t("name")} name="display_name" required defaultValue={user.display_name} />
      <Role value={user.role} />
      <Fault error={save.error ?? turn.error ?? reset.error} />
      <div className="flex flex-wrap gap-2">
        <Button type="submit" kind="main" busy={save.isPending}>
          {t("save")}
        </Button>
        <Button busy={reset.isPending} onClick={() => reset.mutate()}>
          {t("reset_password")}
        </Button>
        {!isMe && (
          <Button kind={user.state === "disabled" ? "plain" : "danger"} busy={turn.isPending} onClick={() => turn.mutate()}>
            {t(user.state === "disabled" ? "enable" : "disable")}
          </Button>
        )}
      </div>
      {!isMe && user.state !== "disabled" && <p className="text-xs text-muted">{t("disable_about")}</p>}
    </form>
  );
}
