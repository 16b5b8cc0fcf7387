// Two pages, one for each face, with what they share apart. Where they are served from is told by
// their <base>, so that everything in them is relative to it.
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const admin = process.env.ARCHITRAVE_ADMIN ?? "http://127.0.0.1:9080";
const portal = process.env.ARCHITRAVE_PORTAL ?? "http://127.0.0.1:9081";

export default defineConfig(({ command }) => ({
  base: "./",
  plugins: [react(), tailwindcss()],
  build: {
    outDir: "dist/pages",
    emptyOutDir: true,
    target: "es2022",
    // Everything is a file: the policy of the pages takes no data: address.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: { input: { console: "console.html", portal: "portal.html" } },
  },
  server: {
    proxy: {
      "/api": { target: process.env.FACE === "portal" ? portal : admin },
      "/openapi.json": { target: process.env.FACE === "portal" ? portal : admin },
    },
  },
  define: { __IS_DEV__: JSON.stringify(command === "serve") },
}));
