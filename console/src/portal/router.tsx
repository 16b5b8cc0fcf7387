// Every page of the portal and its address.
import { invitationSearch } from "../people/search";
import type { Route } from "../ui/router";
import { listSearch } from "../ui/search";

export const routes: Route[] = [
  { path: "/", search: listSearch, load: () => import("./routes/catalogue") },
  { path: "/services/$name", load: () => import("./routes/service") },
  { path: "/applications", search: listSearch, load: () => import("../applications/list") },
  { path: "/applications/$name", load: () => import("../applications/page") },
  { path: "/notifications", load: () => import("./routes/notifications") },
  { path: "/sign-in", search: ({ to }) => ({ to: typeof to === "string" ? to : undefined }), load: () => import("./routes/catalogue") },
  { path: "/invitation", search: invitationSearch, load: () => import("../people/invitation") },
];
