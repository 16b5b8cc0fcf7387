// Teams and who is in them.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "../../../i18n/use";
import { type Schemas, api, body } from "../../../api/client";
import { teams } from "../../../api/questions";
import { filled } from "../../../people/entrance";
import { Dialog } from "../../../ui/dialog";
import { Empty, Pending } from "../../../ui/page";
import { Button, Choice, Fault, Field } from "../../../ui/parts";
import { type Column, Table } from "../../../ui/table";

type Team = Schemas["TeamBody"];

export function Teams() {
  const { t } = useTranslation();
  const { data, error } = useQuery(teams);
  const [isMaking, setMaking] = useState(false);
  const [shown, setShown] = useState<Team>();
  if (!data) return <Pending error={error} />;
  const making = <Button onClick={() => setMaking(true)}>{t("make_team")}</Button>;
  const columns: Column<Team>[] = [
    { id: "name", header: t("name"), accessorFn: (row) => row.display_name, cell: ({ getValue }) => <span className="font-medium">{getValue()}</span> },
    { id: "id", header: t("key_name"), accessorFn: (row) => row.name, cell: ({ getValue }) => <code className="font-mono text-[13px]">{getValue()}</code> },
    { id: "about", header: t("about"), accessorFn: (row) => row.description, meta: { narrow: true } },
    {
      id: "act",
      header: () => <span className="sr-only">{t("actions")}</span>,
      enableSorting: false,
      meta: { right: true },
      cell: ({ row }) => (
        <Button kind="edge" onClick={() => setShown(row.original)}>
          {t("members")}
        </Button>
      ),
    },
  ];
  return (
    <>
      {data.length === 0 ? (
        <Empty title={t("teams_none")} action={making}>
          {t("teams_none_about")}
        </Empty>
      ) : (
        <Table label={t("tab_teams")} rows={data} columns={columns} beside={making} />
      )}
      <Dialog title={t("make_team")} open={isMaking} onClose={() => setMaking(false)}>
        <NewTeam onDone={() => setMaking(false)} />
      </Dialog>
      <Dialog title={shown?.display_name ?? ""} open={!!shown} onClose={() => setShown(undefined)}>
        {shown && <Members team={shown.name} />}
      </Dialog>
    </>
  );
}

function NewTeam({ onDone }: { onDone: () => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const make = useMutation({
    mutationFn: ({ display_name, ...values }: Record<string, string>) =>
      api.POST("/api/v1/teams", { body: { ...values, display_name: display_name || null } as never }),
    onSuccess: async () => {
      await queries.invalidateQueries(teams);
      onDone();
    },
  });
  return (
    <form className="flex flex-col gap-4" onSubmit={(event) => make.mutate(filled(event))}>
      <Field label={t("key_name")} hint={t("import_name_hint")} name="name" required autoFocus pattern="[a-z0-9\-]{1,63}" className="font-mono" />
      <Field label={t("name")} name="display_name" />
      <Field label={t("about")} name="description" />
      <Fault error={make.error} />
      <div className="flex gap-2">
        <Button type="submit" kind="main" busy={make.isPending}>
          {t("make")}
        </Button>
        <Button onClick={onDone}>{t("cancel")}</Button>
      </div>
    </form>
  );
}

const ROLES = ["developer", "maintainer", "owner"];

function Members({ team }: { team: string }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const question = {
    queryKey: ["members", team],
    queryFn: async () =>
      (await body(api.GET("/api/v1/teams/{team}/members", { params: { path: { team }, query: { page_size: 200 } } }))).members,
  };
  const { data, error } = useQuery(question);
  const refresh = () => queries.invalidateQueries({ queryKey: question.queryKey });
  const put = useMutation({
    mutationFn: ({ user = "", role }: Record<string, string>) =>
      api.PUT("/api/v1/teams/{team}/members/{user}", { params: { path: { team, user } }, body: { role } as never }),
    onSuccess: refresh,
  });
  const remove = useMutation({
    mutationFn: (user: string) => api.DELETE("/api/v1/teams/{team}/members/{user}", { params: { path: { team, user } } }),
    onSuccess: refresh,
  });
  if (!data) return <Pending error={error} />;
  return (
    <div className="flex flex-col gap-6">
      {data.length === 0 && <p className="text-muted">{t("members_none")}</p>}
      <ul>
        {data.map((one) => (
          <li key={one.user} className="flex items-center justify-between gap-4 border-b border-rule py-1">
            <span className="min-w-0">
              <span className="font-medium">{one.display_name}</span> <span className="break-all text-muted">{one.email}</span>
            </span>
            <span className="flex items-center gap-2">
              {t(`role_${one.role}`)}
              <Button kind="quiet" busy={remove.isPending} onClick={() => remove.mutate(one.user)}>
                {t("remove")}
              </Button>
            </span>
          </li>
        ))}
      </ul>
      <Fault error={remove.error} />
      <form className="flex flex-col gap-4" onSubmit={(event) => put.mutate(filled(event))}>
        <Field label={t("email")} name="user" type="email" required />
        <Choice label={t("role")} name="role" defaultValue="developer">
          {ROLES.map((role) => (
            <option key={role} value={role}>
              {t(`role_${role}`)}
            </option>
          ))}
        </Choice>
        <Fault error={put.error} />
        <div>
          <Button type="submit" busy={put.isPending}>
            {t("add")}
          </Button>
        </div>
      </form>
    </div>
  );
}
