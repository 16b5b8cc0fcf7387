// What went through the gateway: the request log, or every exchange as it ends, with filters that
// the address remembers.
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "../../ui/router";
import { type FormEvent, useEffect, useState } from "react";
import { useTranslation } from "../../i18n/use";
import { type Schemas, api, apiRoot, body } from "../../api/client";
import { filled } from "../../people/entrance";
import { clock, duration, when } from "../../ui/number";
import { Empty, Page, Pending } from "../../ui/page";
import { Button, Choice, Field, cx } from "../../ui/parts";

type Exchange = Schemas["RequestBody"];
export type TrafficSearch = {
  live?: boolean;
  service?: string;
  consumer?: string;
  status?: "4" | "5" | "400";
  reason?: string;
};

/** How many are kept on the page while it is watched. */
const KEPT = 200;

const statuses = { "400": [400, 599], "4": [400, 499], "5": [500, 599] } as const;

function asked({ service, consumer, status, reason }: TrafficSearch) {
  const [status_min, status_max] = status ? statuses[status] : [];
  return Object.fromEntries(
    Object.entries({ service, consumer, reason, status_min, status_max }).filter(([, value]) => value !== undefined),
  );
}

export default function Traffic() {
  const { t } = useTranslation();
  const search = useSearch<TrafficSearch>();
  const navigate = useNavigate();
  const go = (change: TrafficSearch) => navigate({ to: "/traffic", search: { ...search, ...change } });
  const narrow = (event: FormEvent<HTMLFormElement>) => {
    const { service, consumer, status, reason } = filled(event);
    const chosen = { service, consumer, status, reason };
    go(Object.fromEntries(Object.entries(chosen).map(([name, value]) => [name, value || undefined])) as TrafficSearch);
  };
  return (
    <Page
      title={t("nav_traffic")}
      about={t(search.live ? "traffic_live_about" : "traffic_about")}
      actions={
        <Button aria-pressed={!!search.live} onClick={() => go({ live: search.live ? undefined : true })}>
          {t(search.live ? "traffic_stop" : "traffic_watch")}
        </Button>
      }
    >
      <form
        key={JSON.stringify(search)}
        onSubmit={narrow}
        className="grid grid-cols-2 items-end gap-3 md:grid-cols-[1fr_1fr_1fr_1fr_auto]"
      >
        <Field label={t("service")} name="service" defaultValue={search.service} />
        <Field label={t("caller")} name="consumer" defaultValue={search.consumer} />
        <Choice label={t("status")} name="status" defaultValue={search.status ?? ""}>
          <option value="">{t("any")}</option>
          <option value="400">{t("status_errors")}</option>
          <option value="4">4xx</option>
          <option value="5">5xx</option>
        </Choice>
        <Field label={t("reason_word")} name="reason" defaultValue={search.reason} />
        <Button type="submit">{t("filter")}</Button>
      </form>
      {search.live ? <Tail key={JSON.stringify(search)} search={search} /> : <Log search={search} />}
    </Page>
  );
}

function Log({ search }: { search: TrafficSearch }) {
  const { t } = useTranslation();
  const { data, error, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: ["requests", search],
    retry: false,
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page: { next_page_token?: string | null }) => page.next_page_token ?? undefined,
    queryFn: ({ pageParam }) => {
      const query = { page_size: 100, page_token: pageParam, ...asked(search) };
      return body(api.GET("/api/v1/requests", { params: { query: query as never } }));
    },
  });
  if (!data) return <Pending error={error} />;
  const rows = data.pages.flatMap((page) => page.requests);
  if (rows.length === 0) {
    return (
      <Empty title={t("traffic_none")} curl={`curl ${apiRoot}/api/v1/requests -H "authorization: Bearer $TOKEN"`}>
        {t("traffic_none_about")}
      </Empty>
    );
  }
  return (
    <>
      <Rows rows={rows} />
      {hasNextPage && (
        <div>
          <Button busy={isFetchingNextPage} onClick={() => fetchNextPage()}>
            {t("more")}
          </Button>
        </div>
      )}
    </>
  );
}

function Tail({ search }: { search: TrafficSearch }) {
  const { t } = useTranslation();
  const [rows, setRows] = useState<Exchange[]>([]);
  const [isOver, setOver] = useState(false);
  useEffect(() => {
    const query = new URLSearchParams(Object.entries(asked(search)).map(([name, value]) => [name, String(value)]));
    const source = new EventSource(`${apiRoot}/api/v1/requests:tail?${query}`);
    let waiting: Exchange[] = [];
    source.addEventListener("request", (event) => waiting.push(JSON.parse(event.data)));
    source.onerror = () => setOver(source.readyState === EventSource.CLOSED);
    // Drawn a few times a second, however many there are.
    const timer = setInterval(() => {
      if (waiting.length === 0) return;
      const latest = waiting.toReversed();
      waiting = [];
      setRows((rows) => [...latest, ...rows].slice(0, KEPT));
    }, 300);
    return () => {
      source.close();
      clearInterval(timer);
    };
  }, [search]);
  return (
    <>
      <p role="status" className="text-muted">
        {isOver ? t("traffic_over") : rows.length === 0 ? t("traffic_waiting") : t("traffic_watching")}
      </p>
      {rows.length > 0 && <Rows rows={rows} />}
    </>
  );
}

function Rows({ rows }: { rows: Exchange[] }) {
  const { t } = useTranslation();
  const head = "px-3 py-2 text-xs font-medium whitespace-nowrap text-muted";
  return (
    <div role="region" aria-label={t("nav_traffic")} tabIndex={0} className="relative overflow-x-auto">
      <table className="w-full text-sm">
        <thead>
          <tr className="border-b border-edge text-left">
            <th scope="col" className={cx(head, "pl-0")}>{t("at")}</th>
            <th scope="col" className={head}>{t("status")}</th>
            <th scope="col" className={head}>{t("request")}</th>
            <th scope="col" className={cx(head, "max-sm:hidden")}>{t("service")}</th>
            <th scope="col" className={cx(head, "max-sm:hidden")}>{t("caller")}</th>
            <th scope="col" className={cx(head, "pr-0 text-right")}>{t("latency")}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => {
            const isWrong = (row.status ?? 0) >= 400 || !!row.reason;
            const what = (
              <>
                <span className="text-muted">{row.method}</span> {row.path}
              </>
            );
            return (
              <tr key={row.id ?? row.request_id} className="h-10 border-b border-rule hover:bg-wash">
                <td className="pr-3 whitespace-nowrap text-muted" title={when(row.at)}>{clock(row.at)}</td>
                <td className={cx("px-3 whitespace-nowrap", isWrong && "font-medium text-clay")}>
                  {row.status ?? "–"}
                  {row.reason && <span className="ml-2 font-normal max-sm:hidden">{row.reason}</span>}
                </td>
                <td className="max-w-md px-3 font-mono text-[13px]">
                  {row.id ? (
                    <Link to="/traffic/$id" params={{ id: row.id }} className="block truncate hover:underline">
                      {what}
                    </Link>
                  ) : (
                    <span className="block truncate">{what}</span>
                  )}
                </td>
                <td className="px-3 max-sm:hidden">{row.service}</td>
                <td className="px-3 max-sm:hidden">{row.consumer}</td>
                <td className="pl-3 text-right whitespace-nowrap">{duration(row.latency_us)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
