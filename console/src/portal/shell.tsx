// What is around every page of the portal.
import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { Link, Outlet, useNavigate, usePath, useSearch } from "../ui/router";
import { AppWindow, Bell, BookOpen, type LucideIcon } from "lucide-react";
import { services, session, unread } from "../api/questions";
import { useTranslation } from "../i18n/use";
import { Account, Looks } from "../people/account";
import { Entrance } from "../people/entrance";
import { Frame } from "../ui/frame";
import { NoPage } from "../ui/no-page";
import { Pending } from "../ui/page";
import { buttonLook } from "../ui/parts";

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
  const isNobody = identity === null;
  const open = useQuery({ ...services, enabled: isNobody, retry: false });
  const { to } = useSearch<{ to?: string }>();
  const navigate = useNavigate();
  useEffect(() => {
    // Whoever has signed in goes on to where they were going, within these pages.
    if (identity && path === "/sign-in") navigate({ to: to?.startsWith("/") ? to : "/", replace: true });
  }, [identity, path, to, navigate]);
  // Who is invited has no session yet.
  if (path.endsWith("/invitation")) return <Outlet missing={NoPage} />;
  if (isPending || error) {
    return (
      <main className="p-8">
        <Pending error={error} />
      </main>
    );
  }
  // Where nothing is public there is nothing to see before.
  const isOpen = path === "/" || path.startsWith("/services/");
  if (!identity && (!isOpen || !!open.error || open.data?.length === 0)) return <Entrance face="portal" />;
  if (!identity && !open.data) {
    return (
      <main className="p-8">
        <Pending />
      </main>
    );
  }
  return (
    <Frame
      word={t("portal")}
      places={places.filter(([to]) => identity || to === "/").map(([to, word, Icon]) => (
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
      account={
        identity ? (
          <Account identity={identity} />
        ) : (
          <div className="flex flex-col gap-3">
            <Link to="/sign-in" search={{ to: path }} className={buttonLook("main")}>
              {t("sign_in")}
            </Link>
            <Looks />
          </div>
        )
      }
    >
      <Outlet missing={NoPage} />
    </Frame>
  );
}
