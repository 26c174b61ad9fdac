/** Field paths as k8s.io/apimachinery's field.Path writes them; the root is the empty text. */

/** `spec` + `size` → `spec.size`. */
export function memberPath(parent: string, name: string): string {
  return parent === '' ? name : `${parent}.${name}`;
}

/** `spec.list` + 0 → `spec.list[0]`. */
export function itemPath(parent: string, index: number): string {
  return `${parent}[${index}]`;
}

/** `spec.map` + `a` → `spec.map[a]`. */
export function keyPath(parent: string, key: string): string {
  return `${parent}[${key}]`;
}

/** How an error names the field at this path: the root, which has none, is `<nil>`. */
export function fieldName(path: string): string {
  return path === '' ? '<nil>' : path;
}
