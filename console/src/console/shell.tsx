// What is around every page: who is let in, where one can go, and who one is.
import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, usePath } from "../ui/router";
import { Activity, AppWindow, Blocks, BrainCircuit, ChartLine, House, Inbox, Layers, type LucideIcon, Package, Search, Settings } from "lucide-react";
import { useTranslation } from "../i18n/use";
import { Suspense, lazy, useEffect, useState } from "react";
import { session, subscriptions } from "../api/questions";
import { Account } from "../people/account";
import { Entrance } from "../people/entrance";
import { Frame } from "../ui/frame";
import { NoPage } from "../ui/no-page";
import { Pending } from "../ui/page";

const Palette = lazy(() => import("./palette"));

const places: [string, string, LucideIcon][] = [
  ["/", "nav_home", House],
  ["/services", "nav_services", Blocks],
  ["/models", "nav_models", BrainCircuit],
  ["/products", "nav_products", Package],
  ["/applications", "nav_applications", AppWindow],
  ["/approvals", "nav_approvals", Inbox],
  ["/traffic", "nav_traffic", Activity],
  ["/analytics", "nav_analytics", ChartLine],
  ["/objects", "nav_objects", Layers],
  ["/settings", "nav_settings", Settings],
];

/** What there is without a database: what the running gateway shows. */
const fileAlone = ["/", "/services", "/models"];

export function Shell() {
  const { t } = useTranslation();
  const { data: identity, error, isPending } = useQuery(session);
  const path = usePath();
  const isUser = !!identity && identity.kind !== "loopback";
  const waiting = useQuery({ ...subscriptions({ state: "pending" }), enabled: isUser, retry: false });
  const shown = isUser ? places : places.filter(([to]) => fileAlone.includes(to));
  const [isGoing, setGoing] = useState(false);
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      setGoing(true);
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, []);
  // Who is invited has no session yet.
  if (path.endsWith("/invitation")) return <Outlet missing={NoPage} />;
  if (isPending || error) {
    return (
      <main className="p-8">
        <Pending error={error} />
      </main>
    );
  }
  if (!identity) return <Entrance face="console" />;
  return (
    <Frame
      word="Console"
      places={shown.map(([to, word, Icon]) => (
        <Link
          key={to}
          to={to}
          exact={to === "/"}
          className="flex h-9 items-center gap-3 rounded-md px-3 text-muted hover:bg-wash hover:text-ink aria-[current=page]:bg-wash aria-[current=page]:font-medium aria-[current=page]:text-ink"
        >
          <Icon size={16} aria-hidden />
          {t(word)}
          {to === "/approvals" && !!waiting.data?.length && (
            <span className="ml-auto rounded-sm bg-fired px-1.5 text-xs leading-5 font-medium text-onfired">
              {waiting.data.length}
            </span>
          )}
        </Link>
      ))}
      account={
        <>
          <button
            type="button"
            onClick={() => setGoing(true)}
            className="mb-3 flex h-9 w-full items-center gap-3 rounded-md px-3 text-muted hover:bg-wash hover:text-ink"
          >
            <Search size={16} aria-hidden />
            {t("go_to")}
            <kbd className="ml-auto font-mono text-xs">Ctrl K</kbd>
          </button>
          <Account identity={identity} />
        </>
      }
    >
      {isGoing && (
        <Suspense>
          <Palette places={shown.map(([to, word]) => [to, word])} isUser={isUser} onClose={() => setGoing(false)} />
        </Suspense>
      )}
      <Outlet missing={NoPage} />
    </Frame>
  );
}
