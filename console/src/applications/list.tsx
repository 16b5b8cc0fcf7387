// Every application that one may see: who calls, with keys of their own.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "../ui/router";
import { useState } from "react";
import { useTranslation } from "../i18n/use";
import { type Schemas, api, apiRoot } from "../api/client";
import { applications, session, teams } from "../api/questions";
import { filled } from "../people/entrance";
import { Dialog } from "../ui/dialog";
import { when } from "../ui/number";
import { Empty, Page, Pending } from "../ui/page";
import { Button, Choice, Fault, Field } from "../ui/parts";
import { type Column, Table } from "../ui/table";

export default function Applications() {
  const { t } = useTranslation();
  const { data, error } = useQuery(applications);
  const [isOpen, setOpen] = useState(false);
  type Row = Schemas["ApplicationBody"];
  const columns: Column<Row>[] = [
    {
      id: "name",
      header: t("name"),
      accessorFn: (row) => row.name,
      cell: ({ getValue }) => (
        <Link to="/applications/$name" params={{ name: getValue() }} className="font-medium hover:underline">
          {getValue()}
        </Link>
      ),
    },
    { id: "about", header: t("about"), accessorFn: (row) => row.description, meta: { narrow: true } },
    { id: "owner", header: t("owner"), accessorFn: (row) => row.team ?? row.owner ?? "" },
    { id: "since", header: t("since"), accessorFn: (row) => row.created_at ?? "", cell: ({ getValue }) => when(getValue()), meta: { right: true, narrow: true } },
  ];
  const making = (
    <Button kind="main" onClick={() => setOpen(true)}>
      {t("make_application")}
    </Button>
  );
  return (
    <Page title={t("nav_applications")} about={t("applications_about")} actions={!!data?.length && making}>
      {!data ? (
        <Pending error={error} />
      ) : data.length === 0 ? (
        <Empty
          title={t("applications_empty")}
          action={making}
          curl={`curl -X POST ${apiRoot}/api/v1/applications \\\n  -H "authorization: Bearer $TOKEN" -H "content-type: application/json" \\\n  -d '{"name":"my-app"}'`}
        >
          {t("applications_empty_about")}
        </Empty>
      ) : (
        <Table label={t("nav_applications")} rows={data} columns={columns} />
      )}
      <Dialog title={t("make_application")} open={isOpen} onClose={() => setOpen(false)}>
        <NewApplication onDone={() => setOpen(false)} />
      </Dialog>
    </Page>
  );
}

function NewApplication({ onDone }: { onDone: () => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const { data: identity } = useQuery(session);
  const all = useQuery({ ...teams, retry: false });
  const mine = identity?.role === "admin" ? all.data?.map((team) => team.name) : identity?.teams.map((one) => one.team);
  const make = useMutation({
    mutationFn: ({ team, ...values }: Record<string, string>) =>
      api.POST("/api/v1/applications", { params: { query: team ? { team } : {} }, body: values as never }),
    onSuccess: async (_answer, { name }) => {
      await queries.invalidateQueries(applications);
      onDone();
      await navigate({ to: "/applications/$name", params: { name: name ?? "" } });
    },
  });
  return (
    <form className="flex flex-col gap-4" onSubmit={(event) => make.mutate(filled(event))}>
      <Field label={t("name")} hint={t("import_name_hint")} name="name" required autoFocus pattern="[a-z0-9\-]{1,63}" className="font-mono" />
      <Field label={t("about")} name="description" maxLength={1000} />
      <Choice label={t("owner")} name="team">
        <option value="">{t("myself")}</option>
        {mine?.map((team) => (
          <option key={team}>{team}</option>
        ))}
      </Choice>
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
