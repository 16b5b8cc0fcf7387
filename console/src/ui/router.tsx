// Which page an address is for, and the ways between pages.
//
// A page is a file of its own that is loaded when it is gone to, or when somebody is about to. What
// a page remembers stands in the query of the address.
import {
  type AnchorHTMLAttributes,
  Component,
  type ComponentType,
  type MouseEvent,
  type ReactNode,
  Suspense,
  createContext,
  lazy,
  use,
  useCallback,
  useMemo,
  useSyncExternalStore,
} from "react";
import { facePath } from "../api/client";
import { useTranslation } from "../i18n/use";
import { Pending } from "./page";
import { Button } from "./parts";

export type Search = Record<string, string | boolean | undefined>;
type Load = () => Promise<{ default: ComponentType }>;

/** An address, such as `/services/$name`, with what of its query is known, and the page of it. */
export type Route = { path: string; search?: (raw: Record<string, unknown>) => object; load: Load };
type Made = Route & { Page: ComponentType; pattern: RegExp; names: string[] };
type Match = { route?: Made; params: Record<string, string>; search: object };

/** Where one is to go: a path of the face, or `.` for the page that one is on. */
export type Way = {
  to: string;
  params?: Record<string, string>;
  search?: object | ((now: Record<string, unknown>) => object);
};

const listeners = new Set<() => void>();
const tell = () => {
  for (const listener of listeners) listener();
};
window.addEventListener("popstate", tell);

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => void listeners.delete(listener);
};
const address = () => location.pathname + location.search;

/** The path within the face. */
const pathOf = (pathname: string) => pathname.slice(facePath.length).replace(/\/+$/, "") || "/";

function hrefOf({ to, params = {}, search }: Way) {
  const named = to === "." ? pathOf(location.pathname) : to;
  const path = named.replace(/\$(\w+)/g, (_, name: string) => encodeURIComponent(params[name] ?? ""));
  const now = Object.fromEntries(new URLSearchParams(location.search));
  const wanted = Object.entries(typeof search === "function" ? search(now) : (search ?? {}));
  const query = new URLSearchParams(wanted.filter(([, value]) => value !== undefined).map(([name, value]) => [name, String(value)]));
  return `${facePath}${path}${query.size ? `?${query}` : ""}`;
}

function go(href: string, replace: boolean) {
  const isElsewhere = new URL(href, location.href).pathname !== location.pathname;
  history[replace ? "replaceState" : "pushState"](null, "", href);
  tell();
  if (isElsewhere) scrollTo(0, 0);
}

function make(route: Route): Made {
  const names = [...route.path.matchAll(/\$(\w+)/g)].map(([, name]) => name ?? "");
  const pattern = new RegExp(`^${route.path.replace(/\$\w+/g, "([^/]+)")}$`);
  return { ...route, Page: lazy(route.load), pattern, names };
}

const Routes = createContext<Made[]>([]);

/** All pages of a face, and what is around each of them. */
export function Router({ routes, shell: Shell }: { routes: Route[]; shell: ComponentType }) {
  const made = useMemo(() => routes.map(make), [routes]);
  return (
    <Routes value={made}>
      <Shell />
    </Routes>
  );
}

function useMatch(): Match {
  const routes = use(Routes);
  const at = useSyncExternalStore(subscribe, address);
  return useMemo(() => {
    const { pathname, search } = new URL(at, location.href);
    const raw = Object.fromEntries(new URLSearchParams(search));
    for (const route of routes) {
      const found = route.pattern.exec(pathOf(pathname));
      if (!found) continue;
      const params = Object.fromEntries(route.names.map((name, index) => [name, decoded(found[index + 1] ?? "")]));
      return { route, params, search: route.search?.(raw) ?? {} };
    }
    return { params: {}, search: {} };
  }, [routes, at]);
}

function decoded(text: string) {
  try {
    return decodeURIComponent(text);
  } catch {
    // What cannot be read as an escape is taken as it stands.
    return text;
  }
}

export const usePath = () => pathOf(useSyncExternalStore(subscribe, () => location.pathname));
export const useParams = () => useMatch().params;
export const useSearch = <T extends object>() => useMatch().search as T;

export function useNavigate() {
  return useCallback((way: Way & { replace?: boolean }) => go(hrefOf(way), way.replace === true), []);
}

type LinkProps = Way & Omit<AnchorHTMLAttributes<HTMLAnchorElement>, "href"> & { exact?: boolean; children: ReactNode };

export function Link({ to, params, search, exact, children, ...rest }: LinkProps) {
  const routes = use(Routes);
  useSyncExternalStore(subscribe, address);
  const href = hrefOf({ to, params, search });
  const own = href.split("?")[0] ?? "";
  const isHere = exact ? pathOf(location.pathname) === pathOf(own) : `${location.pathname}/`.startsWith(`${own}/`);
  const follow = (event: MouseEvent<HTMLAnchorElement>) => {
    const isOurs = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
    if (!isOurs || event.defaultPrevented) return;
    event.preventDefault();
    go(href, false);
  };
  // Whoever points at it is about to go there.
  const prepare = () => void routes.find(({ pattern }) => pattern.test(pathOf(own)))?.load().catch(() => undefined);
  return (
    <a
      aria-current={to !== "." && isHere ? "page" : undefined}
      {...rest}
      href={href}
      onClick={follow}
      onPointerEnter={prepare}
      onFocus={prepare}
    >
      {children}
    </a>
  );
}

/** The page that the address is for. */
export function Outlet({ missing: Missing }: { missing: ComponentType }) {
  const { route } = useMatch();
  const path = usePath();
  if (!route) return <Missing />;
  return (
    <Net key={path}>
      <Suspense fallback={<Pending className="px-8" />}>
        <route.Page />
      </Suspense>
    </Net>
  );
}

/** Catches a page that fails, or whose file is gone since the gateway is of another version. */
class Net extends Component<{ children: ReactNode }, { error?: Error }> {
  override state: { error?: Error } = {};
  static getDerivedStateFromError(error: Error) {
    return { error };
  }
  override render() {
    return this.state.error ? <Fallen error={this.state.error} /> : this.props.children;
  }
}

function Fallen({ error }: { error: Error }) {
  const { t } = useTranslation();
  return (
    <div role="alert" className="flex flex-col items-start gap-4 p-8">
      <h1 className="text-lg font-semibold">{t("page_failed")}</h1>
      <p className="text-muted">{error.message}</p>
      <Button onClick={() => location.reload()}>{t("reload")}</Button>
    </div>
  );
}
