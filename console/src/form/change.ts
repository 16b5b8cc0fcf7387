// Changes of objects: made at one place, everything else as it was; told as a merge patch (RFC
// 7396); and put over what somebody else has changed meanwhile.

export type Tree = Record<string, unknown>;

export const isTree = (value: unknown): value is Tree => typeof value === "object" && value !== null && !Array.isArray(value);

/** The same with another value under a key, which stays in its place; `undefined` takes it out. */
export function put(tree: Tree, key: string, value: unknown): Tree {
  if (value !== undefined) return { ...tree, [key]: value };
  return Object.fromEntries(Object.entries(tree).filter(([other]) => other !== key));
}

/** Whether two values say the same. The order of members says nothing, that of lists does. */
export function isSame(one: unknown, other: unknown): boolean {
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((item, at) => isSame(item, other[at]));
  }
  if (isTree(one) && isTree(other)) {
    const keys = Object.keys(one);
    return keys.length === Object.keys(other).length && keys.every((key) => key in other && isSame(one[key], other[key]));
  }
  return Object.is(one, other);
}

/** The merge patch from one object to another: what differs, and nothing else. */
export function patchOf(before: Tree, after: Tree): Tree {
  const patch: Tree = {};
  for (const key of Object.keys(before)) if (!(key in after)) patch[key] = null;
  for (const [key, value] of Object.entries(after)) {
    const was = before[key];
    if (isSame(was, value)) continue;
    // A member that takes the place of another sort of thing, or was not there, is said whole.
    patch[key] = isTree(was) && isTree(value) ? patchOf(was, value) : value;
  }
  return patch;
}

/** Puts a merge patch over an object. */
export function patched(tree: Tree, patch: Tree): Tree {
  let result = tree;
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) result = put(result, key, undefined);
    else if (isTree(value)) result = put(result, key, patched(isTree(tree[key]) ? tree[key] : {}, value));
    else result = put(result, key, value);
  }
  return result;
}

export type Difference = { path: string; was: unknown; is: unknown };

/** What differs, each with its place. */
export function differences(before: Tree, after: Tree, at = ""): Difference[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].flatMap((key) => {
    const [was, is] = [before[key], after[key]];
    const path = at ? `${at}.${key}` : key;
    if (isSame(was, is)) return [];
    return isTree(was) && isTree(is) ? differences(was, is, path) : [{ path, was, is }];
  });
}

export type Merge = { merged: Tree; theirs: Difference[]; clashes: Difference[] };

/** What I changed over what others did meanwhile, and where both changed the same. */
export function merge(base: Tree, mine: Tree, latest: Tree): Merge {
  const theirs = differences(base, latest);
  const own = differences(base, mine);
  const isWithin = (one: string, other: string) => one === other || one.startsWith(`${other}.`);
  const clashes = theirs.filter((their) =>
    own.some((my) => (isWithin(my.path, their.path) || isWithin(their.path, my.path)) && !(my.path === their.path && isSame(my.is, their.is))),
  );
  return { merged: patched(latest, patchOf(base, mine)), theirs, clashes };
}
