// Every write and sign-in: who, what, when, from where, and what was different.
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "../../../i18n/use";
import { type Schemas, api, apiRoot, body } from "../../../api/client";
import { filled } from "../../../people/entrance";
import { Dialog } from "../../../ui/dialog";
import { when } from "../../../ui/number";
import { Facts, Pending } from "../../../ui/page";
import { Button, Code, Field, buttonLook, cx } from "../../../ui/parts";

type Row = Schemas["AuditRowBody"];

export function Audit() {
  const { t } = useTranslation();
  const [wanted, setWanted] = useState<Record<string, string>>({});
  const [shown, setShown] = useState<Row>();
  const query = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value));
  const { data, error, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: ["audit", query],
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page: { next_page_token?: string | null }) => page.next_page_token ?? undefined,
    queryFn: ({ pageParam }) =>
      body(api.GET("/api/v1/audit", { params: { query: { page_size: 100, page_token: pageParam, ...query } as never } })),
  });
  const rows = data?.pages.flatMap((page) => page.audit) ?? [];
  const head = "px-3 py-2 text-left text-xs font-medium whitespace-nowrap text-muted";
  return (
    <>
      <form
        onSubmit={(event) => setWanted(filled(event))}
        className="grid grid-cols-2 items-end gap-3 md:grid-cols-[1fr_1fr_1fr_auto_auto]"
      >
        <Field label={t("action")} name="action" />
        <Field label={t("kind")} name="kind" />
        <Field label={t("name")} name="name" />
        <Button type="submit">{t("filter")}</Button>
        <a className={buttonLook("plain")} href={`${apiRoot}/api/v1/audit:export?format=csv&${new URLSearchParams(query)}`} download>
          CSV
        </a>
      </form>
      {!data && <Pending error={error} />}
      {data && rows.length === 0 && <p className="text-muted">{t("nothing_fits")}</p>}
      {rows.length > 0 && (
        <div role="region" aria-label={t("tab_audit")} tabIndex={0} className="relative overflow-x-auto">
          <table className="w-full text-sm">
            <thead>
              <tr className="border-b border-edge">
                <th scope="col" className={cx(head, "pl-0")}>{t("at")}</th>
                <th scope="col" className={head}>{t("by")}</th>
                <th scope="col" className={head}>{t("action")}</th>
                <th scope="col" className={head}>{t("name")}</th>
                <th scope="col" className={cx(head, "max-sm:hidden")}>{t("via")}</th>
                <th scope="col" className={cx(head, "max-sm:hidden")}>{t("address")}</th>
                <th scope="col" className={head}>
                  <span className="sr-only">{t("actions")}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={row.id} className="h-10 border-b border-rule hover:bg-wash">
                  <td className="pr-3 whitespace-nowrap text-muted">{when(row.at)}</td>
                  <td className="px-3">{row.actor_name || row.actor}</td>
                  <td className={cx("px-3", row.action === "denied" || row.action.endsWith("_failed") ? "text-clay" : "")}>{row.action}</td>
                  <td className="px-3">{row.name}</td>
                  <td className="px-3 max-sm:hidden">{row.via}</td>
                  <td className="px-3 max-sm:hidden">{row.address}</td>
                  <td className="text-right">
                    <Button kind="edge" onClick={() => setShown(row)}>
                      {t("show")}
                    </Button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {hasNextPage && (
        <div>
          <Button busy={isFetchingNextPage} onClick={() => fetchNextPage()}>
            {t("more")}
          </Button>
        </div>
      )}
      <Dialog drawer title={shown ? `${shown.action} ${shown.name}` : ""} open={!!shown} onClose={() => setShown(undefined)}>
        {shown && (
          <>
            <Facts
              facts={[
                [t("at"), when(shown.at)],
                [t("by"), shown.actor_name || shown.actor],
                [t("owner"), shown.team],
                [t("address"), shown.address],
                [t("request_id"), <code key="id" className="font-mono text-[13px]">{shown.request_id}</code>],
              ]}
            />
            {shown.before && <Code label={t("was")} text={JSON.stringify(shown.before, null, 2)} />}
            {shown.after && <Code label={t("is")} text={JSON.stringify(shown.after, null, 2)} />}
          </>
        )}
      </Dialog>
    </>
  );
}
