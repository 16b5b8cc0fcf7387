// What the address of a page remembers of a list on it.

export type ListSearch = { q?: string; sort?: string };

export const listSearch = (search: Record<string, unknown>): ListSearch => ({
  ...(typeof search.q === "string" && search.q ? { q: search.q } : {}),
  ...(typeof search.sort === "string" && search.sort ? { sort: search.sort } : {}),
});
