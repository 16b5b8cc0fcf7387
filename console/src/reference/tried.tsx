// A reference whose operations can be tried, and whose code has the reader's key once it is there.
import { useState } from "react";
import type { Description } from "./read";
import { Reference } from "./reference";
import { TryIt, gatewayPath } from "./try-it";

export function Tried({ service, description }: { service: string; description: Description }) {
  // In the page alone, and gone with it.
  const [credential, setCredential] = useState("");
  const base = gatewayPath(description.server);
  return (
    <Reference
      description={description}
      base={description.server}
      headers={[["authorization", `Bearer ${credential.trim() || "$KEY"}`]]}
      beside={(operation) => <TryIt service={service} operation={operation} root={description.root} base={base} credential={credential} onCredential={setCredential} />}
    />
  );
}
