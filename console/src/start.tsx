// How a face begins: its language and theme, what it remembers of answers, and its pages.
import { QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { type ComponentType, StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Refusal } from "./api/client";
import { session } from "./api/questions";
import { startLanguage } from "./i18n/start";
import { startTheme } from "./theme/theme";
import "./theme/tokens.css";
import { type Route, Router } from "./ui/router";

export async function start(routes: Route[], shell: ComponentType) {
  startTheme();
  await startLanguage();
  const queries: QueryClient = new QueryClient({
    queryCache: new QueryCache({
      // A session that is over anywhere is over for the page: it asks who one is, and then to sign in.
      onError: (error) => {
        const isOver = error instanceof Refusal && error.code === "session_invalid";
        if (isOver) void queries.invalidateQueries(session);
      },
    }),
    defaultOptions: {
      queries: {
        staleTime: 10_000,
        // What was refused is refused again; what was not reached may be in a moment.
        retry: (times, error) => times < 2 && !(error instanceof Refusal && error.status > 0),
      },
    },
  });
  createRoot(document.getElementById("root") as HTMLElement).render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <Router routes={routes} shell={shell} />
      </QueryClientProvider>
    </StrictMode>,
  );
}
