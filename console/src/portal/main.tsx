// The portal: what those see who look for services and use them.
import { start } from "../start";
import { routes } from "./router";
import { Shell } from "./shell";

await start(routes, Shell);
