// Parts of a page, each with an address of its own.
import { Link } from "./router";

export function Tabs({ label, tabs, current }: { label: string; tabs: [string, string][]; current: string }) {
  return (
    <nav aria-label={label} className="-mb-2 flex gap-6 overflow-x-auto border-b border-rule">
      {tabs.map(([tab, word]) => (
        <Link
          key={tab}
          to="."
          search={{ tab }}
          aria-current={tab === current ? "page" : undefined}
          className="border-b-2 border-transparent py-2 whitespace-nowrap text-muted hover:text-ink aria-[current=page]:border-clay aria-[current=page]:font-medium aria-[current=page]:text-ink"
        >
          {word}
        </Link>
      ))}
    </nav>
  );
}
