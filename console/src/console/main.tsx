// The console: what those see who run the gateway and publish by it.
import { start } from "../start";
import { routes } from "./router";
import { Shell } from "./shell";

await start(routes, Shell);
