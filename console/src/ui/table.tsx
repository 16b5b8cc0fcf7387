// Lists: sorted by a click, filtered by a word, and long ones drawn only where they are looked at.
// What was asked of a list is in the address of the page.
import { useNavigate, useSearch } from "./router";
import {
  type ColumnDef,
  type SortingState,
  flexRender,
  getCoreRowModel,
  getFilteredRowModel,
  getSortedRowModel,
  useReactTable,
} from "@tanstack/react-table";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown, ArrowUp } from "lucide-react";
import { type ReactNode, useLayoutEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "../i18n/use";
import { cx, inputLook } from "./parts";
import type { ListSearch } from "./search";

export type Column<Row> = ColumnDef<Row, any> & { meta?: { right?: boolean; narrow?: boolean } };

const ROW = 44;
/** Longer lists are drawn in part. */
const WHOLE_MAX = 200;

export function Table<Row>({
  label,
  rows,
  columns,
  searchable = true,
  beside,
}: {
  label: string;
  rows: Row[];
  columns: Column<Row>[];
  searchable?: boolean;
  beside?: ReactNode;
}) {
  const { t } = useTranslation();
  const search = useSearch<ListSearch>();
  const navigate = useNavigate();
  const [word, setWord] = useState(search.q ?? "");
  const sorting = useMemo<SortingState>(
    () => (search.sort ? [{ id: search.sort.replace(/^-/, ""), desc: search.sort.startsWith("-") }] : []),
    [search.sort],
  );
  const keep = (change: ListSearch) =>
    navigate({ to: ".", search: (now) => ({ ...now, ...change }), replace: true });
  // Words of another language are read from rows that are new.
  // oxlint-disable-next-line react-hooks/exhaustive-deps
  const data = useMemo(() => [...rows], [rows, t]);
  const table = useReactTable({
    data,
    columns,
    state: { sorting, globalFilter: word },
    globalFilterFn: "includesString",
    // There are no pages to go back to the first of.
    autoResetPageIndex: false,
    onSortingChange: (next) => {
      const [first] = typeof next === "function" ? next(sorting) : next;
      keep({ sort: first ? `${first.desc ? "-" : ""}${first.id}` : undefined });
    },
    onGlobalFilterChange: setWord,
    getCoreRowModel: getCoreRowModel(),
    getSortedRowModel: getSortedRowModel(),
    getFilteredRowModel: getFilteredRowModel(),
  });
  const all = table.getRowModel().rows;
  const isLong = all.length > WHOLE_MAX;
  const top = useRef<HTMLDivElement>(null);
  const [offset, setOffset] = useState(0);
  useLayoutEffect(() => {
    setOffset((top.current?.getBoundingClientRect().top ?? 0) + window.scrollY);
  }, []);
  const virtual = useWindowVirtualizer({
    count: isLong ? all.length : 0,
    estimateSize: () => ROW,
    overscan: 12,
    scrollMargin: offset,
  });
  const items = virtual.getVirtualItems();
  const before = isLong ? (items[0]?.start ?? offset) - offset : 0;
  const after = isLong ? virtual.getTotalSize() - ((items.at(-1)?.end ?? offset) - offset) : 0;
  const shown = isLong ? items.map((item) => all[item.index]!) : all;

  return (
    <div className="flex flex-col gap-3">
      {(searchable || beside) && (
        <div className="flex flex-wrap items-center gap-3">
          {searchable && (
            <input
              type="search"
              aria-label={t("filter")}
              placeholder={t("filter")}
              value={word}
              onChange={(event) => {
                setWord(event.target.value);
                keep({ q: event.target.value || undefined });
              }}
              className={cx(inputLook, "max-w-64")}
            />
          )}
          {beside}
          <span className="ml-auto text-xs text-muted" aria-live="polite">
            {t("rows", { count: all.length })}
          </span>
        </div>
      )}
      {/* Where it is wider than the window it scrolls by itself, which the keyboard must reach. */}
      <div ref={top} role="region" aria-label={label} tabIndex={0} className="relative overflow-x-auto">
        <table className="w-full border-collapse text-sm">
          <thead>
            {table.getHeaderGroups().map((group) => (
              <tr key={group.id} className="border-b border-edge text-left">
                {group.headers.map((header) => {
                  const sorted = header.column.getIsSorted();
                  const meta = header.column.columnDef.meta as Column<Row>["meta"];
                  const title = flexRender(header.column.columnDef.header, header.getContext());
                  const isSortable = header.column.getCanSort() && header.column.columnDef.header;
                  return (
                    <th
                      key={header.id}
                      scope="col"
                      aria-sort={
                        sorted === "asc" ? "ascending" : sorted === "desc" ? "descending" : undefined
                      }
                      className={cx(
                        "px-3 py-2 text-xs font-medium whitespace-nowrap text-muted first:pl-0 last:pr-0",
                        meta?.right && "text-right",
                        meta?.narrow && "max-sm:hidden",
                      )}
                    >
                      {isSortable ? (
                        <button
                          type="button"
                          onClick={header.column.getToggleSortingHandler()}
                          className="inline-flex items-center gap-1 rounded-sm hover:text-ink"
                        >
                          {title}
                          {sorted === "asc" && <ArrowUp size={12} aria-hidden />}
                          {sorted === "desc" && <ArrowDown size={12} aria-hidden />}
                        </button>
                      ) : (
                        title
                      )}
                    </th>
                  );
                })}
              </tr>
            ))}
          </thead>
          <tbody>
            {before > 0 && <tr style={{ height: before }} aria-hidden><td /></tr>}
            {shown.map((row) => (
              <tr key={row.id} className="border-b border-rule hover:bg-wash" style={{ height: ROW }}>
                {row.getVisibleCells().map((cell) => {
                  const meta = cell.column.columnDef.meta as Column<Row>["meta"];
                  return (
                    <td
                      key={cell.id}
                      className={cx(
                        "px-3 py-2 align-middle first:pl-0 last:pr-0",
                        meta?.right && "text-right",
                        meta?.narrow && "max-sm:hidden",
                      )}
                    >
                      {flexRender(cell.column.columnDef.cell, cell.getContext())}
                    </td>
                  );
                })}
              </tr>
            ))}
            {after > 0 && <tr style={{ height: after }} aria-hidden><td /></tr>}
          </tbody>
        </table>
        {all.length === 0 && <p className="py-6 text-muted">{t("nothing_fits")}</p>}
      </div>
    </div>
  );
}
