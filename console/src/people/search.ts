// What the address of an invitation remembers.

export const invitationSearch = (search: Record<string, unknown>): { user?: string } =>
  typeof search.user === "string" ? { user: search.user } : {};
