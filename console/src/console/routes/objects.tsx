// Every object that the configuration has, by kind.
import { useQuery } from "@tanstack/react-query";
import { apiRoot } from "../../api/client";
import { type AnyObject, isOnly, objects, onlyName, pluralOf } from "../../api/objects";
import { objectKinds } from "../../form/schema";
import { useTranslation } from "../../i18n/use";
import { when } from "../../ui/number";
import { Empty, Page, Pending } from "../../ui/page";
import { Choice, buttonLook } from "../../ui/parts";
import { Link, useNavigate, useSearch } from "../../ui/router";
import { type Column, Table } from "../../ui/table";
import { ObjectLink } from "./object/link";

export default function Objects() {
  const { t } = useTranslation();
  const { kind: asked } = useSearch<{ kind?: string }>();
  const kind = asked && objectKinds.includes(asked) ? asked : "route";
  const navigate = useNavigate();
  const { data, error } = useQuery(objects(kind));
  const columns: Column<AnyObject>[] = [
    { id: "name", header: t("name"), accessorFn: (row) => row.name, cell: ({ getValue }) => <ObjectLink kind={kind} name={getValue()} /> },
    { id: "owner", header: t("owner"), accessorFn: (row) => row.team ?? t("platform"), meta: { narrow: true } },
    { id: "origin", header: t("origin"), accessorFn: (row) => t(`origin_${row.origin}`) },
    { id: "changed", header: t("changed"), accessorFn: (row) => row.updated_at ?? "", cell: ({ getValue }) => when(getValue()), meta: { narrow: true, right: true } },
  ];
  const way = isOnly(kind) ? (
    <Link to={data?.length ? "/objects/$kind/$name" : "/new/$kind"} params={{ kind, name: onlyName }} className={buttonLook("main")}>
      {t("policies_all")}
    </Link>
  ) : (
    <Link to="/new/$kind" params={{ kind }} className={buttonLook("main")}>
      {t("new_of_kind", { kind: t(`object_${kind}`) })}
    </Link>
  );
  return (
    <Page title={t("nav_objects")} about={t("objects_about")} actions={data?.length !== 0 && way}>
      <div className="flex max-w-sm flex-col gap-1">
        <Choice label={t("kind")} hint={t(`about_${kind}`)} value={kind} onChange={(event) => navigate({ to: ".", search: { kind: event.target.value } })}>
          {objectKinds.map((one) => (
            <option key={one} value={one}>
              {t(`object_${one}`)}
            </option>
          ))}
        </Choice>
      </div>
      {!data ? (
        <Pending error={error} />
      ) : data.length === 0 ? (
        <Empty title={t("objects_none")} action={way} curl={`curl ${apiRoot}/api/v1/${pluralOf(kind)} -H "authorization: Bearer $TOKEN"`} />
      ) : (
        <Table key={kind} label={t(`object_${kind}`)} rows={data} columns={columns} searchable={data.length > 10} />
      )}
    </Page>
  );
}
