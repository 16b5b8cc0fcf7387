// The way to the form of an object.
import { Link } from "../../../ui/router";

export function ObjectLink({ kind, name }: { kind: string; name: string }) {
  return (
    <Link to="/objects/$kind/$name" params={{ kind, name }} className="font-medium break-all hover:underline">
      {name}
    </Link>
  );
}
