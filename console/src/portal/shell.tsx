// What is around every page of the portal.
import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, usePath } from "../ui/router";
import { AppWindow, Bell, BookOpen, type LucideIcon } from "lucide-react";
import { session, unread } from "../api/questions";
import { useTranslation } from "../i18n/use";
import { Account } from "../people/account";
import { Entrance } from "../people/entrance";
import { Frame } from "../ui/frame";
import { NoPage } from "../ui/no-page";
import { Pending } from "../ui/page";

const places: [string, string, LucideIcon][] = [
  ["/", "nav_catalogue", BookOpen],
  ["/applications", "nav_my_applications", AppWindow],
  ["/notifications", "nav_notifications", Bell],
];

export function Shell() {
  const { t } = useTranslation();
  const { data: identity, error, isPending } = useQuery(session);
  const path = usePath();
  const waiting = useQuery({ ...unread, enabled: !!identity });
  // Who is invited has no session yet.
  if (path.endsWith("/invitation")) return <Outlet missing={NoPage} />;
  if (isPending || error) {
    return (
      <main className="p-8">
        <Pending error={error} />
      </main>
    );
  }
  if (!identity) return <Entrance face="portal" />;
  return (
    <Frame
      word={t("portal")}
      places={places.map(([to, word, Icon]) => (
        <Link
          key={to}
          to={to}
          exact={to === "/"}
          className="flex h-9 items-center gap-3 rounded-md px-3 text-muted hover:bg-wash hover:text-ink aria-[current=page]:bg-wash aria-[current=page]:font-medium aria-[current=page]:text-ink"
        >
          <Icon size={16} aria-hidden />
          {t(word)}
          {to === "/notifications" && !!waiting.data?.length && (
            <span className="ml-auto rounded-sm bg-fired px-1.5 text-xs leading-5 font-medium text-onfired">
              {waiting.data.length}
            </span>
          )}
        </Link>
      ))}
      account={<Account identity={identity} />}
    >
      <Outlet missing={NoPage} />
    </Frame>
  );
}
