// What one is told of what others have done.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api } from "../../api/client";
import { notifications } from "../../api/questions";
import { useTranslation } from "../../i18n/use";
import { when } from "../../ui/number";
import { Empty, Page, Pending } from "../../ui/page";
import { Button, State } from "../../ui/parts";

export default function Notifications() {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const { data, error } = useQuery(notifications);
  const read = useMutation({
    mutationFn: (ids: string[]) =>
      Promise.all(ids.map((notification) => api.POST("/api/v1/notifications/{notification}:read", { params: { path: { notification } } }))),
    onSettled: () => queries.invalidateQueries({ queryKey: ["notifications"] }),
  });
  const latest = data?.toReversed();
  const fresh = data?.filter((one) => !one.read_at).map((one) => one.id) ?? [];
  return (
    <Page
      title={t("nav_notifications")}
      actions={
        fresh.length > 0 && (
          <Button busy={read.isPending} onClick={() => read.mutate(fresh)}>
            {t("read_all")}
          </Button>
        )
      }
    >
      {!latest ? (
        <Pending error={error} />
      ) : latest.length === 0 ? (
        <Empty title={t("notifications_none")}>{t("notifications_none_about")}</Empty>
      ) : (
        <ul className="border-t border-rule">
          {latest.map((one) => (
            <li key={one.id} className="flex flex-wrap items-baseline justify-between gap-4 border-b border-rule py-3">
              <State shape={one.read_at ? "calm" : "wait"}>
                <span className={one.read_at ? "whitespace-normal text-muted" : "font-medium whitespace-normal"}>{one.message}</span>
              </State>
              <span className="text-xs text-muted">{when(one.created_at)}</span>
            </li>
          ))}
        </ul>
      )}
    </Page>
  );
}
